"""A run's folder while a job has it: made, taken, and left as it was where no run begins."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

from model.training import runs
from model.training.ranks import Ranks, alone
from motionpair import lease
from motionpair.errors import InputError, MachineError


@dataclass(frozen=True)
class Heard(Ranks):
    """One rank, and what it told the others."""

    told: list[Any] = field(default_factory=list)

    def gathered(self, value: Any) -> list[Any]:
        self.told.append(value)
        return [value]


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_folder_in_which_no_run_begins_is_removed_again(tmp_path: Path) -> None:
    with runs.held(tmp_path / "run", alone("cpu")):
        assert names(tmp_path) == ["run", "run/runs", "run/runs/lease"]
    assert names(tmp_path) == []


@pytest.mark.parametrize("what", ["begun", "given", "strips"])
def test_a_folder_in_which_something_is_stays(tmp_path: Path, what: str) -> None:
    run = tmp_path / "run"
    if what == "given":
        run.mkdir()
    with runs.held(run, alone("cpu")):
        if what == "begun":
            (run / runs.CONFIG).touch()
        if what == "strips":
            (run / "strips").mkdir()
    assert run.is_dir()
    with runs.held(run, alone("cpu")) if what != "strips" else pytest.raises(InputError, match="no run"):
        runs.check_free(run)


def test_what_is_no_run_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "picture").touch()
    before = names(tmp_path)
    for name in ("file", "other"):
        with (
            pytest.raises(InputError, match=f"{name}: is there already and no run"),
            runs.held(tmp_path / name, alone("cpu")),
        ):
            pass
    with (
        pytest.raises(InputError, match="cannot be made or written"),
        runs.held(tmp_path / "file" / "run", alone("cpu")),
    ):
        pass
    assert names(tmp_path) == before


def test_a_disk_that_fails_is_told_to_all_ranks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*of: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(lease, "hold", fail)
    heard = Heard(0, 1, 0, 1, torch.device("cpu"))
    with pytest.raises(MachineError, match="run: Input/output error"), runs.held(tmp_path / "run", heard):
        pass
    assert heard.told == [(f"{tmp_path / 'run'}: Input/output error", True)]
