"""PSNR and SSIM, in regions, against other implementations and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.evaluation import metrics
from model.evaluation.baselines import BASELINES, baselines
from model.evaluation.metrics import MOST_DB, score, ssim_map
from model.evaluation.regions import REGIONS, inside, regions_of
from motionpair.errors import InputError


def clips() -> tuple[np.ndarray, np.ndarray]:
    """Two clips that differ, (3, 40, 56, 3), made of whole numbers alone."""
    y, x = np.mgrid[0:40, 0:56]
    plain = np.stack(
        [np.stack([(4 * x + y * (c + 1) + 17 * t) % 256 for c in range(3)], -1) for t in range(3)]
    )
    noise = np.stack([(x * y + c) % 23 for c in range(3)], -1)
    return plain.astype(np.uint8), ((plain + noise) % 256).astype(np.uint8)


def whole(clip: np.ndarray) -> dict[str, np.ndarray]:
    return {"frame": np.ones(clip.shape[:3], bool)}


def test_figures_are_those_of_scikit_image():
    """0.26: peak_signal_noise_ratio of the clips; the mean over frames of structural_similarity with
    channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False.
    """
    a, b = clips()
    found = score(b, a, whole(a))["frame"]
    assert found is not None
    assert found.psnr == pytest.approx(14.32323828918154, abs=1e-9)
    assert found.ssim == pytest.approx(0.6466398081669739, abs=1e-6)
    assert found.share == 1


def test_ssim_of_one_window_is_the_paper_s_formula():
    a, b = (clip[0, :11, 20:31, 1].astype(float) for clip in clips())
    at = np.arange(-5, 6)
    weights = np.exp(-(at[:, None] ** 2 + at**2) / (2 * 1.5**2))
    weights /= weights.sum()
    ma, mb = (weights * a).sum(), (weights * b).sum()
    va, vb = (weights * (a - ma) ** 2).sum(), (weights * (b - mb) ** 2).sum()
    cov = (weights * (a - ma) * (b - mb)).sum()
    c1, c2 = 6.5025, 58.5225
    expected = (2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    found = ssim_map(*(torch.tensor(x)[None, None] for x in (a, b)))
    assert found.shape == (1, 1, 1, 1)
    assert float(found) == pytest.approx(expected, abs=1e-12)


def test_a_region_s_psnr_is_over_its_own_pixels_of_all_frames():
    a, b = clips()
    region = np.zeros(a.shape[:3], bool)
    region[0, 10:20, 10:20], region[2, 5:7, 30:50] = True, True
    squares = (a[region].astype(float) - b[region]) ** 2
    found = score(b, a, {"part": region})["part"]
    assert found is not None
    assert found.psnr == pytest.approx(10 * np.log10(255**2 / squares.mean()))
    assert found.share == pytest.approx(140 / region.size)


def test_a_region_s_ssim_is_the_map_s_mean_over_it_without_the_picture_s_rim():
    a, b = clips()
    region = np.zeros(a.shape[:3], bool)
    region[1, :12, :9] = True
    maps = ssim_map(*(torch.tensor(clip[1:2]).permute(0, 3, 1, 2).double() for clip in (b, a)))
    found = score(b, a, {"part": region})["part"]
    assert found is not None
    assert found.ssim == pytest.approx(float(maps[0, :, :7, :4].mean()), abs=1e-5)
    region[:] = False
    region[:, :3] = True
    rim = score(b, a, {"part": region})["part"]
    assert rim is not None
    assert rim.ssim is None


def test_what_changes_elsewhere_changes_no_region():
    a, b = clips()
    region = np.zeros(a.shape[:3], bool)
    region[:, 8:16, 8:24] = True
    other = b.copy()
    other[:, 30:] = 0
    assert score(b, a, {"part": region}) == score(other, a, {"part": region})


def test_equal_clips_and_empty_regions():
    a, _ = clips()
    found = score(a, a, {**whole(a), "nowhere": np.zeros(a.shape[:3], bool)})
    assert found["frame"] is not None
    assert (found["frame"].psnr, found["frame"].ssim) == (MOST_DB, pytest.approx(1))
    assert found["nowhere"] is None


def test_frames_are_scored_in_parts_of_any_size(monkeypatch):
    a, b = clips()
    at_once = score(b, a, whole(a))["frame"]
    monkeypatch.setattr(metrics, "_PIXELS_AT_ONCE", 1)
    one_by_one = score(b, a, whole(a))["frame"]
    assert at_once is not None
    assert one_by_one is not None
    assert one_by_one.psnr == pytest.approx(at_once.psnr, abs=1e-9)
    assert one_by_one.ssim == pytest.approx(at_once.ssim, abs=1e-7)


@pytest.mark.parametrize("made", [
    np.zeros((3, 40, 55, 3), np.uint8), np.zeros((3, 40, 56, 3), np.float32), np.zeros((40, 56, 3), np.uint8),
])  # fmt: skip
def test_clips_of_another_shape_or_type_are_refused(made):
    a, _ = clips()
    with pytest.raises(InputError, match="clips"):
        score(made, a, whole(a))
    with pytest.raises(InputError, match="regions: part"):
        score(a, a, {"part": np.ones((40, 56), bool)})
    with pytest.raises(InputError, match="11 px"):
        score(a[:, :8], a[:, :8], {})


def test_boxes_hold_the_pixels_whose_centres_they_hold():
    boxes = np.array([[[1.0, 0.6, 3.5, 2.5], [np.nan] * 4], [[-4.0, 3.0, 1.0, 9.0], [4.4, 0.0, 5.0, 1.0]]])
    found = inside(boxes, (4, 5))
    expected = np.zeros((2, 4, 5), bool)
    expected[0, 1:2, 1:3] = True
    expected[1, 3, 0] = expected[1, 0, 4] = True
    np.testing.assert_array_equal(found, expected)


def test_regions_of_a_clip():
    labels = np.array([[[0, 1, 2], [7, 1, 3]]], np.uint8)
    hands = np.full((1, 2, 2, 4), np.nan)
    hands[0, 1, 0] = (0, 0, 1, 1)
    faces = np.array([[[2.0, 1.0, 3.0, 2.0], [np.nan] * 4]])
    found = regions_of(labels, hands, faces)
    assert tuple(found) == REGIONS
    assert found["frame"].all()
    np.testing.assert_array_equal(found["character"][0], [[False, False, True], [True, False, True]])
    np.testing.assert_array_equal(found["background"], ~found["character"])
    np.testing.assert_array_equal(np.argwhere(found["hands"]), [[0, 0, 0]])
    np.testing.assert_array_equal(np.argwhere(found["face"]), [[0, 1, 2]])


def test_trivial_answers():
    reference, driving, target = (np.random.default_rng(i).integers(0, 255, (3, 2, 2, 3)) for i in range(3))
    found = baselines(reference[0], driving, target)
    assert tuple(found) == BASELINES
    for t in range(3):
        np.testing.assert_array_equal(found["copy the reference"][t], reference[0])
        np.testing.assert_array_equal(found["copy the driving"][t], driving[t])
        np.testing.assert_array_equal(found["repeat the first target frame"][t], target[0])
