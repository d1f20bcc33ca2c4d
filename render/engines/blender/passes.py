"""Read what one render call wrote: colour, object index and depth of a frame, from one OpenEXR file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motionpair.errors import MachineError
from render.engines.blender.display import bundled_module

NO_HIT = 1e9
"""Metres; Cycles writes 1e10 where a ray meets nothing."""


@dataclass(frozen=True)
class Passes:
    """A frame as Cycles made it.

    linear: (H, W, 3) float32 scene-linear Rec.709. index: (H, W) uint8, the objects' pass index.
    depth: (H, W) float32 metres along the viewing axis, inf where there is only sky.
    """

    linear: np.ndarray
    index: np.ndarray
    depth: np.ndarray


def read_passes(path: Path) -> Passes:
    """Read a multilayer OpenEXR file with the passes Combined, IndexOB and Depth.

    Raises:
        MachineError: the file is absent or not what Blender should have written.
    """
    oiio = bundled_module("OpenImageIO")
    source = oiio.ImageInput.open(str(path))
    if source is None:
        raise MachineError(f"{path}: Blender wrote no frame: {oiio.geterror()}")
    try:
        names = list(source.spec().channelnames)
        pixels = source.read_image("float")
    finally:
        source.close()
    if pixels is None:
        raise MachineError(f"{path}: cannot be read: {oiio.geterror()}")

    def channels(*suffixes: str) -> np.ndarray:
        found = [i for s in suffixes for i, n in enumerate(names) if n.endswith(s)]
        if len(found) != len(suffixes):
            raise MachineError(f"{path}: expected passes {suffixes}, found channels {names}")
        return pixels[..., found]

    index = channels(".IndexOB.X")[..., 0]
    if not np.array_equal(index, np.round(index)) or index.max() > 255 or index.min() < 0:
        raise MachineError(f"{path}: the object index is not made of whole numbers from 0 to 255")
    depth = channels(".Depth.Z")[..., 0]
    return Passes(
        linear=channels(".Combined.R", ".Combined.G", ".Combined.B"),
        index=index.astype(np.uint8),
        depth=np.where(depth < NO_HIT, depth, np.inf).astype(np.float32),
    )
