import cmath
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionpair import catalog, fields
from motionpair.cast import identity_distance, members
from motionpair.errors import InputError
from motionpair.plan import Plan
from motionpair.planning import candidate, make_plan
from motionpair.recipe import Recipe, load_recipe, recipe_from_json
from motionpair.specs import MotionSpec, PairSpec

DEMO = load_recipe("demo")


def _small(size: int = 60, scale: int = 100) -> Recipe:
    """The whole recipe at a `scale`-th of its counts."""
    data = fields.to_plain(load_recipe("motionpair-60k"))
    for stratum in data["strata"]:
        stratum["count"] = round(stratum["count"] / scale)
    data["cast"]["size"] = size
    return fields.from_plain(Recipe, data)


SMALL = _small()
SLOTS = st.integers(0, SMALL.pairs - 1)
SEEDS = st.integers(0, 2**63 - 1)
FEW_SEEDS = st.sampled_from([0, 1, 2**31, 2**63 - 1])


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(SMALL, 5)


def _specs(plan: Plan) -> list[PairSpec]:
    return [plan.spec(slot) for slot in range(len(plan))]


def _sub_task(spec: PairSpec) -> tuple[str, bool, str]:
    return spec.mode, len(spec.target.performers) > 1, spec.target.camera.framing


def test_every_stratum_has_its_exact_count(plan: Plan) -> None:
    counts = Counter(plan.table["stratum"].to_pylist())
    assert counts == {s.name: s.count for s in SMALL.strata}
    assert len(plan) == SMALL.pairs


def test_demo_has_every_sub_task() -> None:
    tasks = Counter(_sub_task(spec) for spec in _specs(make_plan(DEMO, 0)))
    assert tasks == {
        ("animation", False, "full_body"): 3,
        ("animation", False, "close_up"): 1,
        ("animation", True, "full_body"): 1,
        ("replacement", False, "full_body"): 2,
        ("replacement", True, "full_body"): 1,
    }


@given(SLOTS)
@settings(max_examples=20, deadline=None)
def test_any_prefix_holds_each_stratum_in_proportion(plan: Plan, limit: int) -> None:
    counts = Counter(plan.table["stratum"].to_pylist()[:limit])
    for stratum in SMALL.strata:
        assert abs(counts[stratum.name] - limit * stratum.count / SMALL.pairs) <= 1


def test_a_limited_plan_is_the_prefix_of_the_whole_one(plan: Plan) -> None:
    short = make_plan(SMALL, 5, 37)
    assert short.table.equals(plan.table.slice(0, 37).combine_chunks())
    assert short.hash != plan.hash


def test_no_character_and_no_motion_is_in_two_splits(plan: Plan) -> None:
    homes: dict[str, set[str]] = {}
    for spec in _specs(plan):
        for clip in (spec.driving, spec.target):
            for performer in clip.performers:
                for name in (performer.character.character_id, performer.motion.motion_id):
                    homes.setdefault(name, set()).add(spec.split)
    assert {len(splits) for splits in homes.values()} == {1}
    dealt = Counter(plan.table["split"].to_pylist())
    for split in ("train", "validation", "test"):
        assert abs(dealt[split] - SMALL.pairs * getattr(SMALL.splits, split)) <= 1
    by_id = {m.character.character_id: m.split for m in members(SMALL, 5)}
    assert all(homes[name] == {by_id[name]} for name in homes if name in by_id)


def test_each_motion_belongs_to_one_pair(plan: Plan) -> None:
    names = Counter(name for ids in plan.table["motion_ids"].to_pylist() for name in ids)
    assert set(names.values()) == {1}
    assert len(set(plan.table["pair_id"].to_pylist())) == len(plan)


@given(SLOTS, st.integers(0, 50), FEW_SEEDS)
@settings(max_examples=60, deadline=None)
def test_a_pair_is_what_the_paper_means_by_one(slot: int, k: int, seed: int) -> None:
    spec = candidate(SMALL, seed, slot, k)
    driving, target = spec.driving, spec.target
    assert (spec.slot, spec.k) == (slot, k)
    cast = [p.character for p in driving.performers + target.performers]
    assert len({c.character_id for c in cast}) == len(cast) == 2 * len(target.performers)
    for a, b in combinations(cast, 2):
        shape, colour = identity_distance(a, b)
        assert shape >= SMALL.limits.shape_distance
        assert colour >= SMALL.limits.colour_distance
    for p, q in zip(driving.performers, target.performers, strict=True):
        assert (p.motion, p.slot, p.position, p.heading) == (q.motion, q.slot, q.position, q.heading)
    slots = [p.slot for p in target.performers]
    assert len(set(slots)) == len(slots)
    assert set(slots) <= set(range(1, 7))
    for clip in (driving, target):
        toon = {p.character.look == "animation_2d" for p in clip.performers}
        assert toon == {clip.render.style == "toon"}
    if spec.mode == "replacement":
        assert (driving.environment, driving.camera) == (target.environment, target.camera)
        assert driving.render == target.render
    else:
        assert driving.environment.kind != target.environment.kind
        assert driving.camera.seed != target.camera.seed
    exact, estimated = (target, driving) if spec.reverse_driven else (driving, target)
    assert exact.estimator.name == "exact"
    assert estimated.estimator.name in ("accurate", "weak")


@given(SLOTS, st.integers(0, 50), FEW_SEEDS)
@settings(max_examples=30, deadline=None)
def test_specs_stay_in_the_recipes_and_the_catalogues_ranges(slot: int, k: int, seed: int) -> None:
    spec = candidate(SMALL, seed, slot, k)
    stratum = next(s for s in SMALL.strata if s.name == spec.stratum)
    for clip in (spec.driving, spec.target):
        builder = catalog.ENVIRONMENTS[clip.environment.kind]
        assert clip.environment.hdri in builder.hdris
        assert set(clip.environment.params) == set(builder.params)
        for name, value in clip.environment.params.items():
            assert builder.params[name].low <= value <= builder.params[name].high
        for colour, choice in zip(clip.environment.colours, builder.colours.values(), strict=True):
            assert colour in choice
        assert clip.camera.framing == stratum.framing
        for performer in clip.performers:
            motion = performer.motion
            shown = motion.speed * spec.frames / spec.fps
            assert 0 <= motion.start <= sum(p.seconds for p in motion.phrases) - shown
            for phrase in motion.phrases:
                family = catalog.MOTION_FAMILIES[phrase.family]
                assert set(phrase.params) == set(family.params)
                for name, value in phrase.params.items():
                    assert family.params[name].low <= value <= family.params[name].high


@given(SLOTS, st.integers(1, 20), SEEDS)
@settings(max_examples=8, deadline=None)
def test_another_candidate_keeps_the_sub_task_and_draws_the_rest_anew(slot: int, k: int, seed: int) -> None:
    first, other = candidate(SMALL, seed, slot, 0), candidate(SMALL, seed, slot, k)
    for name in ("pair_id", "stratum", "mode", "split"):
        assert getattr(first, name) == getattr(other, name)
    assert len(first.target.performers) == len(other.target.performers)
    assert first.target.performers[0].motion != other.target.performers[0].motion
    assert first.target.environment != other.target.environment
    assert first.spec_hash != other.spec_hash


@given(st.permutations([(slot, k) for slot in (0, 3, 7) for k in (0, 1, 4)]))
@settings(max_examples=10, deadline=None)
def test_a_candidate_depends_on_its_arguments_alone(order: list[tuple[int, int]]) -> None:
    expected = {(slot, k): candidate(DEMO, 11, slot, k) for slot in (0, 3, 7) for k in (0, 1, 4)}
    copy = recipe_from_json(DEMO.json)
    for slot, k in order:
        assert candidate(copy, 11, slot, k) == expected[slot, k]


def test_the_plan_holds_the_candidates_themselves(plan: Plan) -> None:
    for slot in (0, 1, 100, len(plan) - 1):
        spec = candidate(SMALL, 5, slot, 0)
        assert plan.spec(slot) == spec
        assert plan.table["spec"][slot].as_py() == spec.to_json()
        assert plan.table["spec_hash"][slot].as_py() == spec.spec_hash
    assert fields.from_plain(PairSpec, fields.to_plain(spec)) == spec


def test_seeds_give_different_plans() -> None:
    assert len({make_plan(DEMO, seed).hash for seed in range(5)}) == 5


def test_shares_of_looks_and_reverse_driving_are_met(plan: Plan) -> None:
    specs = _specs(plan)
    reverse = sum(s.reverse_driven for s in specs) / len(specs)
    assert 0.9 < reverse < 0.99
    for look, weight in SMALL.cast.looks.items():
        shown = sum(s.target.performers[0].character.look == look for s in specs) / len(specs)
        assert abs(shown - weight) < 0.08


def test_performers_stand_and_move_as_their_formation_says() -> None:
    seen = set()
    for slot in range(SMALL.pairs):
        spec = candidate(SMALL, 2, slot, 0)
        who = spec.target.performers
        seen.add((spec.formation, len(who)))
        assert (spec.formation == "alone") == (len(who) == 1)
        motions = [p.motion for p in who]
        families = {p.family for m in motions for p in m.phrases}
        if spec.formation == "duet":
            first, second = who
            assert all(catalog.MOTION_FAMILIES[f].duet for f in families)
            roles = [m.phrases[0].params["role"] for m in motions]
            assert roles == [0, 1]
            assert motions[0].seed == motions[1].seed
            across = complex(*second.position) - complex(*first.position)
            for performer, way in ((first, across), (second, -across)):
                faces = cmath.exp(1j * (performer.heading - cmath.pi / 2))
                assert abs(cmath.phase(way / faces)) < 1e-3
        else:
            assert not any(catalog.MOTION_FAMILIES[f].duet for f in families)
        if spec.formation == "mirrored":
            assert all(m.phrases == motions[0].phrases for m in motions)
            assert motions[0].mirrored != motions[1].mirrored
        if spec.formation == "passing":
            gaps = [abs(a.position[1] - b.position[1]) for a, b in combinations(who, 2)]
            assert min(gaps) > 0.7
            assert all(len(m.phrases) == 1 and "speed" in m.phrases[0].params for m in motions)
        for motion in motions:
            alone = [catalog.MOTION_FAMILIES[p.family].alone for p in motion.phrases]
            assert not any(alone) or len(alone) == 1
    assert {f for f, _ in seen} == {"alone", *SMALL.stage.formations}
    assert ("duet", 3) not in seen


def test_families_lead_clips_as_often_as_their_weights_say(plan: Plan) -> None:
    weights = SMALL.motions.families
    leads = Counter(
        s.target.performers[0].motion.phrases[0].family
        for s in _specs(plan)
        if s.stratum == "single-animation"
    )
    total = sum(weights.values())
    for family, weight in weights.items():
        expected = 319 * weight / total
        assert abs(leads[family] - expected) < 4.5 * expected**0.5 + 2


def test_cameras_move_as_their_kind_says(plan: Plan) -> None:
    cameras = [c.camera for s in _specs(plan) for c in (s.driving, s.target)]
    assert {c.kind for c in cameras} == set(catalog.CAMERA_KINDS)
    for camera in cameras:
        assert (camera.move != 0) == (camera.kind in ("pan", "dolly", "orbit", "zoom"))
        assert (camera.shake != 0) == (camera.kind == "handheld")
    blurred = [c.f_stop > 0 for c in cameras if c.framing == "close_up"]
    assert 0.25 < sum(blurred) / len(blurred) < 0.55
    assert not any(c.f_stop > 0 for c in cameras if c.framing == "full_body")
    heights = Counter(
        (c.elevation > 0.18) - (c.elevation < -0.03) for c in cameras if c.framing == "full_body"
    )
    assert min(heights.values()) > 0.1 * len(cameras) / 2


@pytest.mark.parametrize("seed", range(40))
def test_any_seed_can_be_planned(seed: int) -> None:
    assert len(make_plan(DEMO, seed)) == 8


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="slot: expected 0 to 7, got 8"):
        candidate(DEMO, 0, 8, 0)
    with pytest.raises(InputError, match="k: expected 0 or more"):
        candidate(DEMO, 0, 0, -1)
    with pytest.raises(InputError, match="limit: expected 1 to 8, got 9"):
        make_plan(DEMO, 0, 9)
    with pytest.raises(InputError, match="seed: expected 0 to"):
        make_plan(DEMO, -1)


def test_a_cast_that_is_all_alike_is_refused() -> None:
    data = fields.to_plain(DEMO)
    data["limits"]["shape_distance"] = 0.9
    with pytest.raises(InputError, match=r"cast: member \d+ came too close .* accepted: lower limits"):
        make_plan(fields.from_plain(Recipe, data), 0)


def _way_from_the_middle(spec: PairSpec, motion: MotionSpec) -> float:
    """Metres that the way leads at most from where it is in the clip's middle, integrated in small steps."""
    step, place, heading, at = 0.02, 0j, 0.0, 0.0
    shown = motion.speed * spec.frames / spec.fps
    track = []
    for phrase in motion.phrases:
        for _ in range(round(phrase.seconds / step)):
            heading += phrase.params.get("curve", 0.0) * step
            place += phrase.params.get("speed", 0.0) * step * cmath.exp(1j * heading)
            at += step
            if motion.start <= at <= motion.start + shown:
                track.append(place)
    return max(abs(p - track[len(track) // 2]) for p in track)


def test_walkers_stay_on_ground_that_is_free_of_things(plan: Plan) -> None:
    walked = 0
    for slot in range(0, len(plan), 2):
        spec = plan.spec(slot)
        free = min(clip.environment.params["clear"] for clip in (spec.driving, spec.target))
        for performer in spec.target.performers:
            way = _way_from_the_middle(spec, performer.motion)
            walked += way > 0
            assert way + 0.7 < free
    assert walked > 20
