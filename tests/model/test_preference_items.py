"""Preference items of a dataset on their way to training: encoded on the fly, and as latents, the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import synthetic
import torch
from typer.testing import CliRunner

from model.codecs import open_codec
from model.conditioning import check
from model.training.batches import Encoders, Pairs
from motionpair.latents import LatentDataset
from motionpair.planning import make_plan
from motionpair.recipe import load_recipe
from pipelines.cli import app


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of the demo's items, at 64 × 96 pixels and 5 frames, of moving blobs."""
    folder = tmp_path_factory.mktemp("items")
    recipe = folder / "tiny.yaml"
    recipe.write_text(
        f"base: preferences-demo\nname: tiny\nframes: {synthetic.FRAMES}\n"
        f"sizes: [{{width: {synthetic.WIDTH}, height: {synthetic.HEIGHT}, weight: 1}}]\n"
    )
    plan = make_plan(load_recipe(recipe), seed=5)
    return synthetic.build_dataset(folder, plan, synthetic.tiny_pairs(plan))


def test_items_are_the_same_on_the_fly_and_as_latents(items: Path, tmp_path: Path):
    done = CliRunner().invoke(
        app, ["encode", str(items), "--codec", "dct", "--out", str(tmp_path / "out"), "--workers", "1"]
    )
    assert done.exit_code == 0, done.output
    stored = LatentDataset(tmp_path / "out", "train")
    pairs = Pairs([str(items)], "train", preferences=True)
    example = pairs.example(0, Encoders(open_codec("dct")), torch.device("cpu"))
    check(example)
    assert stored.index.pair_ids[0] == example["pair_id"]
    for name in ("video", "rejected", "region"):
        assert torch.equal(stored[0][name], example[name].bfloat16()), name
    assert example["region"].any()
    assert not torch.equal(example["rejected"], example["video"])
