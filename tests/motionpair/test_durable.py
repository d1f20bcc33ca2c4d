"""Folders that appear whole or not at all, whatever is beside them and whoever else makes one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from motionpair import durable
from motionpair.errors import InputError

DIES = """
import os, signal, sys
from pathlib import Path
from motionpair import durable
with durable.new_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("")
    if sys.argv[2] == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    print("made", flush=True)
    sys.stdin.read()
"""


def start(out: Path, does: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", DIES, str(out), does]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def make(out: Path, then: Callable[[], object] = lambda: None) -> None:
    with durable.new_folder(out) as folder:
        assert not out.exists()
        (folder / "deep" / "er").mkdir(parents=True)
        (folder / "deep" / "er" / "file").write_text("whole")
        then()


@pytest.mark.parametrize("name", ["out", "out [1]", "*", "-x"])
def test_a_folder_appears_whole(tmp_path: Path, name: str) -> None:
    make(tmp_path / name)
    assert (tmp_path / name / "deep" / "er" / "file").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with pytest.raises(InputError, match="expected a new or an empty folder"):
        make(tmp_path / name)


def test_an_error_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "out", interrupt)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["out", "out [1]"])
def test_what_a_dead_process_left_is_removed_by_the_next(tmp_path: Path, name: str) -> None:
    start(tmp_path / name, "dies").communicate()
    left, lock = sorted(tmp_path.iterdir())
    assert left.name.startswith(f".tmp-{name}-")
    assert lock.name == f"{left.name}.lock"
    make(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_a_living_process_makes_is_left_alone(tmp_path: Path) -> None:
    other = start(tmp_path / "out", "waits")
    assert other.stdout is not None
    assert other.stdout.readline() == "made\n"
    theirs, _ = sorted(tmp_path.iterdir())
    make(tmp_path / "out")
    assert (theirs / "half").exists()
    assert (tmp_path / "out" / "deep").exists()
    other.communicate("")
    assert other.returncode != 0  # the folder is there already
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["none/out", "file/out", "n" * 300])
def test_a_place_that_cannot_be_is_bad_input(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        make(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_another_made_meanwhile_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "out" / "theirs"
    with pytest.raises(InputError, match=r"out: cannot be made \(Directory not empty\)"):
        make(tmp_path / "out", lambda: theirs.mkdir(parents=True))
    assert theirs.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_files_of_such_a_name_are_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / ".tmp-out-notes"
    mine.write_text("mine")
    make(tmp_path / "out")
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("name", [".tmp-out-123", ".tmp-out-1-123", ".tmp-out-x-123"])
def test_folders_of_such_a_name_are_left_alone(tmp_path: Path, name: str) -> None:
    """A folder is another's, where no lock of ours lies beside it or it belongs to another target."""
    mine = tmp_path / name
    mine.mkdir()
    (mine / "thesis.tex").write_text("mine")
    if name != ".tmp-out-123":
        (tmp_path / f"{name}.lock").write_text("")
    make(tmp_path / "out")
    assert (mine / "thesis.tex").read_text() == "mine"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_to_a_folder_is_kept_and_what_it_names_is_made(tmp_path: Path, there: bool) -> None:
    (tmp_path / "disk").mkdir()
    if there:
        (tmp_path / "disk" / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "real")
    with durable.new_folder(tmp_path / "out") as folder:
        (folder / "file").write_text("whole")
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "disk" / "real" / "file").read_text() == "whole"
    assert [path.name for path in tmp_path.rglob(".*")] == []
    with pytest.raises(InputError, match="expected a new or an empty folder"):
        make(tmp_path / "out")


@pytest.mark.parametrize("target", ["out", "none/deeper"])
def test_a_link_that_leads_nowhere_is_refused_before_anything_is_written(tmp_path: Path, target: str) -> None:
    (tmp_path / "out").symlink_to(tmp_path / target)
    cannot = pytest.raises(InputError, match=r"leads nowhere|cannot be made")
    with cannot, durable.new_folder(tmp_path / "out"):
        pytest.fail("began to write")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
