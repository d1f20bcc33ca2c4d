"""CPU seconds by stage of the work on a pair."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Clock:
    """CPU seconds of this process by stage of the work, for the run's timings."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what the block costs under `name`."""
        before = time.process_time()
        try:
            yield
        finally:
            spent = time.process_time() - before
            self.seconds[name] = self.seconds.get(name, 0.0) + spent
