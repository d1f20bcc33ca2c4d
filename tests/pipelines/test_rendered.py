"""A dataset that the real command line rendered: what it holds, how it reads, what kills do to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import processes
import pytest
from processes import Driver, events, until
from rendered_dataset import COMMAND_LINE, RECIPE, SEED, Rendered
from typer.testing import CliRunner

from motionpair import masks, verify
from motionpair.palette import ENVIRONMENT, slot_label
from motionpair.schema import check_row
from pipelines.cli import app
from pipelines.status import read_status

pytestmark = [pytest.mark.blender, pytest.mark.xdist_group("rendered")]

STRATA = {
    "multi-animation",
    "multi-replacement",
    "pose-driven",
    "single-animation",
    "single-animation-close-up",
    "single-replacement",
}
PAIR_SECONDS = 300.0
"""What a few pairs may take on a busy machine."""

runner = CliRunner()


@pytest.fixture(autouse=True)
def _leave_nobody_behind() -> Iterator[None]:
    yield
    for driver in Driver.started:
        if driver.process.poll() is None:
            driver.kill_everything()


def generate(out: Path, *more: str, recipe: Path = RECIPE, workers: int = 1) -> Driver:
    words = ["--recipe", str(recipe), "--seed", str(SEED), "--out", str(out), "--workers", str(workers)]
    return Driver(out.parent, "generate", *words, *more, program=COMMAND_LINE)


def contents(root: Path) -> dict[str, str]:
    """sha256 by file, of all that is the same in every run."""
    return {
        str(path.relative_to(root)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "runs" not in path.relative_to(root).parts
    }


def test_it_is_clean_and_holds_every_sub_task_and_look(rendered: Rendered) -> None:
    assert verify.verify(rendered.out) == []
    rows = list(rendered.dataset.rows())
    assert {row["stratum"] for row in rows} == STRATA
    looks = {look for row in rows for look in (*row["driving_looks"], *row["target_looks"])}
    assert looks == {"realistic", "animation_3d", "animation_2d"}
    assert {row["reverse_driven"] for row in rows} == {True, False}
    assert {row["reference_kind"] for row in rows} == {"in_clip", "out_of_clip", "other_camera"}
    assert {kind for row in rows for kind in row["extra_references"]} == {"back", "face"}
    assert sorted(p.name for p in (rendered.out / "shards").iterdir()) == [
        f"shard-{i:05d}.parquet" for i in range(3)
    ]
    assert not (rendered.out / "staging").exists()


def test_rows_are_those_of_the_plans_candidates(rendered: Rendered) -> None:
    hashes = rendered.dataset.manifest.characters
    for row in rendered.dataset.rows():
        spec = check_row({k: v for k, v in row.items() if not isinstance(v, dict)})
        assert spec.spec_hash == row["spec_hash"]
        assert spec.driving.performers[0].motion == spec.target.performers[0].motion
        people = [*row["driving_characters"], *row["target_characters"]]
        assert len(set(people)) == len(people)
        assert row["character_hashes"] == [hashes[name] for name in people]
        assert row["device_class"].startswith("cpu/")
        assert len(row["discards"]) == row["k"]


def test_masks_bind_by_colour_and_say_where_the_environment_comes_from(rendered: Rendered) -> None:
    for row in rendered.dataset.rows():
        found = {part: rendered.dataset.labels(row, f"{part}_mask") for part in masks.PARTS}
        bound = {slot_label(slot) for slot in row["slots"]}
        for part, labels in found.items():
            background = masks.background_label(part, row["mode"])
            assert set(np.unique(labels).tolist()) == bound | {background}
        white = [part for part in ("driving", "reference") if (found[part] == ENVIRONMENT).any()]
        assert white == (["reference"] if row["mode"] == "animation" else ["driving"])
        if row["reference_kind"] != "in_clip":
            continue
        at = row["reference_frame"]
        for label in bound:
            assert np.array_equal(found["reference"] == label, found["target"][at] == label)


def test_clips_move_and_differ(rendered: Rendered) -> None:
    for row in rendered.dataset.rows():
        driving, target = (rendered.dataset.video(row, c).astype(int) for c in ("driving", "target"))
        assert np.abs(np.diff(target, axis=0)).mean() > 0.2
        people = rendered.dataset.labels(row, "target_mask") > ENVIRONMENT
        assert np.abs(driving - target)[people].mean() > 15
        if row["mode"] == "replacement":
            alone = ~people & ~(rendered.dataset.labels(row, "driving_mask") > ENVIRONMENT)
            assert np.abs(driving - target)[alone].mean() < 12  # bounced light, codec and denoiser


def test_references_show_their_characters_as_no_frame_of_the_clip_does(rendered: Rendered) -> None:
    seen = set()
    for row in rendered.dataset.rows():
        shown = [f"reference_{kind}" for kind in row["extra_references"]]
        if row["reference_kind"] != "in_clip":
            shown.append("reference")
        target = rendered.dataset.labels(row, "target_mask")
        for column in shown:
            seen.add(row["reference_kind"] if column == "reference" else column)
            labels = rendered.dataset.labels(row, f"{column}_mask")
            outlines = (target > ENVIRONMENT) != (labels > ENVIRONMENT)
            assert outlines.mean(axis=(1, 2)).min() > 0.01, (row["pair_id"], column)
        for kind in {"back", "face"} - set(row["extra_references"]):
            assert row[f"reference_{kind}"]["length"] == row[f"reference_{kind}_mask"]["length"] == 0
    assert seen == {"out_of_clip", "other_camera", "reference_back", "reference_face"}


def extent(mask: np.ndarray) -> tuple[int, int, int, int]:
    """First and last row, first and last column of a mask (H, W)."""
    rows, columns = np.nonzero(mask)
    return int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())


def test_a_pose_driven_clip_shows_bones_on_black_where_the_target_is(rendered: Rendered) -> None:
    (row,) = (row for row in rendered.dataset.rows() if row["stratum"] == "pose-driven")
    assert (row["driving_kind"], row["driving_engine"]) == ("pose", "pose_map")
    assert "opengl/" in row["device_class"]
    driving = rendered.dataset.video(row, "driving")
    bones = rendered.dataset.labels(row, "driving_mask") > ENVIRONMENT
    target = rendered.dataset.labels(row, "target_mask") > ENVIRONMENT
    assert driving[bones].max(axis=-1).mean() > 60
    assert driving[~bones].mean() < 12  # the codec's ringing
    # One camera and one place to stand, whoever is taller.
    for drawn, shown in zip(bones, target, strict=True):
        (_, low, left, right), (_, ground, start, end) = extent(drawn), extent(shown)
        assert abs(low - ground) < 0.06 * row["height"]
        assert left < end
        assert start < right
    arrays = rendered.dataset.annotations(row)
    assert arrays["driving/joint_visible"].mean() > 0.5
    assert np.array_equal(arrays["driving/camera_position"], arrays["target/camera_position"])


def test_every_command_reads_it(rendered: Rendered, tmp_path: Path) -> None:
    out = str(rendered.out)
    for words in (
        ["verify", out],
        ["status", out],
        ["estimate", str(rendered.out / "plan.parquet"), "--from", out],
        *(
            ["show", out, row["pair_id"], "--out", str(tmp_path / f"{row['pair_id']}.jpg")]
            for row in rendered.dataset.rows()
        ),
    ):
        result = runner.invoke(app, words)
        assert result.exit_code == 0, (words, result.output)
    assert len(list(tmp_path.glob("*.jpg"))) == len(STRATA)
    assert verify.verify(rendered.out) == []  # reading has changed nothing


@pytest.mark.slow
def test_kills_of_a_worker_and_of_the_driver_end_in_the_same_bytes(
    rendered: Rendered, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    driver = generate(out)
    until(lambda: events(out, "commit"), "a first commit", PAIR_SECONDS)
    (worker,) = driver.workers()
    processes.kill(worker)  # at work on the second pair
    until(lambda: len(events(out, "commit")) >= 2, "a commit after a worker's death", PAIR_SECONDS)
    family = [*driver.workers(), driver.child("raylet"), driver.child("gcs_server")]
    driver.kill()  # the driver alone, at work on the third
    assert worker not in family
    assert len(events(out, "commit")) < len(STRATA)
    until(lambda: all(processes.command(pid) == "-" for pid in family), "Ray to end with its driver")
    assert read_status(out).holder is None
    assert not (out / "manifest.json").exists()

    driver = generate(out, workers=2)
    assert driver.wait(PAIR_SECONDS) == 0, driver.said()
    assert contents(out) == contents(rendered.out)
    made = [event["item"] for event in events(out, "commit")]
    assert sorted(made) == list(range(len(STRATA)))  # none lost, none made twice


@pytest.mark.slow
def test_a_slot_whose_candidates_are_all_discarded_is_quarantined(rendered: Rendered, tmp_path: Path) -> None:
    recipe = tmp_path / "restless.yaml"
    recipe.write_text(RECIPE.read_text() + "\nlimits: {motion_energy: 10, candidates: 2}\n")
    out = tmp_path / "out"
    driver = generate(out, "--limit", "1", recipe=recipe)
    assert driver.wait(PAIR_SECONDS) == 3, driver.said()
    assert "1 quarantined (quarantine.jsonl; --retry-quarantined tries again)" in driver.said()
    line = json.loads((out / "quarantine.jsonl").read_text())
    assert (line["slot"], line["reason"]) == (0, "NoCandidateError")
    assert line["message"].startswith("slot 0: all 2 candidates discarded: too still: ")
    assert line["message"].count("accepted: at least 10") == 2
    assert verify.verify(out) == []
    result = runner.invoke(app, ["status", str(out)])
    assert result.exit_code == 0, result.output
