"""Comparing models by preference: what is counted, cut out and written, and the commands on the way."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_models import small_model
from typer.testing import CliRunner

sys.path.append(str(Path(__file__).parents[1] / "training"))
import job
import tiny_latents

from model.codecs import open_codec
from model.evaluation.hands import crops, latent_to_frames
from model.evaluation.preferences import Comparison, Judge
from model.sampling.sampler import Settings
from model.training.adapters import write_adapters
from model.training.config import read_config
from model.training.trainer import train
from motionpair.errors import DataError, InputError
from motionpair.latents import LatentDataset
from pipelines.cli import app

runner = CliRunner()
SETTINGS = Settings(steps=2, cfg=1.0)


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_latents.build(
        tmp_path_factory.mktemp("items"),
        make=partial(tiny_latents.item, alike=True),
        splits=("train", "test"),
    )


@pytest.fixture(scope="module")
def examples(items: Path) -> list:
    dataset = LatentDataset(items, "test")
    return [dataset[i] for i in range(len(dataset))]


@pytest.fixture(scope="module")
def sft(items: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "sft"
    train(read_config("tiny", [*job.BASE, "steps=4", "data.batch=2"]), [str(items)], run)
    return run


class Knowing(torch.nn.Module):
    """Answers with the velocity of r, whatever it is given, for the noise that it is told of."""

    def __init__(self, x0: torch.Tensor) -> None:
        super().__init__()
        self.config = small_model().config
        self.x0 = torch.nn.Parameter(x0[None].float())

    def forward(self, inputs):
        # of r noised by σ: x = (1 − σ) x0 + σ ε, so that the noise can be told from the first sample
        sigma = (inputs.timestep / 1000)[:1].view(-1, 1, 1, 1, 1)
        noise = (inputs.video[:1] - (1 - sigma) * self.x0) / sigma
        return (noise - self.x0).expand(len(inputs.video), -1, -1, -1, -1)


def test_a_model_that_knows_r_prefers_it_always_and_one_that_knows_the_other_never(examples):
    judge, example = Judge(draws=4), examples[0]
    found = judge.ranking(Knowing(example["video"]), example)
    assert found["accuracy"] == 1
    assert found["loss"] == pytest.approx(0, abs=1e-4)
    other = {**example, "video": example["rejected"], "rejected": example["video"]}
    assert judge.ranking(Knowing(example["rejected"]), other)["accuracy"] == 1
    flipped = judge.ranking(small_model(), example), judge.ranking(small_model(), other)
    assert flipped[0]["accuracy"] == pytest.approx(1 - flipped[1]["accuracy"])
    assert flipped[0]["region_error"] == pytest.approx(flipped[1]["rejected_region_error"])


def test_clips_that_differ_outside_of_the_region_alone_are_a_tie(examples):
    example = examples[0]
    elsewhere = torch.where(example["region"] > 0, 0.0, 1.0).to(example["video"])
    same = {**example, "rejected": example["video"] + elsewhere}
    still = {**same, "region": torch.zeros_like(example["region"])}
    assert Judge(draws=3).ranking(small_model(), still)["accuracy"] == 0.5


def test_draws_are_an_items_own_and_the_same_for_every_model(examples):
    judge, model = Judge(draws=2), small_model()
    first = judge.ranking(model, examples[1])
    judge.ranking(model, examples[0])
    assert judge.ranking(model, examples[1]) == first
    assert Judge(draws=2, seed=1).ranking(model, examples[1]) != first


def test_a_comparison_has_figures_strips_and_a_page(examples, tmp_path):
    comparison = Comparison(tmp_path, examples, open_codec("dct"), Judge(draws=2))
    before = comparison.add("before", small_model(), SETTINGS)
    after = comparison.add("after", small_model(1), SETTINGS)
    page = comparison.finish({"split": "test"})
    assert before.loss != after.loss
    assert before.psnr_hands is not None
    assert before.implicit_accuracy == 0.5
    changes = [
        (a[1] - b[1]) - (a[0] - b[0])
        for item, was in zip(after.items, before.items, strict=True)
        for a, b in zip(item.errors, was.errors, strict=True)
    ]
    assert after.implicit_accuracy == np.mean([change > 0 for change in changes])
    written = json.loads((tmp_path / "preferences.json").read_text())
    assert written["facts"] == {"split": "test", "items": 4, "draws": 2, "seed": 0}
    assert [model["name"] for model in written["models"]] == ["before", "after"]
    assert written["models"][1]["accuracy"] == after.accuracy
    assert np.mean([item["loss"] for item in written["models"][0]["items"]]) == pytest.approx(before.loss)
    with Image.open(tmp_path / "strips" / f"{examples[0]['pair_id']}.webp") as picture:
        assert min(picture.size) > 200
    share = f"{100 * after.accuracy:.1f}<small>± {100 * after.standard_errors['accuracy']:.1f}</small>"
    assert written["models"][1]["standard_errors"] == after.standard_errors
    text = page.read_text()
    assert all(word in text for word in ("before", "after", "Preference accuracy", share))


def test_what_cannot_be_compared_is_refused(examples, tmp_path):
    codec, judge = open_codec("dct"), Judge()
    with pytest.raises(InputError, match="--split: the items have none"):
        Comparison(tmp_path / "out", [], codec, judge)
    ordinary = {name: value for name, value in examples[0].items() if name != "rejected"}
    with pytest.raises(DataError, match="rejected: missing; expected preference items"):
        Comparison(tmp_path / "out", [ordinary], codec, judge)
    nowhere = {**examples[0], "region": torch.zeros_like(examples[0]["region"])}
    with pytest.raises(DataError, match="region: is empty"):
        Comparison(tmp_path / "out", [nowhere], codec, judge)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="out: cannot be made"):
        Comparison(tmp_path / "notes.txt" / "out", examples, codec, judge)
    with pytest.raises(InputError, match="expected no such folder, an empty one or a comparison's"):
        Comparison(tmp_path, examples, codec, judge)


def test_cuttings_follow_the_region_and_hold_all_of_it():
    region = np.zeros((2, 12, 16), bool)
    region[0, 2:4, 3:5] = True
    region[1, 7:10, 10:15] = True
    frames = np.zeros((5, 96, 128, 3), np.uint8)
    inside = latent_to_frames(region).repeat(8, axis=1).repeat(8, axis=2)
    frames[inside] = 255
    cut = crops(frames, region)
    assert cut.shape[0] == 5
    assert cut.shape[1:3] == (6 * 8 * 4, 7 * 8 * 4)
    bright = (cut[..., 0] > 127).sum(axis=(1, 2))
    assert bright.tolist() == pytest.approx([4 * 64 * 16] + 4 * [15 * 64 * 16], rel=0.02)


def test_a_region_that_is_empty_for_a_while_is_cut_where_it_was():
    region = np.zeros((3, 12, 16), bool)
    region[1, 7:10, 10:15] = True
    assert crops(np.zeros((9, 96, 128, 3), np.uint8), region).shape[0] == 9


def test_commands_lead_from_a_run_to_adapters_a_comparison_and_merged_weights(items, sft, tmp_path):
    def motionpair(*words: object) -> str:
        result = runner.invoke(app, [str(word) for word in words])
        assert result.exit_code == 0, result.output
        return result.stdout

    tuned, hands = tmp_path / "dpo", tmp_path / "hands"
    small = ("--set", "lora.rank=2", "--set", "data.batch=2", "--set", "saving.every=2", "--device", "cpu")
    motionpair("dpo", "--run", sft, "--data", items, "--out", tuned, "--steps", 2, *small)
    said = motionpair("dpo", "--data", items, "--out", tuned, "--steps", 4, "--device", "cpu")
    assert "4 of 4 steps, loss" in said
    motionpair(
        "dpo", "--run", sft, "--data", items, "--out", hands, "--method", "hands-sft", "--steps", 2, *small
    )
    again_from = ["dpo", "--data", str(items), "--out", str(tuned), "--run"]
    for other in ([str(hands)], [str(sft), "--step", "2"]):
        refused = runner.invoke(app, again_from + other)
        assert refused.exit_code == 2
        assert f"{tuned} began with" in refused.stderr
    again = write_adapters(tuned, tmp_path / "again")
    name = "adapter_model.safetensors"
    assert (tuned / "adapters" / name).read_bytes() == (again / name).read_bytes()
    table = motionpair(
        "eval-preferences", "--run", sft, "--run", tuned, "--run", hands, "--data", items,
        "--out", tmp_path / "eval", "--draws", 2, "--steps", 2, "--device", "cpu",
    )  # fmt: skip
    assert table.startswith("4 items; ± is one standard error over items")
    (against,) = (line for line in table.splitlines() if "against the first model" in line)
    assert against.split()[4:7] == ["50.0", "±", "0.0"]
    assert against.count("±") == 3
    models = json.loads((tmp_path / "eval/preferences.json").read_text())["models"]
    assert [model["name"] for model in models] == ["sft", "dpo", "hands"]
    assert len({model["loss"] for model in models}) == 3
    motionpair("merge-lora", tuned, "--out", tmp_path / "merged")
    assert list((tmp_path / "merged").glob("*.safetensors"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["dpo", "--data", "d", "--out", "o"], "--run: missing"),
        (["dpo", "--run", "nowhere", "--data", "d", "--out", "o"], "expected the folder of a run"),
        (["merge-lora", "nowhere", "--out", "o"], "expected the folder of a run"),
        (
            ["eval-preferences", "--run", "r", "--data", "d", "--out", "o", "--split", "x"],
            "--split: expected",
        ),
    ],
)
def test_bad_input_is_one_line(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_an_ordinary_run_is_not_gone_on_with_as_one_of_preferences(items, sft):
    before = sorted(path.name for path in (sft / "checkpoints").iterdir())
    result = runner.invoke(app, ["dpo", "--run", str(sft), "--data", str(items), "--out", str(sft)])
    assert result.exit_code == 2
    assert "is no run of `motionpair dpo`" in result.stderr
    assert sorted(path.name for path in (sft / "checkpoints").iterdir()) == before


def test_two_runs_of_one_name_are_refused_before_either_is_judged(items, sft, tmp_path):
    other = tmp_path / "other" / sft.name
    words = ["eval-preferences", "--run", sft, "--run", other, "--data", items, "--out", tmp_path / "eval"]
    result = runner.invoke(app, [str(word) for word in words])
    assert result.exit_code == 2
    assert "two runs are called sft" in result.stderr
    assert not (tmp_path / "eval").exists()
