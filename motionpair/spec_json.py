"""The canonical JSON of many specs, fast."""

from __future__ import annotations

from motionpair import fields
from motionpair.specs import PairSpec


class SpecWriter:
    """Writes specs as `fields.canonical_json` does."""

    def json(self, spec: PairSpec) -> str:
        """The canonical JSON of one spec."""
        return fields.canonical_json(spec)
