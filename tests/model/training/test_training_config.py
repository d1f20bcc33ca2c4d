"""Configurations: named, in files, and errors that name the field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from model.scail2 import CONFIGS
from model.training.config import TrainConfig, changed, differing, from_plain, read_config, to_plain
from model.training.named import NAMED
from motionpair.errors import InputError


@pytest.mark.parametrize("name", NAMED)
def test_a_named_configuration_round_trips_yaml_and_json(name: str, tmp_path: Path) -> None:
    config = read_config(name)
    for suffix, text in (
        ("yaml", yaml.safe_dump(to_plain(config))),
        ("json", json.dumps(to_plain(config))),
    ):
        path = tmp_path / f"config.{suffix}"
        path.write_text(text)
        assert read_config(path) == config


def test_the_papers_run() -> None:
    config = NAMED["scail2-14b-paper"]
    assert (config.steps, config.data.batch, config.optimizer.lr) == (3500, 128, 1e-5)
    assert (config.optimizer.clip, config.optimizer.beta2, config.precision.compute) == (
        0.1,
        0.95,
        "bfloat16",
    )
    chances = config.chances
    assert (chances.history_continues, chances.history, chances.drop_text) == (0.5, 0.15, 0.1)
    assert (chances.augment_clip, chances.augment_pose) == (0.56, 0.75)
    assert config.sizes == CONFIGS["scail2-14b"]


def test_a_file_may_be_laid_over_a_named_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: small\noptimizer: {lr: 1e-5}\nlora: {rank: 4}\ninit: weights\n")
    config = read_config(path, ["steps=7", "ema=null"])
    assert config.optimizer.lr == 1e-5
    assert config.optimizer.warmup == NAMED["small"].optimizer.warmup
    assert config.lora is not None
    assert (config.lora.rank, config.steps, config.ema) == (4, 7, None)


def test_a_model_of_other_sizes() -> None:
    config = read_config("tiny", ["model={dim: 24, ffn_dim: 32, heads: 4, layers: 1, text_dim: 0}"])
    assert config.sizes.dim == 24
    assert from_plain(to_plain(config)) == config


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("optimizer.lrr=1", "optimizer.lrr: unknown key; did you mean lr"),
        ("optimizer.lr=-1", "optimizer.lr: expected a number above 0"),
        ("data.batch=3", "data.batch: expected a multiple of micro_batch 2"),
        ("steps=none", "steps: expected a whole number"),
        ("model=huge", "model: expected one of"),
        ("model={dim: 24}", "model.ffn_dim: missing"),
        ("parallel.checkpointing=some", "parallel.checkpointing: expected one of none, alternate, blocks"),
        ("lora={rank: 4}", "init: missing"),
        ("chances.history=1.5", "chances.history: expected 0 to 1"),
        ("steps", "--set steps: expected FIELD=VALUE"),
        ("steps=[", "--set steps: not YAML"),
    ],
)
def test_an_error_names_the_field(setting: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_config("tiny", [setting])
    assert message in str(caught.value)


def test_what_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="accepted: tiny, small"):
        read_config("nothing")
    (tmp_path / "bad.yaml").write_text("base: huge\n")
    with pytest.raises(InputError, match="base: expected one of"):
        read_config(tmp_path / "bad.yaml")
    (tmp_path / "list.yaml").write_text("[1, 2]\n")
    with pytest.raises(InputError, match="expected a mapping of configuration keys"):
        read_config(tmp_path / "list.yaml")


def test_what_a_run_may_go_on_with() -> None:
    began = NAMED["tiny"]
    same = changed(began, ["steps=9", "data.workers=3", "parallel.sequence=2", "logging.every=1"])
    assert differing(began, same) is None
    for setting in ("optimizer.lr=1", "data.micro_batch=1", "seed=4", "loss.hands=1", "ema=null"):
        assert differing(began, changed(began, [setting])) in (setting.split("=")[0], "ema")
    assert isinstance(began, TrainConfig)
