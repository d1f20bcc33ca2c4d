"""The processes that read the stores, and the environment of those that need another one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, TextIO

from benchmarks.loaders.stores import Store

_ROOT = Path(__file__).parents[2]
_PEERS = Path(__file__).with_name("peers.txt")


class Failed(RuntimeError):
    """A store could not be installed, written or read; says why."""


def peers_python(folder: Path) -> Path:
    """The interpreter of an environment that has the peers' packages, made where it is missing.

    Raises:
        Failed: they could not be installed.
    """
    home, wanted = folder / "peers", hashlib.sha256(_PEERS.read_bytes()).hexdigest()
    stamp, python = home / "installed", home / "bin" / "python"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(home, ignore_errors=True)
    for command in (
        [sys.executable, "-m", "venv", str(home)],
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(_PEERS)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise Failed(f"not installed ({last[:160]})")
    stamp.write_text(wanted)
    return python


class Process:
    """A store's reading process.

    Args:
        store: the store. python: its interpreter. folder: where stores lie. log: what the process prints.
    """

    def __init__(
        self, store: Store, python: Path, folder: Path, batch: int, workers: int, log: TextIO
    ) -> None:
        self.store = store
        self._process = subprocess.Popen(
            [
                str(python),
                "-m",
                "benchmarks.loaders.reader",
                store.module,
                str(folder),
                str(batch),
                str(workers),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=_ROOT,
            env={
                **os.environ,
                "HF_HUB_OFFLINE": "1",
                "PYTHONPATH": str(_ROOT),
                "TOKENIZERS_PARALLELISM": "0",
            },
        )

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """What the process answers.

        Raises:
            Failed: it could not, or is gone.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Failed(f"{command}: the process ended with status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Failed(f"{command}: {answer['error'][:200]}")
        return answer

    def close(self) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
