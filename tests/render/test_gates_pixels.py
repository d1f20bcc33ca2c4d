"""The gate on pixels: each limit turns down what breaks it, by its own reason, and a sound pair passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from staged_pairs import LIMITS, pair

from motionpair.specs import VOID, PairSpec
from render import gates
from render.engines import PROP_INDEX, Frames
from render.gates.likeness import pair_likeness
from render.gates.pixels import flicker, luma, mask_pop

RED, BLUE = (200, 60, 60), (60, 60, 200)


def blob(
    spec: PairSpec,
    colour: tuple[int, int, int],
    ground: tuple[int, int, int] = (120, 120, 120),
    aside: int = 0,
) -> Frames:
    """A plain place with an upright block for each performer, `aside` pixels to the right."""
    shape = (spec.frames, spec.height, spec.width)
    index, rgb = np.zeros(shape, np.uint8), np.full((*shape, 3), ground, np.uint8)
    count = len(spec.target.performers)
    for i in range(count):
        middle = spec.width * (2 * i + 1) // (2 * count) + aside
        index[:, 20:80, middle - 8 : middle + 8] = i + 1
    rgb[index > 0] = colour
    return Frames(rgb, index, np.ones(shape, np.float32))


def pictures(spec: PairSpec) -> list[Frames]:
    """A sound pair's frames: other colours, and another place in an animation."""
    return [blob(spec, RED, (90, 120, 90) if spec.mode == "replacement" else (60, 90, 60)),
            blob(spec, BLUE, (90, 120, 90) if spec.mode == "replacement" else (160, 140, 120))]  # fmt: skip


def seen(spec: PairSpec) -> list[np.ndarray]:
    return [np.ones((spec.frames, len(spec.target.performers), 55), bool) for _ in range(2)]


def drawn(spec: PairSpec, engine: str) -> PairSpec:
    """The pair driven by bones (`pose_map`) or grey bodies (`body_mesh`) on black."""
    render = replace(spec.driving.render, engine=engine, preset="flat")
    return replace(spec, driving=replace(spec.driving, environment=VOID, render=render))


def in_clip(stratum: str) -> PairSpec:
    spec = pair(stratum)
    return replace(spec, reference=replace(spec.reference, kind="in_clip", frame=3, turn=0.0, lift=0.0))


@pytest.mark.parametrize("stratum", ["single-animation", "multi-animation", "multi-replacement"])
def test_a_sound_pair_passes_with_its_figures(stratum: str) -> None:
    spec = in_clip(stratum)
    frames = pictures(spec)
    figures = gates.judge_pixels(spec, *frames, seen(spec), LIMITS)
    count = len(spec.target.performers)
    share = 60 * 16 / (spec.width * spec.height)
    assert figures["driving_mask_share"] == pytest.approx(count * share)
    assert figures["driving_least_mask_share"] == pytest.approx(share)
    assert figures["pair_difference"] == pytest.approx(280 / 3)
    assert figures["target_hands_visible_share"] == 1
    assert figures["driving_flicker"] == figures["driving_mask_pop"] == 0
    if stratum == "single-animation":
        light = np.dot(gates.LUMA, RED) * share + np.dot(gates.LUMA, (60, 90, 60)) * (1 - share)
        assert figures["driving_mean_luma"] == pytest.approx(light, rel=1e-4)


def half_lit(f: Frames, value: int) -> Frames:
    """The frames with the left half of their place at a level."""
    rgb, left = f.rgb.copy(), np.arange(f.rgb.shape[2]) < f.rgb.shape[2] // 2
    rgb[(f.index == 0) & left] = value
    return replace(f, rgb=rgb)


def dark_clothes(f: Frames, value: int = 3) -> Frames:
    return replace(f, rgb=np.where(f.index[..., None] > 0, np.uint8(value), f.rgb))


def blinking(f: Frames) -> Frames:
    rgb = f.rgb.copy()
    rgb[2] = np.minimum(rgb[2].astype(int) + 30, 255)
    return replace(f, rgb=rgb)


def popping(f: Frames) -> Frames:
    index = f.index.copy()
    index[2][index[2] == 1] = 0
    return replace(f, index=index)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        ("performer too small", lambda f: replace(f, index=np.where(f.index == 2, 0, f.index))),
        ("performer pops", popping),
        ("too dark", lambda f: replace(f, rgb=f.rgb // 10)),
        ("too bright", lambda f: replace(f, rgb=np.full_like(f.rgb, 245))),
        ("picture black", lambda f: half_lit(f, 2)),
        ("picture blown out", lambda f: half_lit(f, 254)),
        ("performer lost in light", dark_clothes),
        ("flicker", blinking),
    ],
)
def test_pixels_that_break_a_limit_are_discarded(
    reason: str, spoil: Callable[[Frames], Frames], side: int
) -> None:
    spec = in_clip("multi-animation")
    half = replace(LIMITS, black_share=0.25, white_share=0.25)
    loose = half if reason.startswith("picture") else LIMITS
    frames = pictures(spec)
    gates.judge_pixels(spec, *frames, seen(spec), loose)
    frames[side] = spoil(frames[side])
    with pytest.raises(gates.Discard) as discard:
        gates.judge_pixels(spec, *frames, seen(spec), loose)
    assert discard.value.reason == reason


def test_one_dark_frame_is_enough_to_be_discarded() -> None:
    spec = in_clip("single-animation")
    driving, target = pictures(spec)
    driving.rgb[3] = 5
    with pytest.raises(gates.Discard, match="too dark"):
        gates.judge_pixels(spec, driving, target, seen(spec), LIMITS)


@pytest.mark.parametrize(
    ("reason", "joints"), [("performer hidden", slice(None)), ("hands hidden", slice(20, None))]
)
def test_a_performer_or_its_hands_that_nobody_sees_are_discarded(reason: str, joints: slice) -> None:
    spec = in_clip("multi-animation")
    visible = seen(spec)
    visible[1][:, 1, joints] = False
    with pytest.raises(gates.Discard, match=rf"{reason}: 0(\.\d+)?, accepted: at least 0\.\d+"):
        gates.judge_pixels(spec, *pictures(spec), visible, LIMITS)


def test_one_hand_that_is_seen_is_enough() -> None:
    spec = in_clip("single-animation")
    visible = seen(spec)
    visible[0][:, :, [20, *range(25, 40)]] = False
    figures = gates.judge_pixels(spec, *pictures(spec), visible, LIMITS)
    assert figures["driving_hands_visible_share"] == 1


def test_a_reference_without_a_performer_is_discarded() -> None:
    spec = in_clip("single-animation")
    driving, target = pictures(spec)
    edge = replace(LIMITS, mask_share=0.999 * 60 * 16 / (spec.width * spec.height))
    gates.judge_pixels(spec, driving, target, seen(spec), edge)
    target.index[spec.reference.frame, 79] = 0  # a row less, in one frame: too little to pop
    with pytest.raises(gates.Discard, match="reference lacks a performer"):
        gates.judge_pixels(
            spec, driving, target, seen(spec), replace(edge, mask_share=0.99 * edge.mask_share)
        )


def test_a_drawn_driving_clip_is_not_held_against_light_but_must_not_be_empty() -> None:
    for engine in ("pose_map", "body_mesh"):
        spec = drawn(in_clip("single-animation"), engine)
        target = pictures(spec)[1]
        bones = blob(spec, (255, 255, 255), (0, 0, 0))
        figures = gates.judge_pixels(spec, bones, target, seen(spec), LIMITS)
        assert figures["pair_likeness"] == 0
        assert figures["driving_black_share"] > LIMITS.black_share
        empty = replace(bones, index=np.zeros_like(bones.index), rgb=np.zeros_like(bones.rgb))
        with pytest.raises(gates.Discard, match="pose empty: 0"):
            gates.judge_pixels(spec, empty, target, seen(spec), LIMITS)
        with pytest.raises(gates.Discard, match="too dark"):
            gates.judge_pixels(spec, bones, replace(target, rgb=target.rgb // 50), seen(spec), LIMITS)


def test_clips_that_show_nearly_the_same_colours_are_discarded() -> None:
    spec = in_clip("single-replacement")
    with pytest.raises(gates.Discard, match="driving too like target"):
        gates.judge_pixels(spec, blob(spec, RED), blob(spec, (203, 62, 60)), seen(spec), LIMITS)


def dressed(spec: PairSpec, colours: np.ndarray, aside: int = 0, taller: int = 0) -> Frames:
    """A performer in rows of colours, on noise of its own, moved aside and taller."""
    rng = np.random.default_rng(int(colours.sum()) + aside)
    shape = (spec.frames, spec.height, spec.width)
    rgb = rng.integers(40, 200, (*shape, 3), dtype=np.uint8)
    index = np.zeros(shape, np.uint8)
    left, height = spec.width // 3 + aside, 48 + taller
    index[:, 10 : 10 + height, left : left + 24] = 1
    rows = colours[np.arange(height) * len(colours) // height].astype(np.uint8)
    rgb[:, 10 : 10 + height, left : left + 24] = rows[:, None]
    return Frames(rgb, index, np.ones(shape, np.float32))


COLOURS = np.array(
    [[60, 40, 30], [220, 170, 150], [30, 60, 160], [30, 60, 160], [50, 50, 60], [200, 200, 200]]
)


@pytest.mark.parametrize(
    ("colours", "aside", "taller", "low", "high"),
    [
        (COLOURS, 0, 0, 1.0, 1.0),
        (COLOURS, 21, 0, 0.99, 1.0),
        (COLOURS, 13, 17, 0.7, 1.0),
        (COLOURS + 4, 9, 0, 0.7, 1.0),
        (COLOURS[:, [2, 0, 1]], 0, 0, 0.0, 0.3),
        (255 - COLOURS, 5, 0, 0.0, 0.3),
    ],
    ids=["itself", "shifted", "shifted and larger", "a little lighter", "recoloured", "other"],
)
def test_the_same_looks_count_as_alike_wherever_they_stand(
    colours: np.ndarray, aside: int, taller: int, low: float, high: float
) -> None:
    spec = pair("single-replacement")
    one, other = dressed(spec, COLOURS), dressed(spec, colours, aside, taller)
    assert low <= pair_likeness(spec, one, other) <= high


def test_an_animation_pair_must_not_share_its_place() -> None:
    spec = pair("single-animation")
    one, other = blob(spec, RED), blob(spec, BLUE)
    assert pair_likeness(spec, one, other) > LIMITS.likeness
    assert pair_likeness(replace(spec, mode="replacement"), one, other) < 0.1
    assert pair_likeness(spec, one, blob(spec, BLUE, (30, 180, 60))) < LIMITS.likeness


def test_clips_that_show_the_target_already_are_discarded() -> None:
    spec = in_clip("single-replacement")
    # Aside by as much as it is wide: no pixel of it is where it was, and the older figure sees no likeness.
    with pytest.raises(gates.Discard, match="driving shows the target"):
        gates.judge_pixels(spec, blob(spec, RED), blob(spec, RED, aside=20), seen(spec), LIMITS)


def test_likeness_is_the_same_wherever_pixels_lie_in_memory() -> None:
    spec = pair("single-animation")
    one, other = dressed(spec, COLOURS), dressed(spec, COLOURS + 9, 3)
    expected = pair_likeness(spec, one, other)
    room = np.zeros(one.rgb.size + 5, np.uint8)
    for shift in (1, 3, 5):
        moved = room[shift : shift + one.rgb.size].reshape(one.rgb.shape)
        moved[:] = one.rgb
        assert pair_likeness(spec, replace(one, rgb=moved), other) == expected


def test_light_that_jumps_flickers_and_light_that_drifts_does_not() -> None:
    steady = np.full((7, 20, 20), 100, np.uint8)
    there = np.ones(steady.shape, bool)
    drift = steady + 6 * np.arange(7, dtype=np.uint8)[:, None, None]
    assert flicker(steady, there) == flicker(drift, there) == 0
    jump = steady.copy()
    jump[3] += 10
    assert flicker(jump, there) == 10
    walking = jump.copy()
    walking[:] = 100
    walking[np.arange(7), :, np.arange(7) * 2] = 250  # a character that moves is no flicker
    assert flicker(walking, walking == 100) == 0
    assert flicker(jump, np.zeros(steady.shape, bool)) == flicker(jump[:2], there[:2]) == 0


def test_an_area_that_is_gone_for_a_frame_pops_and_one_that_leaves_does_not() -> None:
    assert mask_pop(np.array([100, 100, 0, 100])) == 1
    assert mask_pop(np.array([100, 100, 60, 100])) == pytest.approx(0.4)
    assert mask_pop(np.array([100, 100, 400, 100])) == pytest.approx(0.75)
    assert mask_pop(np.array([100, 80, 30, 0, 0])) == mask_pop(np.array([5, 9])) == 0


def test_held_things_belong_to_nobody() -> None:
    spec = in_clip("single-animation")
    driving, target = pictures(spec)
    driving.index[:, :10] = PROP_INDEX
    figures = gates.judge_pixels(spec, driving, target, seen(spec), LIMITS)
    assert figures["driving_mask_share"] == figures["target_mask_share"]


def test_luma_is_a_whole_number_next_to_the_weighted_mean() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (2, 9, 11, 3), dtype=np.uint8)
    exact = rgb.astype(float) @ np.array(gates.LUMA)
    assert np.abs(luma(rgb) - exact).max() <= 0.501
    assert luma(np.full((1, 1, 1, 3), 255, np.uint8))[0, 0, 0] == 255


def test_mean_luma_is_the_same_wherever_the_pixels_lie_in_memory() -> None:
    rng = np.random.default_rng(3)
    rgb = rng.integers(0, 256, (2, 31, 45, 3), dtype=np.uint8)
    expected = [float((frame.astype(float) @ np.array([0.2126, 0.7152, 0.0722])).mean()) for frame in rgb]
    np.testing.assert_allclose(gates.mean_luma(rgb), expected)
    for shift in range(8):
        room = np.zeros(rgb.size + 8, np.uint8)
        moved = room[shift : shift + rgb.size].reshape(rgb.shape)
        moved[:] = rgb
        np.testing.assert_array_equal(gates.mean_luma(moved), gates.mean_luma(rgb))
