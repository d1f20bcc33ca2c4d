"""Cameras hold what they must hold, whatever the bodies, the format and the way of moving."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionpair.catalog import CAMERA_KINDS
from motionpair.specs import Camera
from render.cameras import FOLLOWING, LOWEST, solve

FRAMES, FPS = 9, 16
SIZES = [(256, 448), (448, 256), (512, 512)]


def a_camera(kind="static", framing="full_body", **changes):
    usual = Camera(
        kind,
        framing,
        azimuth=0.3,
        elevation=0.1,
        focal_mm=45.0,
        margin=0.06,
        move=0.3,
        shake=1.0,
        seed=5,
    )
    return dataclasses.replace(usual, **changes)


def a_moving_box(size, start, end):
    """The corners (T, 8, 3) of a box that stands on the ground and moves from `start` to `end`."""
    corners = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0, 1)]) * size
    way = np.linspace(0, 1, FRAMES)[:, None] * (np.array(end) - start) + start
    return corners + np.pad(way, ((0, 0), (0, 1)))[:, None]


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(CAMERA_KINDS),
    size=st.tuples(st.floats(0.2, 2.5), st.floats(0.2, 2.5), st.floats(0.3, 2.2)),
    start=st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
    end=st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
    azimuth=st.floats(-3.2, 3.2),
    elevation=st.floats(-0.5, 0.9),
    focal=st.floats(20, 100),
    margin=st.floats(0, 0.2),
    shake=st.floats(0, 2),
    picture=st.sampled_from(SIZES),
)
def test_a_full_body_camera_keeps_every_body_inside_the_margin(
    kind, size, start, end, azimuth, elevation, focal, margin, shake, picture
):
    width, height = picture
    body = a_moving_box(size, start, end)
    camera = a_camera(
        kind,
        azimuth=azimuth,
        elevation=elevation,
        focal_mm=focal,
        margin=margin,
        shake=shake,
        move=0.6,
    )
    track = solve(camera, [body[:, :4], body[:, 4:]], body, width, height, FRAMES, FPS)
    pixels, depth = track.project(body)
    assert depth.min() > 0.2
    assert track.position[:, 2].min() >= LOWEST
    slack = 1e-6 * height
    assert pixels.min(axis=(0, 1))[0] >= margin * width - slack
    assert pixels.min(axis=(0, 1))[1] >= margin * height - slack
    assert pixels.max(axis=(0, 1))[0] <= (1 - margin) * width + slack
    assert pixels.max(axis=(0, 1))[1] <= (1 - margin) * height + slack
    np.testing.assert_allclose(
        track.rotation @ track.rotation.transpose(0, 2, 1),
        np.broadcast_to(np.eye(3), (FRAMES, 3, 3)),
        atol=1e-9,
    )


@pytest.mark.parametrize("picture", SIZES)
def test_a_full_body_camera_is_no_further_than_it_has_to_be(picture):
    body = a_moving_box((0.8, 0.4, 1.7), (0, 0), (0.3, 0))
    pixels, _ = solve(a_camera(), [body], body, *picture, FRAMES, FPS).project(body)
    free = np.minimum(pixels.min(axis=(0, 1)) / picture, 1 - pixels.max(axis=(0, 1)) / picture)
    assert free.min() == pytest.approx(0.06, abs=1e-6)


@pytest.mark.parametrize("picture", SIZES)
@pytest.mark.parametrize("kind", CAMERA_KINDS)
def test_a_close_up_shows_the_face_large_and_in_the_upper_half(kind, picture):
    rng = np.random.default_rng(1)
    face = rng.uniform((-0.08, -0.1, 1.5), (0.08, 0.05, 1.72), (FRAMES, 60, 3))
    body = a_moving_box((0.6, 0.4, 1.75), (0, 0), (0, 0))
    camera = a_camera(kind, "close_up", focal_mm=70.0)
    pixels, _ = solve(camera, [body], face, *picture, FRAMES, FPS).project(face)
    share = np.ptp(pixels[..., 1], axis=1) / picture[1]
    assert share.min() > 0.2
    assert share.max() < 0.4
    assert (pixels.min(axis=(0, 1)) > 0).all()
    assert (pixels.max(axis=(0, 1)) < picture).all()
    assert pixels[..., 1].mean() < 0.45 * picture[1]


def test_azimuth_zero_faces_a_character_and_elevation_looks_down():
    body = a_moving_box((0.6, 0.4, 1.7), (0, 0), (0, 0))

    def place(**changes):
        return solve(a_camera(**changes), [body], body, 256, 448, FRAMES, FPS).position[0]

    front, left, above = place(azimuth=0.0), place(azimuth=np.pi / 2), place(elevation=0.5)
    assert front[1] < -1
    assert abs(front[0]) < 1e-9
    assert left[0] > 1
    assert above[2] > front[2] > 0


def test_a_static_camera_stands_still_and_the_others_move_smoothly():
    body = a_moving_box((0.6, 0.4, 1.7), (0, 0), (0, 0))

    def steps(kind):
        track = solve(a_camera(kind), [body], body, 256, 448, FRAMES, FPS)
        turned = np.einsum("tij,tij->t", track.rotation[1:], track.rotation[:-1])
        angles = np.degrees(np.arccos(np.clip((turned - 1) / 2, -1, 1)))
        return np.linalg.norm(np.diff(track.position, axis=0), axis=1), angles

    still, _ = steps("static")
    assert still.max() == 0
    stays, turns = steps("pan")
    assert stays.max() < 1e-12
    assert turns.min() > 0
    assert turns.max() < 1.5
    comes, looks = steps("dolly")
    assert comes.min() > 0
    assert comes.max() < 0.2
    assert looks.max() < 1e-4
    for kind in ("orbit", "handheld"):
        moved, turned = steps(kind)
        assert 0 < moved.max() < 0.08
        assert 0 < turned.max() < 1.5


def test_cameras_move_the_way_their_sign_says():
    body = a_moving_box((0.6, 0.4, 1.7), (0, 0), (0, 0))
    points = body.mean(axis=1, keepdims=True)

    def film(kind, move):
        track = solve(a_camera(kind, move=move), [body], body, 256, 448, FRAMES, FPS)
        pixels, depth = track.project(points)
        return track, pixels[:, 0], depth[:, 0]

    _right, seen, _ = film("pan", 0.3)
    assert (np.diff(seen[:, 0]) < 0).all()  # what the camera turns past goes the other way
    seconds = (FRAMES - 1) / FPS
    assert seen[0, 0] - seen[-1, 0] == pytest.approx(0.3 * seconds * 256, rel=0.05)
    _, _, depth = film("dolly", 0.3)
    np.testing.assert_allclose(depth[1:] / depth[:-1], np.exp(-0.3 / FPS), rtol=1e-6)
    track, _, depth = film("zoom", -0.3)
    np.testing.assert_allclose(track.focal[1:] / track.focal[:-1], np.exp(-0.3 / FPS))
    np.testing.assert_allclose(depth, depth[0])
    assert track.focal[FRAMES // 2] == pytest.approx(45 / 36 * 448)


@pytest.mark.parametrize("kind", CAMERA_KINDS)
def test_some_cameras_go_along_with_bodies_that_travel(kind):
    body = a_moving_box((0.6, 0.4, 1.7), (-2, 0), (2, 0))
    track = solve(a_camera(kind, azimuth=0.0, move=0.0, shake=0.0), [body], body, 448, 256, FRAMES, FPS)
    gone = track.position[-1] - track.position[0]
    pixels, _ = track.project(body)
    if kind in FOLLOWING:
        np.testing.assert_allclose(gone, (4, 0, 0), atol=1e-9)
        assert np.ptp(pixels[0, :, 1]) > 0.8 * 256
    else:
        np.testing.assert_allclose(gone, 0, atol=1e-9)
        assert np.ptp(pixels[0, :, 1]) < 0.6 * 256


def test_a_lens_with_an_aperture_is_focused_on_the_faces():
    body = a_moving_box((0.6, 0.4, 1.7), (0, 0), (0.4, -0.6))
    faces = body[:, 4:] - (0, 0, 0.1)
    track = solve(a_camera("dolly", f_stop=2.0), [body], faces, 256, 448, FRAMES, FPS)
    _, depth = track.project(faces.mean(axis=1, keepdims=True))
    np.testing.assert_allclose(track.focus, depth[:, 0])
    assert track.f_stop == 2.0
    sharp = solve(a_camera("dolly"), [body], faces, 256, 448, FRAMES, FPS)
    assert sharp.focus is None


def test_shake_comes_from_the_seed_alone():
    body = a_moving_box((0.6, 0.4, 1.7), (0, 0), (0, 0))

    def positions(seed):
        return solve(a_camera("handheld", seed=seed), [body], body, 256, 448, FRAMES, FPS).position

    np.testing.assert_array_equal(positions(1), positions(1))
    assert np.abs(positions(1) - positions(2)).max() > 1e-3


def test_points_of_another_number_of_frames_are_refused():
    body = a_moving_box((0.6, 0.4, 1.7), (0, 0), (0, 0))
    with pytest.raises(ValueError, match="points to hold"):
        solve(a_camera(), [body], body, 256, 448, FRAMES + 1, FPS)
