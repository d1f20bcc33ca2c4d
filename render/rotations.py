"""Rotations as unit quaternions, `wxyz`, in numpy; every function works on any leading shape (..., 4).

`mul(a, b)` turns by b first, then by a, in the parent's frame. Angles are radians.
"""

from __future__ import annotations

import numpy as np

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
X, Y, Z = np.eye(3)


def mul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton product (..., 4): b first, then a."""
    aw, ax, ay, az = np.moveaxis(np.asarray(a), -1, 0)
    bw, bx, by, bz = np.moveaxis(np.asarray(b), -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def inverse(q: np.ndarray) -> np.ndarray:
    """The conjugate, which is the inverse of a unit quaternion."""
    return np.asarray(q) * np.array([1.0, -1.0, -1.0, -1.0])


def normalised(q: np.ndarray) -> np.ndarray:
    """Vectors of the last axis scaled to length 1."""
    q = np.asarray(q, dtype=float)
    return q / np.linalg.norm(q, axis=-1, keepdims=True)


def rotate(q: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Turn vectors v (..., 3) by q (..., 4)."""
    q = np.asarray(q)
    w, u = q[..., :1], q[..., 1:]
    t = 2.0 * cross(u, v)
    return v + w * t + cross(u, t)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross product of (..., 3) arrays that broadcast (faster than `np.cross` on small arrays)."""
    ax, ay, az = np.moveaxis(np.asarray(a), -1, 0)
    bx, by, bz = np.moveaxis(np.asarray(b), -1, 0)
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def from_axis_angle(axis: np.ndarray, angle: np.ndarray | float) -> np.ndarray:
    """Turn by `angle` (...) about unit vectors `axis` (..., 3)."""
    half = 0.5 * np.asarray(angle, dtype=float)[..., None]
    xyz = np.sin(half) * np.asarray(axis)
    return np.concatenate([np.broadcast_to(np.cos(half), (*xyz.shape[:-1], 1)), xyz], axis=-1)


def about_x(angle: np.ndarray | float) -> np.ndarray:
    """Turn about the x axis."""
    return from_axis_angle(X, angle)


def about_y(angle: np.ndarray | float) -> np.ndarray:
    """Turn about the y axis."""
    return from_axis_angle(Y, angle)


def about_z(angle: np.ndarray | float) -> np.ndarray:
    """Turn about the z axis."""
    return from_axis_angle(Z, angle)


def exp(rotvec: np.ndarray) -> np.ndarray:
    """Rotation vectors (..., 3), axis × angle, to quaternions."""
    rotvec = np.asarray(rotvec, dtype=float)
    angle = np.linalg.norm(rotvec, axis=-1, keepdims=True)
    return np.concatenate([np.cos(0.5 * angle), 0.5 * np.sinc(angle / (2 * np.pi)) * rotvec], axis=-1)


def log(q: np.ndarray) -> np.ndarray:
    """Quaternions to rotation vectors (..., 3) of length ≤ π: the short way round."""
    q = np.where(np.asarray(q)[..., :1] < 0, -np.asarray(q), q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, q[..., :1])
    return q[..., 1:] * np.where(sine > 1e-9, angle / np.where(sine > 1e-9, sine, 1.0), 2.0)


def angle(q: np.ndarray) -> np.ndarray:
    """Angle (...) of a rotation, 0 to π."""
    q = np.asarray(q)
    return 2.0 * np.arctan2(np.linalg.norm(q[..., 1:], axis=-1), np.abs(q[..., 0]))


def power(q: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """The `share` of a rotation: 0 nothing, 1 all of it."""
    return exp(log(q) * np.asarray(share, dtype=float)[..., None])


def slerp(a: np.ndarray, b: np.ndarray, weight: np.ndarray | float) -> np.ndarray:
    """From a (weight 0) to b (weight 1) the short way at constant speed."""
    return normalised(mul(a, power(mul(inverse(a), b), weight)))


def nlerp(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Like `slerp`, cheaper, with speed that varies a little: for cross-fades. weight: (...)."""
    weight = np.asarray(weight, dtype=float)[..., None]
    dot = np.sum(a * b, axis=-1, keepdims=True)
    return normalised((1 - weight) * a + weight * np.where(dot < 0, -b, b))


def between(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Shortest rotation that takes direction u to direction v (..., 3). Opposite vectors: about any
    normal."""
    u, v = normalised(u), normalised(v)
    dot = np.sum(u * v, axis=-1, keepdims=True)
    q = np.concatenate([1.0 + dot, cross(u, v)], axis=-1)
    other = np.where(np.abs(u[..., :1]) < 0.9, X, Y)
    flip = np.concatenate([np.zeros_like(dot), normalised(cross(u, other))], axis=-1)
    return normalised(np.where(dot > -1 + 1e-9, q, flip))


def to_matrix(q: np.ndarray) -> np.ndarray:
    """(..., 3, 3) rotation matrices, columns the images of x, y, z."""
    return np.stack([rotate(q, axis) for axis in (X, Y, Z)], axis=-1)


def from_matrix(matrix: np.ndarray) -> np.ndarray:
    """(..., 3, 3) rotation matrices to quaternions with w ≥ 0 (Shepperd's method, without branches)."""
    m = np.asarray(matrix, dtype=float)
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    a, b, c = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    d, e, f = m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]
    rows = np.stack(
        [
            np.stack([1 + xx + yy + zz, a, b, c], axis=-1),
            np.stack([a, 1 + xx - yy - zz, d, e], axis=-1),
            np.stack([b, d, 1 - xx + yy - zz, f], axis=-1),
            np.stack([c, e, f, 1 - xx - yy + zz], axis=-1),
        ],
        axis=-2,
    )
    best = np.argmax(np.diagonal(rows, axis1=-2, axis2=-1), axis=-1)
    q = normalised(np.take_along_axis(rows, best[..., None, None], axis=-2)[..., 0, :])
    return np.where(q[..., :1] < 0, -q, q)


def from_axes(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Rotation whose x axis is x and whose z axis is z made orthogonal to x; (..., 3) each."""
    x = normalised(x)
    z = normalised(z - x * np.sum(x * z, axis=-1, keepdims=True))
    return from_matrix(np.stack([x, cross(z, x), z], axis=-1))


def swing_twist(q: np.ndarray, axis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split q = swing · twist, the twist about unit `axis` (..., 3), the swing about a normal of it.

    A swing of π has no defined twist; then the twist is none.
    """
    q = np.asarray(q)
    along = np.sum(q[..., 1:] * axis, axis=-1, keepdims=True)
    twist = np.concatenate([q[..., :1], along * axis], axis=-1)
    size = np.linalg.norm(twist, axis=-1, keepdims=True)
    twist = np.where(size > 1e-9, twist / np.where(size > 1e-9, size, 1.0), IDENTITY)
    return mul(q, inverse(twist)), twist


def mirrored(q: np.ndarray) -> np.ndarray:
    """The rotation as seen in a mirror at x = 0: left becomes right."""
    return np.asarray(q) * np.array([1.0, 1.0, -1.0, -1.0])


def continuous(q: np.ndarray) -> np.ndarray:
    """(T, ..., 4) with signs such that neighbours in time lie in one hemisphere."""
    q = np.asarray(q)
    flips = np.where(np.sum(q[1:] * q[:-1], axis=-1, keepdims=True) < 0, -1.0, 1.0)
    return np.concatenate([q[:1], q[1:] * np.cumprod(flips, axis=0)], axis=0)
