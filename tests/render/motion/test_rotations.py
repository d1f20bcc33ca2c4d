from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from render import rotations as rot

NUMBERS = st.floats(-3, 3, allow_nan=False, width=32)
VECTORS = arrays(float, 3, elements=NUMBERS)
ROTVECS = VECTORS.map(lambda v: v * min(1.0, 3.1 / max(np.linalg.norm(v), 1e-9)))
QUATERNIONS = ROTVECS.map(rot.exp)
DIRECTIONS = VECTORS.filter(lambda v: np.linalg.norm(v) > 0.1).map(rot.normalised)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two quaternions are one rotation."""
    return bool(np.all(rot.angle(rot.mul(rot.inverse(a), b)) < 1e-5))


@given(QUATERNIONS, QUATERNIONS, VECTORS)
def test_a_product_turns_by_the_right_factor_first(a: np.ndarray, b: np.ndarray, v: np.ndarray) -> None:
    np.testing.assert_allclose(rot.rotate(rot.mul(a, b), v), rot.rotate(a, rot.rotate(b, v)), atol=1e-9)


@given(QUATERNIONS, VECTORS)
def test_the_matrix_turns_as_the_quaternion_does(q: np.ndarray, v: np.ndarray) -> None:
    np.testing.assert_allclose(rot.to_matrix(q) @ v, rot.rotate(q, v), atol=1e-9)


@given(QUATERNIONS)
def test_matrix_and_back_is_the_same_rotation(q: np.ndarray) -> None:
    assert same(rot.from_matrix(rot.to_matrix(q)), q)


@given(ROTVECS)
def test_log_undoes_exp(v: np.ndarray) -> None:
    np.testing.assert_allclose(rot.log(rot.exp(v)), v, atol=1e-6)


@given(DIRECTIONS, DIRECTIONS)
def test_between_takes_one_direction_to_the_other(u: np.ndarray, v: np.ndarray) -> None:
    np.testing.assert_allclose(rot.rotate(rot.between(u, v), u), v, atol=1e-4)


def test_between_opposite_directions_is_a_half_turn() -> None:
    np.testing.assert_allclose(rot.rotate(rot.between(rot.X, -rot.X), rot.X), -rot.X, atol=1e-9)


@given(QUATERNIONS, DIRECTIONS)
def test_swing_and_twist_make_the_rotation(q: np.ndarray, axis: np.ndarray) -> None:
    swing, twist = rot.swing_twist(q, axis)
    assert same(rot.mul(swing, twist), q)
    np.testing.assert_allclose(rot.rotate(twist, axis), axis, atol=1e-6)
    assert abs(swing[1:] @ axis) < 1e-6


@given(QUATERNIONS, QUATERNIONS, st.floats(0, 1))
def test_slerp_moves_by_its_share_of_the_angle(a: np.ndarray, b: np.ndarray, w: float) -> None:
    whole = rot.angle(rot.mul(rot.inverse(a), b))
    part = rot.angle(rot.mul(rot.inverse(a), rot.slerp(a, b, w)))
    np.testing.assert_allclose(part, w * whole, atol=1e-6)


@given(QUATERNIONS, VECTORS)
def test_the_mirror_image_turns_mirrored_vectors(q: np.ndarray, v: np.ndarray) -> None:
    flip = np.array([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(rot.rotate(rot.mirrored(q), v * flip), rot.rotate(q, v) * flip, atol=1e-9)


@given(DIRECTIONS, DIRECTIONS)
def test_from_axes_points_x_and_leans_z(x: np.ndarray, z: np.ndarray) -> None:
    if np.linalg.norm(np.cross(x, z)) < 1e-2:
        return
    q = rot.from_axes(x, z)
    np.testing.assert_allclose(rot.rotate(q, rot.X), x, atol=1e-6)
    assert rot.rotate(q, rot.Z) @ z > 0


def test_continuous_keeps_neighbours_in_one_hemisphere() -> None:
    path = rot.about_z(np.linspace(0, 20, 200)) * np.where(np.arange(200) % 3, 1.0, -1.0)[:, None]
    smooth = rot.continuous(path)
    assert np.all(np.sum(smooth[1:] * smooth[:-1], axis=-1) > 0)
    assert same(smooth, path)
