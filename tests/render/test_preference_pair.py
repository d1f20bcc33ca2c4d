"""A preference item from its candidates to its files: three clips, judged before they are paid for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from painted_pairs import Painter, painting, row_of

from motionpair import annotations, media, schema
from motionpair.pair_checks import check_media, check_spec
from motionpair.plan import write_plan
from motionpair.planning import candidate, make_plan
from motionpair.recipe import load_recipe
from render import pair as rendering
from render.characters.store import CharacterStore
from render.pair import PairJob

SEED = 0
RECIPE = """base: preferences-demo
name: items
frames: 5
sizes: [{width: 128, height: 128, weight: 1}]
strata:
  - name: hands-animation
    count: 4
    mode: animation
    performers: [1, 1]
    framing: full_body
    motion_speed: [0.5, 0.9]
    motions: {count: 1}
    formations: {}
splits: {train: 1, validation: 0, test: 0}
cast: {size: 4, looks: {realistic: 1, animation_3d: 0, animation_2d: 0}}
limits: {candidates: 4, hand_cells_share: 0, gap_difference: 0, gap_elsewhere: 1, gap_fingertip_px: 0}
"""


@pytest.fixture
def painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[PairJob, Painter]:
    (tmp_path / "items.yaml").write_text(RECIPE)
    return painting(tmp_path / "items.yaml", SEED, tmp_path, monkeypatch)


def staged(job: PairJob, slot: int) -> tuple[dict[str, Any], dict[str, bytes]]:
    folder = job.staging / f"{slot:06d}"
    blobs = {name: (folder / file).read_bytes() for name, file in schema.BLOBS.items()}
    return row_of(job, slot), blobs


def test_an_item_has_three_clips_and_nothing_that_verify_minds(painted: tuple[PairJob, Painter]) -> None:
    job, painter = painted
    record = job.run(0)
    row, blobs = staged(job, 0)
    assert (record["k"], painter.clips) == (0, 3)
    assert [f.message for f in (*check_spec(row), *check_media(row, blobs))] == []
    target, rejected = (media.decode_video(blobs[name]) for name in ("target", "rejected"))
    assert target.shape == rejected.shape == (5, 128, 128, 3)
    assert not np.array_equal(target, rejected)
    arrays = annotations.unpack(blobs["annotations"])
    away = np.linalg.norm(arrays["target/joints3d"] - arrays["rejected/joints3d"], axis=-1)
    assert away[:, :, :22].max() == row["rejected_body_mm"] == 0
    assert away[:, :, 25:].max() > 0.01
    assert row["rejected_fingertip_mm"] >= 15
    assert (row["rejected_region"], row["rejected_rounds"] in (1, 2, 3)) == ("hands", True)


def test_a_candidate_without_a_gap_makes_way_before_a_frame_is_paid_for(
    painted: tuple[PairJob, Painter], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, painter = painted
    plain, tries = rendering.stage_rejected, []

    def first_without_gap(spec: Any, driving: Any, target: Any) -> Any:
        tries.append(spec.k)
        return target if spec.k == 0 else plain(spec, driving, target)

    monkeypatch.setattr(rendering, "stage_rejected", first_without_gap)
    record = job.run(1)
    assert (tries, record["k"], record["discards"]) == ([0, 1], 1, {"no gap": 1})
    assert painter.clips == 3
    row, _ = staged(job, 1)
    assert row["discards"] == [{"reason": "no gap", "figure": 0.0, "limit": "at least 15"}]


def test_a_target_that_is_turned_down_costs_no_rejected_clip(painted: tuple[PairJob, Painter]) -> None:
    job, painter = painted
    painter.black = {1}
    record = job.run(2)
    assert (record["discards"], painter.clips) == ({"too dark": 1}, 2 + 3)


@pytest.mark.blender
@pytest.mark.xdist_group("rendered")
def test_what_the_real_engine_makes_of_an_item_is_clean(tmp_path: Path, characters_folder: Path) -> None:
    text = RECIPE.replace("full_body", "close_up").replace("128", "64").replace("gap_elsewhere: 1, ", "")
    (tmp_path / "items.yaml").write_text(f"{text}rendering: {{target: draft, driving: draft}}\n")
    recipe = load_recipe(tmp_path / "items.yaml")
    write_plan(make_plan(recipe, SEED), tmp_path / "plan.parquet")
    store = CharacterStore(characters_folder)
    store.ensure([c for k in range(2) for c in rendering.cast_of(candidate(recipe, SEED, 0, k))])
    job = PairJob(tmp_path / "plan.parquet", tmp_path / "staging", characters_folder, threads=1, device="cpu")
    job.setup()
    assert job.run(0)["k"] < 2
    row, blobs = staged(job, 0)
    assert [f.message for f in (*check_spec(row), *check_media(row, blobs))] == []
    assert row["rejected_hands_difference"] > 5 * row["rejected_elsewhere_difference"]
