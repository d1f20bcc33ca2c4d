import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from motionpair.augmentation import (
    Pixels,
    Window,
    apply_to_arrays,
    apply_to_boxes,
    apply_to_clip,
    apply_to_labels,
    apply_to_points,
)
from motionpair.errors import InputError
from motionpair.planning import planner
from motionpair.recipe import load_recipe
from motionpair.specs import PLAIN

WIDTH, HEIGHT = 64, 96
PICTURE = (WIDTH, HEIGHT)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Windows as planning has them: four digits, inside the picture."""
    width, height = (draw(st.integers(2000, 10000)) / 10000 for _ in range(2))
    left, top = (draw(st.integers(0, 10000 - round(10000 * n))) / 10000 for n in (width, height))
    return left, top, width, height


@st.composite
def rectangles(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of a stretch of pixels."""
    x0, y0 = draw(st.integers(0, WIDTH - 1)), draw(st.integers(0, HEIGHT - 1))
    return x0, y0, draw(st.integers(x0 + 1, WIDTH)), draw(st.integers(y0 + 1, HEIGHT))


SIZES = st.sampled_from([None, (WIDTH // 2, HEIGHT // 2), (96, 64), (128, 200)])
SEEDS = st.integers(0, 2**32 - 1)


def _noise(seed: int, frames: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (frames, HEIGHT, WIDTH, 3)).astype(np.uint8)


def _filled(rectangle: tuple[int, int, int, int], label: int) -> np.ndarray:
    x0, y0, x1, y1 = rectangle
    labels = np.zeros((1, HEIGHT, WIDTH), np.uint8)
    labels[0, y0:y1, x0:x1] = label
    return labels


@given(SEEDS)
@settings(max_examples=20)
def test_the_whole_picture_is_itself(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames, labels = _noise(seed), rng.integers(0, 8, (2, HEIGHT, WIDTH)).astype(np.uint8)
    points = rng.uniform(-50, 150, (2, 3, 55, 2)).astype(np.float32)
    boxes = np.array([[3, 4, 10, 12], [0, 0, 64, 96], [np.nan] * 4], np.float32)
    assert np.array_equal(apply_to_clip(frames, PLAIN.window), frames)
    assert np.array_equal(apply_to_labels(labels, PLAIN.window), labels)
    assert np.array_equal(apply_to_points(points, PLAIN.window, PICTURE), points)
    assert np.array_equal(apply_to_boxes(boxes, PLAIN.window, PICTURE), boxes, equal_nan=True)


@given(windows(), SIZES, SEEDS)
@settings(max_examples=50)
def test_sources_stay_plain_and_results_have_the_size_asked_for(
    window: Window, size: Pixels | None, seed: int
) -> None:
    frames, labels = _noise(seed, 1), _filled((3, 4, 30, 40), 5)
    before = frames.copy(), labels.copy()
    clip, mask = apply_to_clip(frames, window, size), apply_to_labels(labels, window, size)
    width, height = size or PICTURE
    assert clip.shape == (1, height, width, 3)
    assert mask.shape == (1, height, width)
    assert clip.dtype == mask.dtype == np.uint8
    assert np.array_equal(frames, before[0])
    assert np.array_equal(labels, before[1])


@given(windows(), SIZES, SEEDS)
@settings(max_examples=50)
def test_a_mask_gains_no_label(window: Window, size: Pixels | None, seed: int) -> None:
    labels = np.random.default_rng(seed).choice([0, 3, 7], (2, HEIGHT, WIDTH)).astype(np.uint8)
    assert set(np.unique(apply_to_labels(labels, window, size))) <= {0, 3, 7}


@given(windows(), SIZES, rectangles())
@example((0.0, 0.0, 0.2, 1.0), (32, 48), (0, 0, 1, 1))  # a centre on an edge
@example((0.0, 0.0, 0.2, 1.0), (32, 48), (1, 1, 2, 2))
@settings(max_examples=200)
def test_a_box_goes_where_its_pixels_go(
    window: Window, size: Pixels | None, rectangle: tuple[int, int, int, int]
) -> None:
    mask = apply_to_labels(_filled(rectangle, 4), window, size)[0]
    box = apply_to_boxes(np.array(rectangle, np.float64), window, PICTURE, size)
    shown = np.argwhere(mask == 4)
    if np.isnan(box).any():
        assert np.isnan(box).all()
        assert len(shown) == 0
        return
    width, height = size or PICTURE
    assert 0 <= box[0] <= box[2] <= width
    assert 0 <= box[1] <= box[3] <= height
    # The box is as tight as the pixels are: within a pixel of them at every side.
    (y0, x0), (y1, x1) = shown.min(axis=0), shown.max(axis=0) + 1
    assert np.abs(box - [x0, y0, x1, y1]).max() <= 1


@given(windows(), SIZES, st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1))
@settings(max_examples=200)
def test_a_pixels_centre_goes_where_its_colour_goes(
    window: Window, size: Pixels | None, x: int, y: int
) -> None:
    labels = np.arange(HEIGHT * WIDTH).reshape(1, HEIGHT, WIDTH)
    mask = apply_to_labels(labels, window, size)[0]
    at = apply_to_points(np.array([x + 0.5, y + 0.5]), window, PICTURE, size)
    width, height = size or PICTURE
    for row, column in np.argwhere(mask == labels[0, y, x]):
        assert abs(column + 0.5 - at[0]) <= 0.5 * width / (window[2] * WIDTH) + 1e-6
        assert abs(row + 0.5 - at[1]) <= 0.5 * height / (window[3] * HEIGHT) + 1e-6


@given(windows(), SIZES)
@settings(max_examples=50)
def test_colours_lie_where_labels_do(window: Window, size: Pixels | None) -> None:
    labels = _filled((16, 24, 48, 72), 1)
    frames = np.repeat(labels[..., None] * np.uint8(255), 3, axis=-1)
    clip = apply_to_clip(frames, window, size)[0, ..., 0]
    mask = apply_to_labels(labels, window, size)[0]
    # Only at the border, where the filter mixes, may a pixel be on the other side of half.
    differ = (clip > 127) != (mask > 0)
    assert differ.mean() < 0.05
    assert np.all((clip[differ] > 20) & (clip[differ] < 235))


def test_a_ramp_stays_a_ramp_when_it_is_stretched() -> None:
    ramp = np.broadcast_to((2 * np.arange(WIDTH))[:, None], (1, HEIGHT, WIDTH, 3)).astype(np.uint8)
    wide = apply_to_clip(ramp, (0.25, 0, 0.5, 1))[0, 0, :, 0].astype(int)
    expected = 2 * (0.25 * WIDTH + (np.arange(WIDTH) + 0.5) * 0.5 - 0.5)
    assert np.abs(wide - expected).max() <= 1


def test_annotations_go_with_the_picture() -> None:
    window = (0.5, 0, 0.5, 1)
    joints = np.array([[[[10.0, 20], [40, 20], [70, 20]]]], np.float32)
    hands = np.array([[[[4, 10, 20, 20], [30, 10, 40, 20]]]], np.float32)
    arrays = {
        "joints2d": joints,
        "joint_visible": np.array([[[True, True, False]]]),
        "hand_boxes": hands,
        "face_boxes": np.full((1, 1, 4), np.nan, np.float32),
        "joints3d": np.ones((1, 1, 3, 3), np.float32),
        "camera_focal": np.ones(1, np.float32),
    }
    moved = apply_to_arrays(arrays, window, PICTURE)
    assert moved["joints2d"].tolist() == [[[[-44, 20], [16, 20], [76, 20]]]]
    assert moved["joint_visible"].tolist() == [[[False, True, False]]]
    assert np.isnan(moved["hand_boxes"][0, 0, 0]).all()
    assert moved["hand_boxes"][0, 0, 1].tolist() == [0, 10, 16, 20]
    assert np.isnan(moved["face_boxes"]).all()
    for name in ("joints3d", "camera_focal"):
        assert np.array_equal(moved[name], arrays[name])
    assert moved["joints2d"].dtype == moved["hand_boxes"].dtype == np.float32


def test_planned_windows_are_taken() -> None:
    plans = planner(load_recipe("demo"), 3)
    labels = _filled((0, 0, WIDTH, HEIGHT), 2)
    for slot in range(8):
        assert (apply_to_labels(labels, plans.candidate(slot, 0).augmentation.window) == 2).all()


@pytest.mark.parametrize(
    "window", [(0.5, 0, 0.6, 1), (-0.1, 0, 1, 1), (0, 0, 0, 1), (0, 0.2, 1, 0.9), (0, 0, float("nan"), 1)]
)
def test_a_window_outside_the_picture_is_refused(window: Window) -> None:
    with pytest.raises(InputError, match="augmentation window: expected left, top, width and height inside"):
        apply_to_labels(np.zeros((1, 4, 4), np.uint8), window)


def test_frames_of_another_kind_are_refused() -> None:
    with pytest.raises(InputError, match=r"frames: expected \(T, H, W, 3\) uint8, got \(4, 4\) float64"):
        apply_to_clip(np.zeros((4, 4)), PLAIN.window)
