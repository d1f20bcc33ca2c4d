"""Generate: the job that renders a plan's pairs, and the cast that it needs baked first."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motionpair.errors import InputError
from motionpair.plan import Plan
from pipelines.job import Verdict
from pipelines.outdir import OutDir
from pipelines.progress import duration
from render.characters.store import CharacterStore
from render.pair import NoCandidateError, PairJob

CACHE_VARIABLE = "MOTIONPAIR_CACHE"


class GenerateJob(PairJob):
    """Renders pairs. The plan fixes a slot's candidates, so when all are discarded that is a verdict."""

    def run(self, item: int) -> dict[str, Any]:
        """Make slot `item`'s pair and commit its files.

        Raises:
            Verdict: every candidate was discarded; its details say why.
        """
        try:
            return super().run(item)
        except NoCandidateError as error:
            name = type(error).__name__
            raise Verdict(name, str(error), {"discards": error.discards}) from error


@dataclass(frozen=True)
class Rendering:
    """Renders pairs. cache: folder of baked characters, on a file system that every worker sees."""

    cache: Path

    def job(self, out: OutDir) -> PairJob:
        """The job that renders slot i's pair."""
        return GenerateJob(out.plan, out.staging, self.cache)

    def prepare(self, plan: Plan, out: OutDir, note: Callable[[str], None]) -> Mapping[str, str]:
        """Bake the cast members that the cache lacks; returns each one's hash."""
        store = CharacterStore(self.cache)
        cast = plan.characters()
        start = time.monotonic()
        store.ensure(cast, progress=lambda done, total: note(f"baked {done} of {total} characters"))
        if time.monotonic() - start > 5:
            note(f"the cast is baked, in {duration(time.monotonic() - start)}")
        return {character.character_id: store.hash(character) for character in cast}


def cache_folder() -> Path:
    """Where this user's baked characters and measured figures are kept, outside of any dataset.

    Raises:
        InputError: this user has no home, as in a container under a number of its own.
    """
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named) / "motionpair"
    try:
        return Path.home() / ".cache" / "motionpair"
    except RuntimeError:
        raise InputError(
            "this user has no home folder; expected XDG_CACHE_HOME or HOME to name one"
        ) from None


def rendering(root: Path, address: str | None) -> Rendering:
    """Rendering with the cache of `$MOTIONPAIR_CACHE`, else of this user, else (on a cluster) in OUT."""
    if configured := os.environ.get(CACHE_VARIABLE):
        return Rendering(Path(configured).absolute())
    if address is not None:
        return Rendering(root.absolute() / "runs" / "characters")
    return Rendering(cache_folder() / "characters")
