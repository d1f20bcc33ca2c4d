"""MotionPair: the dataset's nouns. Light to import: no torch, bpy or ray, and no numpy until it is needed."""

from typing import TYPE_CHECKING, Any

# Not `from __future__ import annotations`: it would stand before the module `motionpair.annotations`.
if TYPE_CHECKING:
    from motionpair.loading.loader import PairLoader
    from motionpair.loading.pairs import PairDataset

__version__ = "0.1.0"
__all__ = ["PairDataset", "PairLoader", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "PairDataset":
        from motionpair.loading.pairs import PairDataset

        return PairDataset
    if name == "PairLoader":
        from motionpair.loading.loader import PairLoader

        return PairLoader
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
