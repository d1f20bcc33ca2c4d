"""The parameters of an estimator's errors, and the two presets.

Each parameter is one cause; at 0 (a rate, a gain, a share, a width in seconds) the cause is gone and the
others stay as they were, because the draws do not depend on the parameters: a severity ladder is
`dataclasses.replace(ACCURATE, fingers_hidden=0.5)`. `EXACT` has every cause at 0.

Pixels are those of a picture whose longer side is `REFERENCE_SIDE`, whatever size it is rendered at.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

REFERENCE_SIDE = 896
"""Pixels of the picture's longer side that pixel parameters are given for."""


@dataclass(frozen=True)
class ErrorModel:
    """How an estimator errs.

    Keypoints in the picture. Their unit is OKS's: a keypoint's constant (`points.SIGMAS`: eyes small, hips
    large) times the square root of the performer's area in the picture, for fingers the hand's.

    noise: deviation of a keypoint's error that drifts, in that unit. hand_noise: likewise, of fingers.
    jitter: deviation of the error that is new in every frame, in that unit; the heatmap's grid adds to it.
    heatmap_rows: rows of the estimator's heatmap over the performer's box: what is small in the picture is
        seen coarsely. cell: deviation in cells of the heatmap.
    hidden_gain, outside_gain: by how much more `noise` and depth err where the body itself or somebody
        else is in front of a joint, and outside the picture.
    drop, drop_hidden: share of frames in which a visible, and a hidden or outside joint is missing; it is
        interpolated in time then.

    Depth.

    depth: deviation of a bone's extent along the viewing ray, a share of its length. hand_depth: likewise,
        of finger bones. foreshortened_gain: by how much more where the bone points at the camera.
    flip: share of frames in which a limb that points at or away from the camera is taken the other way.
    tilt_degrees: deviation of the whole body's turn about the picture's axes.
    root_depth: deviation of the whole body's distance, a share of it. twist_degrees: of the turn of a limb
        about its own length, which no keypoint shows.

    Hands.

    swap: share of frames in which left and right are confused while the hands are near each other in the
        picture or hidden. missed: share of frames in which a hand that is easy to see is not found;
        missed_hidden: that is hard to see. A hand that is not found is at rest.
    fingers_small, fingers_fast, fingers_hidden: how far, 0 to 1, fingers go to rest in a hand that is small,
        blurred or hidden. small_px: length of the hand in the picture that is half-way small. blur: share of
        its length that a hand moves by in a frame, when half-way blurred.

    Time.

    memory: seconds over which drifting errors fade into others. smoothing: deviation in seconds of the
        filter that the estimate passes.
    """

    noise: float = 0.0
    hand_noise: float = 0.0
    jitter: float = 0.0
    heatmap_rows: float = 256.0
    cell: float = 0.0
    hidden_gain: float = 0.0
    outside_gain: float = 0.0
    drop: float = 0.0
    drop_hidden: float = 0.0
    depth: float = 0.0
    hand_depth: float = 0.0
    foreshortened_gain: float = 0.0
    flip: float = 0.0
    tilt_degrees: float = 0.0
    root_depth: float = 0.0
    twist_degrees: float = 0.0
    swap: float = 0.0
    missed: float = 0.0
    missed_hidden: float = 0.0
    fingers_small: float = 0.0
    fingers_fast: float = 0.0
    fingers_hidden: float = 0.0
    small_px: float = 40.0
    blur: float = 0.6
    memory: float = 0.5
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        for each in fields(self):
            if not getattr(self, each.name) >= 0:
                raise ValueError(f"{each.name}: expected 0 or more, got {getattr(self, each.name)}")
        for name in ("heatmap_rows", "small_px", "blur", "memory"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected more than 0, got {getattr(self, name)}")


EXACT = ErrorModel()
"""No error at all."""

ACCURATE = ErrorModel(
    noise=0.3,
    hand_noise=0.55,
    jitter=0.03,
    heatmap_rows=256,
    cell=0.2,
    hidden_gain=1.2,
    outside_gain=1.0,
    drop=0.002,
    drop_hidden=0.10,
    depth=0.115,
    hand_depth=0.10,
    foreshortened_gain=0.6,
    flip=0.004,
    tilt_degrees=4.5,
    root_depth=0.008,
    twist_degrees=5.0,
    swap=0.03,
    missed=0.003,
    missed_hidden=0.12,
    fingers_small=0.4,
    fingers_fast=0.5,
    fingers_hidden=0.8,
    small_px=30.0,
    blur=0.8,
    memory=0.5,
    smoothing=0.03,
)
"""Stands for SDPose's keypoints, lifted as by NLF."""

WEAK = replace(
    ACCURATE,
    noise=0.32,
    hand_noise=1.2,
    jitter=0.05,
    heatmap_rows=64,
    cell=0.25,
    hidden_gain=1.6,
    outside_gain=1.2,
    drop=0.005,
    drop_hidden=0.20,
    depth=0.14,
    hand_depth=0.22,
    foreshortened_gain=1.0,
    flip=0.008,
    tilt_degrees=6.5,
    root_depth=0.015,
    twist_degrees=8.0,
    swap=0.15,
    missed=0.015,
    missed_hidden=0.35,
    fingers_small=0.9,
    fingers_fast=0.9,
    fingers_hidden=1.0,
    small_px=60.0,
    blur=0.45,
    smoothing=0.04,
)
"""Stands for ViTPose's keypoints (256 × 192 crops), lifted as by HMR 2.0."""
