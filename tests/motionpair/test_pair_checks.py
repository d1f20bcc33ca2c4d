"""What `verify` holds a single pair against: its kind of driving, its estimators, its references."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import synthetic

from motionpair import annotations as blob
from motionpair import masks, media
from motionpair.gate_limits import CHECKS, REFERENCE_HIDES, REFERENCE_LACKS, SIDES
from motionpair.pair_checks import check_limits, check_media, check_spec, discard_fault
from motionpair.palette import slot_label
from motionpair.planning import candidate
from motionpair.recipe import load_recipe
from motionpair.specs import Estimator, PairSpec, Reference

SPECS = {spec.slot: spec for spec in synthetic.some_specs()}
OTHER_CAMERA, OUT_OF_CLIP, FACE_ALONE, POSE = SPECS[1], SPECS[2], SPECS[3], SPECS[4]


def faults(spec: PairSpec) -> list[str]:
    return [str(finding) for finding in check_spec(synthetic.row_of(spec))]


def findings(spec: PairSpec, **changed: bytes) -> list[tuple[str, str]]:
    """Code, and where under the pair with what, of all that is wrong with a pair's media."""
    row, blobs = synthetic.pair_files(spec)
    assert list(check_spec(row)) == []
    name = f"pair {row['pair_id']}"
    found = check_media(row, blobs | changed)
    return [(f.code, f"{f.where.removeprefix(name).removeprefix(': ')} {f.message}".strip()) for f in found]


@pytest.mark.parametrize(
    ("slot", "engine"),
    [
        (slot, engine)
        for slot, spec in SPECS.items()
        for engine in ("cycles", "pose_map", "body_mesh")
        if engine == "cycles" or spec.mode == "animation"
    ],
)
def test_good_pairs_of_every_kind_have_no_findings(slot: int, engine: str) -> None:
    spec = SPECS[slot] if engine == "cycles" else synthetic.pose_driven(SPECS[slot], engine)
    assert findings(spec) == []


@pytest.mark.parametrize("recipe", ["demo", "motionpair-60k", "motionpair-100k"])
def test_what_is_planned_keeps_the_rules(recipe: str) -> None:
    made = load_recipe(recipe)
    for slot in range(0, made.pairs, max(1, made.pairs // 40)):
        spec = candidate(made, 3, slot, 1)
        assert [str(finding) for finding in check_spec(synthetic.row_of(spec))] == []


def estimated(driving: str, target: str, reverse: bool) -> Callable[[PairSpec], PairSpec]:
    def change(spec: PairSpec) -> PairSpec:
        clips = [
            replace(clip, estimator=Estimator(name, 1))
            for clip, name in ((spec.driving, driving), (spec.target, target))
        ]
        return replace(spec, driving=clips[0], target=clips[1], reverse_driven=reverse)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (estimated("weak", "accurate", True), "both clips are estimated"),
        (estimated("weak", "exact", False), "reverse_driven False: expected the driving clip to be exact"),
        (estimated("exact", "weak", True), "reverse_driven True: expected the target clip to be exact"),
        (estimated("exact", "weak", False), ""),
        (estimated("exact", "exact", True), ""),
        (estimated("exact", "exact", False), ""),
    ],
)
def test_one_side_at_most_is_estimated_and_it_is_the_one_stated(
    change: Callable[[PairSpec], PairSpec], message: str
) -> None:
    found = faults(change(synthetic.pair_spec(0)))
    assert [message in line for line in found] == ([True] if message else [])


def test_a_pose_driven_pair_is_on_black_from_the_targets_camera_and_animates() -> None:
    spec = synthetic.pose_driven(synthetic.pair_spec(0))
    assert faults(spec) == []
    place = replace(spec, driving=replace(spec.driving, environment=spec.target.environment))
    camera = replace(spec, driving=replace(spec.driving, camera=replace(spec.target.camera, azimuth=1.0)))
    for changed, message in (
        (place, "pose driving: expected no environment, got park"),
        (camera, "pose driving: camera differs"),
        (replace(spec, mode="replacement"), "expected animation mode, got replacement"),
        (replace(spec, target=replace(spec.target, render=spec.driving.render)), "target: expected a place"),
    ):
        assert any(message in line for line in faults(changed)), message
    assert "driving_kind: the spec gives" in next(
        str(f) for f in check_spec(synthetic.row_of(spec) | {"driving_kind": "body_mesh"})
    )


def test_a_pose_driven_clip_with_a_place_behind_it_is_found() -> None:
    frames, _ = synthetic.clip_frames(synthetic.pair_spec(4, "animation", (3,)), "driving")
    found = findings(POSE, driving=media.encode_video(frames, POSE.fps))
    assert ("mode", "pose driving: expected black around the characters") in found


def test_a_pose_driven_clip_from_another_camera_is_found() -> None:
    arrays = blob.unpack(synthetic.pair_files(POSE)[1]["annotations"])
    arrays["driving/camera_focal"] = arrays["driving/camera_focal"] * 2
    (found,) = findings(POSE, annotations=blob.pack(arrays))
    assert found == ("mode", "pose driving: camera_focal differs between the clips")


def relabelled(spec: PairSpec, column: str, slot: int, label: int) -> bytes:
    """A reference's mask with another label where a slot is."""
    mask = media.decode_mask_image(synthetic.pair_files(spec)[1][column])
    return media.encode_mask_image(np.where(mask == slot_label(slot), np.uint8(label), mask))


@pytest.mark.parametrize("column", ["reference_mask", "reference_back_mask"])
def test_a_reference_that_lacks_a_performer_is_found(column: str) -> None:
    background = masks.background_label("reference", OUT_OF_CLIP.mode)
    changed = relabelled(OUT_OF_CLIP, column, 5, background)
    (found,) = findings(OUT_OF_CLIP, **{column: changed})
    assert found[0] == "mask"
    assert "has no pixel that is magenta" in found[1]


def test_a_face_shows_at_least_its_performer() -> None:
    mask = media.decode_mask_image(synthetic.pair_files(FACE_ALONE)[1]["reference_face_mask"])
    assert set(np.unique(mask)) == {0, slot_label(4)}  # performer 1 alone, and that is enough
    (found,) = findings(FACE_ALONE, reference_face_mask=relabelled(FACE_ALONE, "reference_face_mask", 4, 7))
    assert found[0] == "mask"
    assert found[1].startswith("reference_face ")


def test_a_colour_of_another_slot_in_a_reference_is_found() -> None:
    (found,) = findings(OTHER_CAMERA, reference_mask=relabelled(OTHER_CAMERA, "reference_mask", 1, 3))
    assert found[0] == "mask"


@pytest.mark.parametrize("column", ["reference", "reference_back", "reference_face"])
def test_a_place_behind_a_replacement_reference_is_found(column: str) -> None:
    grey = np.full((OTHER_CAMERA.height, OTHER_CAMERA.width, 3), 120, np.uint8)
    (found,) = findings(OTHER_CAMERA, **{column: media.encode_reference(grey)})
    assert found[0] == "reference"
    assert found[1].startswith(column)
    assert "not black" in found[1]


@pytest.mark.parametrize("column", ["reference", "reference_mask", "reference_back", "reference_face_mask"])
def test_a_reference_of_another_size_is_found(column: str) -> None:
    small = np.zeros((32, 32), np.uint8)
    picture = media.encode_reference(small[..., None].repeat(3, axis=-1))
    data = media.encode_mask_image(small) if column.endswith("mask") else picture
    (found,) = findings(OTHER_CAMERA, **{column: data})
    assert found[0] == "media"
    assert found[1].startswith(column)


def test_only_a_frame_of_the_clip_must_equal_one() -> None:
    picture = media.decode_reference(synthetic.pair_files(SPECS[0])[1]["reference"])
    other = media.encode_reference(255 - picture)
    (found,) = findings(SPECS[0], reference=other)
    assert found[0] == "reference"
    assert findings(replace(SPECS[0], reference=Reference("other_camera", 2, 0.4)), reference=other) == []


def test_a_window_outside_of_the_picture_is_refused() -> None:
    row = synthetic.row_of(POSE)
    text = row["spec"].replace("[0.1,0.0,0.8,0.9]", "[0.3,0.0,0.8,0.9]")
    assert text != row["spec"]
    (found,) = check_spec(row | {"spec": text})
    assert "augmentation.window: expected left, top, width and height inside" in found.message


def test_a_row_that_says_it_continues_and_does_not_is_found() -> None:
    row = synthetic.row_of(SPECS[0])
    (found,) = check_spec(row | {"continues": True})
    assert "continues: the spec gives False" in found.message


def test_a_face_and_a_back_that_change_places_are_found() -> None:
    spec = SPECS[1]
    blobs = synthetic.pair_files(spec)[1]
    swapped = {
        f"reference_{one}{end}": blobs[f"reference_{other}{end}"]
        for one, other in (("back", "face"), ("face", "back"))
        for end in ("", "_mask")
    }
    assert findings(spec, **swapped) == [
        ("reference", "reference_face: shows no more of its character than the back")
    ]


def test_a_driving_clip_that_is_the_target_is_found() -> None:
    blobs = synthetic.pair_files(SPECS[0])[1]
    assert ("mode", "the driving clip is the target clip") in findings(SPECS[0], driving=blobs["target"])


def test_a_clip_of_other_light_than_the_row_says_is_found() -> None:
    frames, _ = synthetic.clip_frames(SPECS[0], "target")
    darker = media.encode_video((frames * 0.9).astype(np.uint8), SPECS[0].fps)
    assert "target_mean_luma: the clip gives" in findings(SPECS[0], target=darker)[0][1]


LIMITS = synthetic.LIMITS


@pytest.mark.parametrize("slot", SPECS)
def test_every_limit_that_a_row_breaks_is_found(slot: int) -> None:
    spec = SPECS[slot]
    row = synthetic.row_of(spec)
    assert list(check_limits(row, LIMITS)) == []
    held: dict[tuple[str, float], bool] = {}
    for check in CHECKS:  # two checks may share a figure, each in pairs of its own kind
        sides = (
            [(f"{side}_", getattr(spec, side)) for side in SIDES]
            if check.of == "clip"
            else [("", spec.target)]
        )
        for prefix, clip in sides:
            key = (prefix + check.figure, -1.0 if check.bound == "at least" else 1e6)
            held[key] = held.get(key, False) or check.applies(spec, clip)
    for (column, value), applies in held.items():
        columns = [f.message.partition(":")[0] for f in check_limits(row | {column: value}, LIMITS)]
        assert (column in columns) == applies, column


def test_a_rounded_figure_at_its_limit_is_none() -> None:
    row = synthetic.row_of(SPECS[0]) | {"motion_energy": LIMITS.motion_energy - 4e-7}
    assert list(check_limits(row, LIMITS)) == []


def test_an_estimators_error_is_where_an_estimator_is() -> None:
    row = synthetic.row_of(SPECS[0])
    (found,) = check_limits(row | {"estimator_body_mm": 0.0}, LIMITS)
    assert found.message == "estimator_body_mm: expected above 0, as a clip is estimated, got 0"
    exact = replace(SPECS[0], driving=replace(SPECS[0].driving, estimator=Estimator("exact", 0)))
    row = synthetic.row_of(exact)
    assert list(check_limits(row, LIMITS)) == []
    (found,) = check_limits(row | {"estimator_body_mm": 5.0}, LIMITS)
    assert "expected 0, as no clip is estimated, got 5" in found.message


@pytest.mark.parametrize(
    ("reason", "figure", "limit", "fault"),
    [
        ("too dark", 5.0, "at least 20.4", ""),
        ("clips disagree", 50.0, "at most 22.5", ""),
        (REFERENCE_LACKS, 0.001, "at least 0.01", ""),
        (REFERENCE_HIDES, 70.0, "at most 40", ""),
        (REFERENCE_HIDES, 30.0, "at most 40", "figure: 30 is within at most 40"),
        ("skin pokes through", 0.1, "at most 0.1", ""),  # by less than is told
        ("bad luck", 5.0, "at least 20.4", "reason: no gate has 'bad luck'"),
        ("too bright", 5.0, "at least 20.4", "limit: expected at most 234.6, got at least 20.4"),
        ("too dark", 5.0, "at least 30", "limit: expected at least 20.4, got at least 30"),
        ("too dark", 50.0, "at least 20.4", "figure: 50 is within at least 20.4"),
        ("clips disagree", 5.0, "at least 22.5", "limit: expected at most a number, got at least 22.5"),
    ],
)
def test_discards_are_what_a_gate_says(reason: str, figure: float, limit: str, fault: str) -> None:
    assert discard_fault(reason, figure, limit, LIMITS) == fault


def test_a_discard_that_no_gate_made_is_found() -> None:
    row = synthetic.row_of(SPECS[1])
    row["discards"] = [row["discards"][0], row["discards"][1] | {"reason": "whim"}]
    (found,) = check_limits(row, LIMITS)
    assert found.message == "discards[1].reason: no gate has 'whim'"
