"""Depth of field: what is in focus stays as it is, what is not is blurred, and neither lends its colours."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from render.engines.blender.defocus import SHARP, circles, defocus

pytestmark = pytest.mark.blender

HEIGHT, WIDTH, FOCAL = 120, 80, 170.0
RED, STRIPED = np.array([0.9, 0.05, 0.05]), np.array([0.0, 0.2, 0.8])


def a_performer(depth: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A red square before a striped wall that is 8 metres away: picture, depth, and where the square is."""
    picture = np.where((np.arange(WIDTH) // 3 % 2 == 0)[None, :, None], STRIPED, STRIPED * 0.2)
    picture = np.repeat(picture, HEIGHT, axis=0)
    square = np.zeros((HEIGHT, WIDTH), bool)
    square[35:85, 25:55] = True
    picture[square] = RED
    return picture.astype(np.float32), np.where(square, depth, 8.0), square


def test_the_circle_of_confusion_is_that_of_a_thin_lens():
    # 85 mm at f/2, focused at 2 m: a point at 4 m is a disc of f² (d − s) / (N d (s − f)) = 0.9432 mm.
    focal = 85 / 36 * 448
    radius = circles(np.array([4.0, 2.0, 1.0, np.inf]), focal, 448, 2.0, 2.0)
    assert 2 * radius[0] == pytest.approx(0.9432e-3 / 0.036 * 448, rel=1e-3)
    assert radius[1] == 0
    assert radius[2] == pytest.approx(-2 * radius[0])
    assert radius[3] == pytest.approx(2 * radius[0])


def test_what_is_in_focus_keeps_every_pixel_and_what_is_behind_it_is_blurred():
    picture, depth, square = a_performer()
    shown = defocus(picture, depth, FOCAL, 1.4, 1.0)
    np.testing.assert_array_equal(shown[square], picture[square])
    wall = slice(0, 25)
    assert shown[wall, :, 2].std() < 0.35 * picture[wall, :, 2].std()
    assert shown[wall].mean() == pytest.approx(picture[wall].mean(), rel=0.03)


def test_the_performers_colour_does_not_bleed_into_the_background():
    picture, depth, square = a_performer()
    shown = defocus(picture, depth, FOCAL, 1.4, 1.0)
    assert np.abs(shown[~square][:, 0]).max() < 0.01, "the wall has no red of its own"


def test_an_edge_pixel_keeps_the_performers_share_of_it():
    picture, depth, square = a_performer()
    picture[~square] = STRIPED
    picture[35:85, 55] = 0.5 * RED + 0.5 * picture[35:85, 56]  # antialiased, and counted to the wall
    shown = defocus(picture, depth, FOCAL, 1.4, 1.0)
    assert shown[60, 55, 0] == pytest.approx(0.45, abs=0.06)
    assert np.abs(shown[40:80, 56:60, 0]).max() < 0.01


def test_what_is_blurred_in_front_lies_softly_over_what_is_behind():
    picture, depth, _ = a_performer()
    shown = defocus(picture, depth, FOCAL, 1.4, 8.0)
    column = shown[60, 45:70, 0]
    assert (np.diff(column) < 1e-4).all(), "the square fades out towards the wall"
    assert 0.05 < shown[60, 57, 0] < 0.8
    np.testing.assert_array_equal(shown[:20, :10], picture[:20, :10])


def test_a_small_aperture_changes_nothing_and_the_result_is_always_the_same():
    picture, depth, _ = a_performer()
    assert np.abs(circles(depth, FOCAL, HEIGHT, 64.0, 1.0)).max() < SHARP
    np.testing.assert_array_equal(defocus(picture, depth, FOCAL, 64.0, 1.0), picture)
    first, again = (defocus(picture, depth, FOCAL, 2.0, 1.0) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_sky_is_blurred_and_stays_finite():
    picture, depth, square = a_performer()
    shown = defocus(picture, np.where(square, depth, np.inf), FOCAL, 1.4, 1.0)
    assert np.isfinite(shown).all()
    assert shown[:25, :, 2].std() < 0.35 * picture[:25, :, 2].std()


def test_leaves_of_many_depths_are_blurred_and_leave_no_holes():
    # Every pixel has a neighbour that is much nearer: none of them shows one surface alone.
    rng = np.random.default_rng(5)
    depth = rng.uniform(4.0, 40.0, (HEIGHT, WIDTH))
    depth[:30] = np.inf
    flat = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    np.testing.assert_allclose(defocus(flat, depth, FOCAL, 1.4, 2.0), 0.5, atol=1e-3)
    green = flat * rng.uniform(0.5, 1.5, depth.shape)[..., None].astype(np.float32)
    shown = defocus(green, depth, FOCAL, 1.4, 2.0)
    assert shown.min() > 0.2
    assert shown[40:].std() < 0.6 * green[40:].std()
