"""Evaluations: resumable, of one thing, and what their tables say."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_models import small_run
from typer.testing import CliRunner

from model.evaluation.baselines import BASELINES
from model.evaluation.evaluation import Evaluation, chosen
from model.evaluation.page import write_page
from model.evaluation.regions import REGIONS
from model.evaluation.scores import ALL, CODEC, METHODS, MODEL, PairScores, summarise
from model.evaluation.strips import strip
from model.sampling.adapters import FILES
from model.sampling.opening import facts_of, open_sampler
from model.sampling.sampler import pair_seed
from motionpair import media
from motionpair.dataset import Dataset
from motionpair.errors import DataError, InputError
from pipelines.cli import app


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_run(tmp_path_factory.mktemp("runs") / "run")


def evaluate(run: Path, data: Path, out: Path, *words: object, status: int = 0) -> str:
    fast = ("--steps", "1", "--device", "cpu", "--split", "train")
    done = CliRunner().invoke(
        app, ["eval", "--run", str(run), "--data", str(data), "--out", str(out), *fast, *map(str, words)]
    )
    assert done.exit_code == status, done.output
    if status:
        assert done.output.count("\n") == 1
    return done.output


@pytest.fixture(scope="module")
def evaluated(run: Path, blobs_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All training pairs, evaluated."""
    out = tmp_path_factory.mktemp("evaluated") / "eval"
    said = evaluate(run, blobs_dataset, out)
    assert str(out / "index.html") in said.replace("\n", "")
    return out


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_pair_s_figures_are_those_of_its_clips(evaluated, blobs: Dataset):
    row = next(row for row in blobs.rows() if row["split"] == "train")
    target = blobs.video(row, "target").astype(float)
    scores = PairScores.read(evaluated / "pairs" / f"{row['pair_id']}.json")
    character = blobs.labels(row, "target_mask") > 1
    for method, clip in {
        "copy the reference": np.broadcast_to(blobs.reference(row), target.shape),
        "copy the driving": blobs.video(row, "driving"),
        "repeat the first target frame": np.broadcast_to(target[0], target.shape),
    }.items():
        apart = ((clip - target) ** 2)[character].mean()
        expected = 10 * np.log10(255**2 / apart)
        assert scores.scores[method]["character"]["psnr"] == pytest.approx(expected, abs=1e-5)
    assert scores.shares["character"] == pytest.approx(character.mean(), abs=1e-6)
    assert tuple(scores.scores) == METHODS
    assert scores.scores[CODEC]["frame"]["psnr"] > scores.scores[MODEL]["frame"]["psnr"]


def test_what_the_model_made_is_kept(evaluated, blobs: Dataset):
    train = [row for row in blobs.rows() if row["split"] == "train"]
    for row in train:
        clip = media.decode_video((evaluated / "videos" / f"{row['pair_id']}.mp4").read_bytes())
        target = blobs.video(row, "target")
        apart = ((clip.astype(float) - target) ** 2).mean()
        scores = PairScores.read(evaluated / "pairs" / f"{row['pair_id']}.json")
        assert 10 * np.log10(255**2 / apart) == pytest.approx(scores.scores[MODEL]["frame"]["psnr"], abs=0.5)
        assert Image.open(evaluated / "strips" / f"{row['pair_id']}.webp").width > 300


def test_the_tables_are_the_means_of_the_pairs(evaluated):
    pairs = [PairScores.read(path) for path in sorted((evaluated / "pairs").iterdir())]
    found = json.loads((evaluated / "scores.json").read_text())
    assert found["pairs"][ALL] == len(pairs)
    for method in METHODS:
        psnr = [pair.scores[method]["character"]["psnr"] for pair in pairs]
        assert found["means"][ALL][method]["character"]["psnr"] == pytest.approx(np.mean(psnr), abs=1e-5)
    lines = list(csv.DictReader((evaluated / "scores.csv").open()))
    assert len(lines) == sum(len(regions) for pair in pairs for regions in pair.scores.values())
    first = lines[0]
    of = next(pair for pair in pairs if pair.pair_id == first["pair_id"])
    assert float(first["psnr"]) == of.scores[first["method"]][first["region"]]["psnr"]


def test_the_page_shows_every_pair_and_runs_nothing(evaluated):
    page = (evaluated / "index.html").read_text()
    for path in (evaluated / "pairs").iterdir():
        assert f'src="strips/{path.stem}.webp"' in page
        assert f'href="videos/{path.stem}.mp4"' in page
    for word in (*REGIONS, *METHODS):
        assert word in page
    assert "<script" not in page


def test_a_stopped_evaluation_goes_on_and_ends_the_same(evaluated, run, blobs_dataset, tmp_path):
    out = tmp_path / "again"
    evaluate(run, blobs_dataset, out, "--limit", "1")
    (done,) = (out / "pairs").iterdir()
    before = done.stat().st_mtime_ns
    evaluate(run, blobs_dataset, out)
    assert files(out) == files(evaluated)
    assert done.stat().st_mtime_ns == before


def test_a_folder_of_something_else_is_refused(evaluated, run, blobs_dataset, tmp_path):
    other = small_run(tmp_path / "run", seed=5)
    for words, message in (((run, "--seed", 1), "seed 0, not 1"), ((other,), "checkpoint_sha256")):
        said = evaluate(words[0], blobs_dataset, evaluated, *words[1:], status=2)
        assert "holds an evaluation with" in said
        assert message in said
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    assert "expected no such folder" in evaluate(run, blobs_dataset, tmp_path / "full", status=2)


def test_facts_are_of_the_checkpoint_that_was_read_and_of_all_that_decides(tmp_path):
    """Training goes on beside, and writes a later one."""
    run = small_run(tmp_path / "run")
    sampler, _ = open_sampler(run)
    facts = facts_of(run, sampler)
    assert (facts["checkpoint"], facts["dtype"]) == (3, "float32")
    later = run / "checkpoints" / "step-00000009"
    shutil.copytree(run / "checkpoints" / "step-00000003", later)
    state = json.loads((later / "state.json").read_text())
    (later / "state.json").write_text(json.dumps({**state, "step": 9}))
    assert open_sampler(run)[0].step == 9
    assert facts_of(run, sampler) == facts
    for name in FILES:
        (tmp_path / name).write_text("{}")
    of_adapters = facts_of(run, sampler, lora=tmp_path)["lora_sha256"]
    (tmp_path / FILES[0]).write_text('{"lora_alpha": 2}')
    assert facts_of(run, sampler, lora=tmp_path)["lora_sha256"] != of_adapters


def test_a_folder_that_was_only_begun_is_gone_on_with(tmp_path):
    (tmp_path / ".tmp-eval.json-77").write_text("{")
    Evaluation(tmp_path, {"seed": 0})
    Evaluation(tmp_path, {"seed": 0})
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written there"):
        Evaluation(tmp_path / "file" / "out", {})


@pytest.mark.parametrize(("words", "message"), [
    (("--split", "all"), "--split"), (("--data", "nowhere"), "nowhere"), (("--cfg", "2"), "--cfg"),
    (("--lpips", "nowhere"), "--lpips nowhere"), (("--fvd", "nowhere"), "--fvd nowhere"),
    (("--run", "nowhere"), "nowhere"), (("--device", "nonsense"), "--device"),
])  # fmt: skip
def test_bad_input_is_one_line(run, blobs_dataset, tmp_path, words, message):
    assert message in evaluate(run, blobs_dataset, tmp_path / "out", *words, status=2)
    assert not (tmp_path / "out").exists()


def test_damaged_figures_are_named(evaluated, run, blobs_dataset, tmp_path):
    out = tmp_path / "out"
    evaluate(run, blobs_dataset, out, "--limit", "1")
    (path,) = (out / "pairs").iterdir()
    for content in ("{}", "[", '{"pair_id": 1}'):
        path.write_text(content)
        assert path.name in evaluate(run, blobs_dataset, out, "--limit", "1", status=2).replace("\n", "")
    with pytest.raises(DataError, match="delete it"):
        PairScores.read(path)


def pair(name: str, stratum: str, model: float, other: float) -> PairScores:
    """A pair without a face."""
    scores = {
        method: {region: {"psnr": value, "ssim": value / 100} for region in REGIONS if region != "face"}
        for method, value in {MODEL: model, CODEC: 30.0, **dict.fromkeys(BASELINES, other)}.items()
    }
    return PairScores(name, stratum, "animation", "", 5, 16, dict.fromkeys(REGIONS, 0.2), scores)


def test_means_count_each_pair_once_and_leave_out_what_is_not_there():
    pairs = [pair("a", "x", 20, 10), pair("b", "x", 10, 15), pair("c", "y", 30, 10)]
    pairs[2].scores[MODEL]["face"] = {"psnr": 7.0, "ssim": 0.5}  # type: ignore[index]
    found = summarise(pairs)
    assert found.pairs == {ALL: 3, "x": 2, "y": 1}
    assert found.mean("psnr", MODEL, "hands") == pytest.approx(20)
    assert found.mean("psnr", MODEL, "hands", "x") == pytest.approx(15)
    assert found.mean("psnr", MODEL, "face") == 7
    assert found.mean("psnr", MODEL, "face", "x") is None
    assert found.mean("lpips", MODEL, "frame") is None
    assert found.wins[ALL]["copy the driving"]["character"] == pytest.approx(2 / 3, abs=1e-6)


def test_a_lead_that_rounds_to_zero_has_no_sign():
    pairs = [pair("a", "x", 20, 20.01), pair("b", "x", 20, 21)]
    page = write_page("", {}, summarise(pairs), pairs)
    assert "frame 20.0 dB, 0.0 to the best" in page
    assert "frame 20.0 dB, −1.0 to the best" in page


def test_a_limit_takes_of_every_stratum():
    rows = [
        {"pair_id": f"{s}{i}", "stratum": s, "split": "test"}
        for s, n in (("a", 5), ("b", 2))
        for i in range(n)
    ]
    rows.append({"pair_id": "c0", "stratum": "c", "split": "train"})
    assert [row["pair_id"] for row in chosen(rows, "test", 5)] == ["a0", "b0", "a1", "b1", "a2"]
    assert len(chosen(rows, "test", None)) == 7
    with pytest.raises(InputError, match=r"--split validation: .* has 7 of test, 1 of train"):
        chosen(rows, "validation", None)


def test_a_pair_s_seed_is_its_own():
    seeds = {pair_seed(seed, name) for seed in (0, 1) for name in ("a", "b")}
    assert len(seeds) == 4
    assert all(0 <= seed < 1 << 63 for seed in seeds)
    assert pair_seed(0, "a") == pair_seed(0, "a")


def test_a_strip_has_a_row_a_clip_and_six_instants():
    """Of small clips, at twice their size."""
    clips = {name: np.full((9, 40, 20, 3), level, np.uint8) for name, level in (("A", 80), ("B", 200))}
    picture = np.asarray(strip(np.full((40, 20, 3), 255, np.uint8), clips, 16))
    for level in (80, 200):
        assert (picture == level).all(axis=-1).sum() == 6 * 80 * 40
