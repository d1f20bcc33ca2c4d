"""A slot from its candidates to its files; feet and framing of staged pairs; one camera for replacement."""

from __future__ import annotations

import hashlib
import json
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from character_cast import CAST
from painted_pairs import Painter, painting, row_of
from rendered_dataset import RECIPE, SEED, Rendered
from samples import phrase, spec

from motionpair import schema, shards
from motionpair.catalog import MOTION_FAMILIES
from motionpair.errors import DataError, MachineError
from motionpair.planning import candidate
from motionpair.recipe import load_recipe
from motionpair.specs import Reference
from render import footing
from render import pair as rendering
from render.characters.skinning import skin
from render.characters.store import CharacterStore
from render.engines import open_engine
from render.motions import perform
from render.pair import NoCandidateError, PairJob
from render.retarget import retarget
from render.scene import Scene
from render.stage import stage_pair

FPS = 16


@pytest.fixture
def painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[PairJob, Painter]:
    """The job with a painter for an engine and mannequins for a cast; everybody waves."""
    waving = tmp_path / "waving.yaml"
    text = RECIPE.read_text().replace("motions: {}", "motions: {wave: 1}")
    waving.write_text(text + "\nlimits: {candidates: 3}\nmotions: {families: {wave: 1}}\n")
    return painting(waving, SEED, tmp_path, monkeypatch)


def test_the_record_tells_exactly_the_files_that_were_staged(painted: tuple[PairJob, Painter]) -> None:
    job, _ = painted
    record = job.run(4)
    folder = job.staging / "000004"
    found = {
        path.name: {
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in folder.iterdir()
    }
    assert record["files"] == found
    assert set(found) == {"row.json", *schema.BLOBS.values()}
    assert [p.name for p in job.staging.iterdir()] == ["000004"]
    assert (record["slot"], record["k"], record["discards"]) == (4, 0, {})
    assert record["pair_id"] == job.item_name(4) == row_of(job, 4)["pair_id"]
    assert row_of(job, 4)["device_class"] == "cpu/paint"
    assert {"stage", "render", "annotate", "encode", "commit"} <= set(record["seconds"])


def test_a_discarded_candidate_is_replaced_by_the_next_which_tells_of_it(
    painted: tuple[PairJob, Painter],
) -> None:
    job, painter = painted
    painter.black = {0, 3}  # the driving clip of candidate 0, the target clip of candidate 1
    record = job.run(2)
    assert (record["k"], record["discards"]) == (2, {"too dark": 2})
    row = row_of(job, 2)
    recipe = load_recipe(job.plan_path.parent / "waving.yaml")
    third = candidate(recipe, SEED, 2, 2)
    dark = {"reason": "too dark", "figure": 0.0, "limit": f"at least {255 * recipe.limits.exposure[0]:.4g}"}
    assert (row["k"], row["discards"]) == (2, [dark, dark])
    assert (row["spec"], row["spec_hash"]) == (third.to_json(), third.spec_hash)
    assert record["spec_hash"] == third.spec_hash
    first = candidate(recipe, SEED, 2, 0)
    assert (third.stratum, third.split, third.mode) == (first.stratum, first.split, first.mode)
    assert third.driving.performers != first.driving.performers


def test_a_slot_without_a_sound_candidate_raises_and_leaves_nothing(
    painted: tuple[PairJob, Painter],
) -> None:
    job, painter = painted
    painter.black = set(range(0, 6, 2))
    with pytest.raises(
        NoCandidateError, match="slot 0: all 3 candidates discarded: too dark: 0, accepted"
    ) as error:
        job.run(0)
    assert [d["reason"] for d in error.value.discards] == ["too dark"] * 3
    assert not job.staging.exists()


def test_running_a_slot_again_replaces_what_a_dead_driver_never_heard_of(
    painted: tuple[PairJob, Painter],
) -> None:
    job, _ = painted
    first = job.run(2)
    (job.staging / "000002" / "row.json").write_text("half")
    assert job.run(2)["files"] == first["files"]
    assert row_of(job, 2)["slot"] == 2


def test_a_job_travels_to_workers_without_what_it_opened(painted: tuple[PairJob, Painter]) -> None:
    job, _ = painted
    job.item_name(0)
    sent = pickle.dumps(job)
    assert pickle.loads(sent) == job
    assert len(sent) < 1000


def test_a_missing_or_damaged_character_is_one_clear_error(
    painted: tuple[PairJob, Painter], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = painted
    monkeypatch.setattr(rendering, "CharacterStore", CharacterStore)
    job.setup()
    with pytest.raises(MachineError, match="missing or damaged"):
        job.run(2)
    job.store_root.mkdir()
    for name in ("driving", "target"):
        (performer,) = getattr(
            candidate(load_recipe(job.plan_path.parent / "waving.yaml"), SEED, 2, 0), name
        ).performers
        CharacterStore(job.store_root).path(performer.character).write_bytes(b"\x80\x04not a bake")
    with pytest.raises(MachineError, match="missing or damaged") as error:
        job.run(2)
    assert isinstance(error.value.__cause__, DataError)
    assert str(job.store_root) not in str(error.value)


@pytest.mark.parametrize("family", MOTION_FAMILIES)
def test_feet_stay_planted_whoever_moves(family: str, character_store: CharacterStore) -> None:
    standing = 0
    for number, character in enumerate(CAST):
        baked = character_store.load(character)
        for speed in (0.9, 1.1):
            motion = perform(spec(phrase(family, number), seed=number, speed=speed), FPS, 33)
            pose = retarget(motion, baked, (0.3, -0.2), 0.7)
            feet = footing.measure(baked, pose, FPS)
            assert feet.slide_p95_mm <= 5, (character.character_id, speed, feet)
            assert feet.penetration_mm <= 10, (character.character_id, speed, feet)
            standing += int(pose.contacts.any(axis=1).sum())
    # Figures of feet that never touch the ground would say nothing; those on the floor rest on other parts.
    assert standing > 33 or MOTION_FAMILIES[family].group == "floor"


def test_exact_clips_of_the_rendered_cast_keep_their_feet_and_stay_in_the_picture(rendered: Rendered) -> None:
    """Over 17 frames each, longer than those that are rendered."""
    recipe, store = rendered.plan.recipe, rendered.store
    seen: set[str] = set()
    for slot in range(len(rendered.plan)):
        for k in range(3):
            pair = candidate(recipe, SEED, slot, k)
            pair = replace(pair, frames=17, reference=Reference("in_clip", 0))
            for clip, staged in zip((pair.driving, pair.target), stage_pair(pair, store), strict=True):
                if clip.camera.framing == "full_body":
                    assert_inside(staged.scene, pair.pair_id)
                if clip.estimator.name != "exact":
                    continue
                for actor, performer in zip(staged.scene.actors, clip.performers, strict=True):
                    feet = footing.measure(actor.character, actor.pose, pair.fps)
                    assert feet.slide_p95_mm <= 5, (slot, k, feet)
                    assert feet.penetration_mm <= 10, (slot, k, feet)
                    seen.add(performer.character.character_id)
    assert seen == {c.character_id for c in rendered.plan.characters()}


def assert_inside(scene: Scene, name: str) -> None:
    """Every vertex of everybody is in the picture, in every frame."""
    size = np.array([scene.camera.width, scene.camera.height])
    for actor in scene.actors:
        for part in actor.character.parts:
            pixels, depth = scene.camera.project(skin(part, actor.character.rig, actor.pose))
            assert (depth > 0).all(), (name, part.name)
            assert ((pixels >= 0) & (pixels <= size)).all(), (name, part.name)


def test_clips_show_other_people_in_the_same_motion(rendered: Rendered) -> None:
    for slot in range(len(rendered.plan)):
        pair = rendered.plan.spec(slot)
        driving, target = stage_pair(pair, rendered.store)
        people = [a.character.character_json for s in (driving, target) for a in s.scene.actors]
        assert len(set(people)) == 2 * len(pair.target.performers)
        for a, b in zip(driving.scene.actors, target.scene.actors, strict=True):
            assert a.slot == b.slot
            assert np.array_equal(a.pose.contacts, b.pose.contacts)
        assert (driving.scene.environment == target.scene.environment) == (pair.mode == "replacement")


@pytest.mark.blender
@pytest.mark.xdist_group("rendered")
def test_with_its_characters_hidden_a_replacement_pair_is_one_clip(rendered: Rendered) -> None:
    engine = open_engine("blender", threads=1, device="cpu")
    (pair,) = (
        s for i in range(len(rendered.plan)) if (s := rendered.plan.spec(i)).stratum == "multi-replacement"
    )
    driving, target = (engine.render(replace(s.scene, actors=())) for s in stage_pair(pair, rendered.store))
    assert driving.rgb.tobytes() == target.rgb.tobytes()
    assert driving.depth.tobytes() == target.depth.tobytes()
    assert not driving.index.any()
    assert driving.rgb.std() > 10


@pytest.mark.blender
@pytest.mark.xdist_group("rendered")
def test_a_fresh_process_with_two_threads_makes_the_same_bytes(rendered: Rendered, tmp_path: Path) -> None:
    row = max(rendered.dataset.rows(), key=lambda r: r["slot"])
    code = (
        "import sys; from pathlib import Path; from render.pair import PairJob; a = sys.argv;"
        "job = PairJob(Path(a[1]), Path(a[2]), Path(a[3]), threads=2); job.setup(); job.run(int(a[4]))"
    )
    words = [rendered.out / "plan.parquet", tmp_path, rendered.cache, row["slot"]]
    subprocess.run([sys.executable, "-c", code, *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    folder = tmp_path / f"{row['slot']:06d}"
    for column, name in schema.BLOBS.items():
        place = row[column]
        kept = shards.read_blob(rendered.dataset.location, place["offset"], place["length"], place["shard"])
        assert (folder / name).read_bytes() == kept, column
    made = json.loads((folder / "row.json").read_text())
    assert made == {name: row[name] for name in made}
