"""The stores that are compared, a module each.

A module has:

- `write(samples, out)`: lay the samples down in a new folder, as the store's documentation does it;
- `fetcher(out)`: a function that gives sample i;
- `loader(out, batch, workers)`: an iterable of batches, whose iteration is a shuffled epoch; a batch is a
  list of samples, or a dict of lists.

A store without random access has no `fetcher`.
A sample is a dict whose values are texts and the blobs, as anything with the buffer protocol.
Modules import nothing of `motionpair`, except for the one that reads its shards.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Store:
    """A store.

    Attributes:
        module: here. title: in tables. package: whose version is told.
        peers: the package lives in the peers' environment. random: it gives samples by number.
    """

    module: str
    title: str
    package: str
    peers: bool = False
    random: bool = True

    def load(self) -> ModuleType:
        return importlib.import_module(f"benchmarks.loaders.stores.{self.module}")


OURS = "motionpair"
STORES = {
    store.module: store
    for store in (
        Store(OURS, "MotionPair shards", "motionpair"),
        Store("webdataset_tars", "WebDataset", "webdataset", peers=True, random=False),
        Store("mosaic_mds", "MosaicML Streaming (MDS)", "mosaicml-streaming", peers=True),
        Store("lance_table", "Lance", "pylance", peers=True),
        Store("lerobot_files", "LeRobot v2 layout: rows, an MP4 a clip", "datasets"),
        Store("lerobot_joined", "LeRobot v3 layout: rows, joined MP4s", "datasets"),
        Store("huggingface", "Hugging Face datasets", "datasets"),
        Store("huggingface_arrow", "Hugging Face datasets, Arrow format", "datasets"),
        Store("loose_files", "loose files", ""),
    )
}
