"""The trainer's pages: every command on them is one that exists, with options that it has."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import typer
from torch.distributed.run import parse_args

from model.dpo import Preference
from model.training.config import Lora, changed, read_config
from pipelines.cli import app

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("training.md", "latents.md", "sampling.md", "evaluation.md", "dpo.md")
PROGRAMS = ("motionpair", "-m pipelines.cli --")


def commands(page: str) -> list[list[str]]:
    """The words after the program's name, of every command on a page."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", (DOCS / page).read_text(), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            for program in PROGRAMS:
                before, named, words = line.partition(f"{program} ")
                if named and (not before or "torchrun" in before):
                    found.append(shlex.split(words, comments=True))
                    break
    return found


@pytest.mark.parametrize(
    "words", [words for page in PAGES for words in commands(page)], ids=lambda words: " ".join(words)[:60]
)
def test_every_command_exists_as_written(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    group = typer.main.get_command(app)
    name = words[0]
    command = group.get_command(typer.Context(group), name)  # type: ignore[attr-defined]
    assert command is not None, name
    command.make_context(name, list(words[1:]))  # parses, and runs nothing
    changes = [value for flag, value in pairwise(words) if flag == "--set"]
    if name == "train" and "--config" in words:
        read_config(words[words.index("--config") + 1], changes)
    if name == "dpo":
        changed(replace(read_config("tiny"), init="weights", lora=Lora(), preference=Preference()), changes)


def test_the_trainers_page_goes_from_pairs_to_scores():
    first = commands("training.md")[:4]
    assert [words[0] for words in first] == ["encode", "train", "sample", "eval"]
    made = [words[words.index("--out") + 1] for words in first]
    assert first[1][first[1].index("--data") + 1] == made[0]
    assert {words[words.index("--run") + 1] for words in first[2:]} == {made[1]}
    assert read_config("tiny").steps == 50


def test_the_trainers_page_goes_on_from_preferences_to_a_sample_of_the_tuned_model():
    trained = commands("training.md")[1]
    items, latents, tuned, sample = commands("training.md")[4:8]
    assert [words[0] for words in (items, latents, tuned, sample)] == [
        "preferences",
        "encode",
        "dpo",
        "sample",
    ]

    def value(words: list[str], flag: str) -> str:
        return words[words.index(flag) + 1]

    made = value(items, "--out")
    assert latents[1] == value(sample, "--pair") == made
    assert value(tuned, "--data") == value(latents, "--out")
    assert value(tuned, "--run") == value(sample, "--run") == value(trained, "--out")
    assert value(sample, "--lora") == f"{value(tuned, '--out')}/adapters"


@pytest.mark.parametrize("command", ["train --config tiny --data LATENTS", "dpo --run RUN --data LATENTS"])
def test_torchrun_passes_a_command_on_as_the_pages_write_it(command: str):
    asked = parse_args(shlex.split(f"--nproc-per-node 2 -m pipelines.cli -- {command} --out OUT"))
    assert (asked.module, asked.training_script) == (True, "pipelines.cli")
    assert [word for word in asked.training_script_args if word != "--"] == shlex.split(
        f"{command} --out OUT"
    )
    for page in PAGES:
        text = (DOCS / page).read_text()
        assert text.count("-m pipelines.cli") == text.count("-m pipelines.cli -- "), page
