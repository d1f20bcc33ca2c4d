"""The store of baked characters: a folder of files named by what they were baked from.

Baking needs torch and the body model, so it runs in a child process; whoever asks never imports either.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from motionpair import fields
from motionpair.errors import DataError, MachineError
from motionpair.specs import Character
from render.characters import packing
from render.characters.baked import BakedCharacter

_KEPT = 8  # characters in memory, about 5 MB each: a pair has six at most


class CharacterStore:
    """Baked characters under `root`. Several processes may use one store at once."""

    def __init__(self, root: Path):
        self.root = Path(root)
        self._read = lru_cache(maxsize=_KEPT)(packing.read)

    def path(self, character: Character) -> Path:
        """Where the character's bake lies, whether it exists or not."""
        return packing.path(self.root, character)

    def ensure(
        self, characters: Iterable[Character], progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Bake those characters that are missing.

        Args:
            characters: who must be in the store afterwards.
            progress: called with (baked so far, to be baked) after each.

        Raises:
            MachineError: the bake failed; the message ends with what it said last.
        """
        missing = {self.path(c): c for c in characters if not self.path(c).exists()}
        if not missing:
            return
        self.root.mkdir(parents=True, exist_ok=True)
        # Files, not pipes, both ways: neither side can block the other however much is said.
        with tempfile.TemporaryFile("w+") as wanted, tempfile.TemporaryFile("w+") as complaints:
            wanted.writelines(fields.canonical_json(c) + "\n" for c in missing.values())
            wanted.seek(0)
            command = [sys.executable, "-P", "-m", "render.characters.bake", str(self.root)]
            # One thread: sums in one order, so that a bake is the same whatever the machine's cores.
            environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            with subprocess.Popen(
                command, stdin=wanted, stdout=subprocess.PIPE, stderr=complaints, text=True, env=environment
            ) as child:
                assert child.stdout
                done = 0
                for line in child.stdout:
                    if line.startswith("baked "):
                        done += 1
                        if progress:
                            progress(done, len(missing))
            if child.returncode:
                complaints.seek(0)
                said = complaints.read().strip().splitlines()
                raise MachineError(f"baking characters failed: {said[-1] if said else child.returncode}")

    def load(self, character: Character) -> BakedCharacter:
        """The character's bake.

        Raises:
            DataError: it is absent, damaged, of another version or of another character.
        """
        path = self.path(character)
        baked = self._read(path)
        if baked.character_json != fields.canonical_json(character):
            raise DataError(f"{path}: the bake of another character; delete it to have it baked anew")
        return baked

    def hash(self, character: Character) -> str:
        """sha256, in hex, of the character's baked file."""
        return hashlib.sha256(self.path(character).read_bytes()).hexdigest()
