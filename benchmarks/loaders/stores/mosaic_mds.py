"""MosaicML Streaming: MDS shards of 64 MB; random access by `LocalDataset`, epochs by `StreamingDataset`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.loaders.stores import loose_files


def _without_torchvision() -> None:
    """Let `streaming` be imported where torchvision's wheel does not fit the build of torch that is there.

    Only its picture datasets use it, none of which is used here.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    for name, attribute in (
        ("torchvision", None),
        ("torchvision.datasets", "VisionDataset"),
        ("torchvision.transforms", None),
        ("torchvision.transforms.functional", "to_tensor"),
    ):
        module = sys.modules[name] = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        if attribute is not None:
            setattr(module, attribute, type(attribute, (), {}))


try:
    import torchvision  # noqa: F401
except RuntimeError:
    _without_torchvision()

from streaming import LocalDataset, MDSWriter, StreamingDataset  # noqa: E402


def write(samples: Path, out: Path) -> None:
    first = next(loose_files.all_of(samples))
    columns = {name: "bytes" if isinstance(value, bytes) else "str" for name, value in first.items()}
    with MDSWriter(out=str(out), columns=columns, size_limit=1 << 26) as writer:
        for sample in loose_files.all_of(samples):
            writer.write(sample)


def fetcher(out: Path) -> Callable[[int], dict[str, Any]]:
    return LocalDataset(str(out)).__getitem__


def loader(out: Path, batch: int, workers: int) -> Iterable[Any]:
    from torch.utils.data import DataLoader

    dataset = StreamingDataset(local=str(out), shuffle=True, batch_size=batch, num_canonical_nodes=1)
    return DataLoader(dataset, batch, num_workers=workers, persistent_workers=workers > 0, collate_fn=list)
