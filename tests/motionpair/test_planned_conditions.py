"""What conditions a pair: driving kinds, cameras, references, augmentation, and where clips begin."""

from collections import Counter
from collections.abc import Mapping

import pytest

from motionpair import catalog, fields
from motionpair.planning import make_plan, planner
from motionpair.recipe import Recipe, load_recipe
from motionpair.specs import PLAIN, VOID, PairSpec

SAMPLE = load_recipe("sample")


def _altered(**parts: Mapping[str, object]) -> Recipe:
    """The demo recipe with keys of its parts replaced."""
    data = fields.to_plain(load_recipe("demo"))
    for part, keys in parts.items():
        data[part].update(keys)
    return fields.from_plain(Recipe, data)


def _planned(recipe: Recipe, seeds: int) -> list[PairSpec]:
    return [planner(recipe, seed).candidate(slot, 0) for seed in range(seeds) for slot in range(recipe.pairs)]


@pytest.fixture(scope="module")
def thousand() -> list[PairSpec]:
    """A thousand pairs over the strata of motionpair-100k."""
    plan = make_plan(load_recipe("motionpair-100k"), 4, 1000)
    return [plan.spec(slot) for slot in range(len(plan))]


@pytest.mark.parametrize("seed", [0, 1, 2, 7])
def test_the_sample_shows_all_that_motionpair_100k_has(seed: int) -> None:
    specs = [planner(SAMPLE, seed).candidate(slot, 0) for slot in range(SAMPLE.pairs)]
    assert {s.stratum for s in specs} == {s.name for s in load_recipe("motionpair-100k").strata}
    assert {s.driving_kind for s in specs} == set(catalog.DRIVING_KINDS)
    assert {s.reference.kind for s in specs} == set(catalog.REFERENCE_KINDS)
    assert {extra.kind for s in specs for extra in s.extra_references} == set(catalog.EXTRA_REFERENCES)
    assert {s.driving.estimator.name for s in specs} == set(catalog.ESTIMATORS)
    assert {s.continues for s in specs} == {True, False}
    assert Counter(s.width < s.height for s in specs)[True] > len(specs) / 2
    assert len(specs) == 64


def test_bones_and_bodies_are_driven_by_the_estimated_motion_in_the_targets_view(
    thousand: list[PairSpec],
) -> None:
    weighted = {s.name: s.driving for s in load_recipe("motionpair-100k").strata}
    kinds = Counter(s.driving_kind for s in thousand)
    assert kinds["clip"] > kinds["pose"] > kinds["body_mesh"] > 0
    for spec in thousand:
        assert weighted[spec.stratum].get(spec.driving_kind, 0) > 0
        engine = spec.driving.render.engine
        if spec.driving_kind == "clip":
            assert spec.driving.environment != VOID
            assert engine == spec.target.render.engine
            continue
        assert engine == {"pose": "pose_map", "body_mesh": "body_mesh"}[spec.driving_kind]
        assert spec.mode == "animation"
        assert spec.reverse_driven
        assert spec.target.estimator.name == "exact"
        assert spec.driving.estimator.name in ("accurate", "weak")
        assert spec.driving.environment == VOID
        assert spec.driving.camera == spec.target.camera
        assert (spec.driving.render.preset, spec.driving.render.seed) == ("flat", 0)
        assert spec.target.environment.kind in catalog.ENVIRONMENTS


def test_the_cameras_of_an_animation_pair_look_from_nearly_one_side(thousand: list[PairSpec]) -> None:
    recipe = load_recipe("motionpair-100k")
    gaps = []
    for spec in thousand:
        if spec.mode == "replacement" or spec.driving_kind != "clip":
            continue
        driving, target = spec.driving.camera, spec.target.camera
        ranges = getattr(recipe.cameras, driving.framing)
        gaps.append(driving.azimuth - target.azimuth)
        assert ranges.azimuth[0] <= driving.azimuth <= ranges.azimuth[1]
        assert any(
            a.span[0] <= driving.elevation <= a.span[1] and a.span[0] <= target.elevation <= a.span[1]
            for a in ranges.angles.values()
        )
    widest = recipe.cameras.view_gap
    assert max(map(abs, gaps)) <= widest + 1e-3
    assert max(gaps) > 0.8 * widest
    assert min(gaps) < -0.8 * widest
    assert len({spec.driving.camera.kind == spec.target.camera.kind for spec in thousand}) == 2


def test_reference_kinds_have_about_their_weights(thousand: list[PairSpec]) -> None:
    weights = load_recipe("motionpair-100k").references.kinds
    seen = Counter[str](s.reference.kind for s in thousand)
    for kind, weight in weights.items():
        assert abs(seen[kind] / len(thousand) - weight) < 0.06


def test_references_are_where_the_recipe_says(thousand: list[PairSpec]) -> None:
    references = load_recipe("motionpair-100k").references
    sides, turns = set(), set()
    for spec in thousand:
        reference = spec.reference
        if reference.kind == "other_camera":
            assert references.turn[0] <= abs(reference.turn) <= references.turn[1]
            assert references.lift[0] <= reference.lift <= references.lift[1]
            turns.add(reference.turn > 0)
            continue
        assert (reference.turn, reference.lift) == (0, 0)
        if reference.kind == "out_of_clip":
            away = max(-reference.frame, reference.frame - (spec.frames - 1)) / spec.fps
            assert references.apart[0] <= away <= references.apart[1]
            sides.add(reference.frame < 0)
            for performer in spec.target.performers:
                motion = performer.motion
                shown = motion.start + motion.speed * reference.frame / spec.fps
                assert 0 <= shown < sum(p.seconds for p in motion.phrases)
    assert sides == turns == {True, False}


def test_a_motion_that_reaches_no_further_gives_another_kind_of_reference() -> None:
    # No motion of these has a minute to spare.
    far = {"kinds": {"out_of_clip": 1, "other_camera": 1}, "apart": [60, 60]}
    assert {s.reference.kind for s in _planned(_altered(references=far), 3)} == {"other_camera"}
    near = {"kinds": {"out_of_clip": 1, "other_camera": 1}, "apart": [0, 0]}
    frames = [
        s.reference.frame for s in _planned(_altered(references=near), 6) if s.reference.kind == "out_of_clip"
    ]
    assert set(frames) == {-1, 17}


def test_additional_references_have_their_shares(thousand: list[PairSpec]) -> None:
    shares = load_recipe("motionpair-100k").references.extra
    far = [s for s in thousand if s.target.camera.framing == "full_body"]
    for kind in catalog.EXTRA_REFERENCES:
        seen = sum(any(e.kind == kind for e in s.extra_references) for s in far)
        assert abs(seen / len(far) - shares[kind]) < 0.06
    faces = [e for s in thousand for e in s.extra_references if e.kind == "face"]
    assert {e.performer for e in faces} == {0, 1, 2}
    close = [s for s in thousand if s.target.camera.framing == "close_up"]
    assert {e.kind for s in close for e in s.extra_references} == {"face"}


def test_shares_of_none_and_of_all_are_taken_at_their_word() -> None:
    none = _planned(_altered(references={"extra": {}}), 1)
    assert {s.extra_references for s in none} == {()}
    every = _planned(_altered(references={"extra": {"back": 1, "face": 1}}), 1)
    close = [tuple(e.kind for e in s.extra_references) for s in every if s.stratum.endswith("close-up")]
    assert set(close) == {("face",)}
    assert sum(len(s.extra_references) == 2 for s in every) == len(every) - len(close)


def test_windows_are_cut_and_stretched_within_the_recipes_spans(thousand: list[PairSpec]) -> None:
    augmentation = load_recipe("motionpair-100k").augmentation
    for spec in thousand:
        left, top, width, height = spec.augmentation.window
        if spec.driving_kind == "pose":
            assert spec.augmentation.window == PLAIN.window
            assert set(spec.augmentation.skeleton) == set(catalog.SKELETON_PARTS)
            for part, factor in spec.augmentation.skeleton.items():
                low, high = augmentation.skeleton[part]
                assert low <= factor <= high
            continue
        assert spec.augmentation.skeleton == {}
        if spec.mode == "replacement":  # the target shows all of the driving clip's place, where it is
            assert spec.augmentation == PLAIN
            continue
        assert augmentation.kept[0] - 1e-3 <= max(width, height) <= augmentation.kept[1]
        # Stretched to the whole picture, what is 1 wide becomes 1/width.
        assert augmentation.stretch[0] - 1e-3 <= height / width <= augmentation.stretch[1] + 1e-3
        assert min(left, top) >= 0
        assert max(left + width, top + height) <= 1 + 1e-9


def test_a_share_of_the_pairs_begins_in_the_middle_of_every_motion(thousand: list[PairSpec]) -> None:
    share = load_recipe("motionpair-100k").motions.continues
    continuing = [s for s in thousand if s.continues]
    assert share - 0.05 < len(continuing) / len(thousand) < share + 0.09
    for spec in continuing:
        assert min(p.motion.start for p in spec.target.performers) >= 0.5
    passing = {s.continues for s in thousand if s.formation == "passing"}
    assert passing == {True, False}


@pytest.mark.parametrize("share", [0, 1])
def test_where_clips_begin_can_be_one_way_for_all(share: int) -> None:
    specs = _planned(_altered(motions={"continues": share}), 3)
    begins = [
        s
        for s in specs
        if all("speed" not in p.params for w in s.target.performers for p in w.motion.phrases)
    ]
    assert {s.continues for s in (specs if share else begins)} == {bool(share)}
