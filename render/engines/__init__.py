"""Engines: same Scene in, same array names, shapes and units out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from motionpair.errors import InputError
from render.scene import Scene

PROP_INDEX = 200
"""What the index shows on things that actors hold or sit on: they belong to the environment."""


@dataclass(frozen=True)
class Frames:
    """What an engine makes of a scene.

    rgb: (T, H, W, 3) uint8 sRGB. index: (T, H, W) uint8, 0 environment, i + 1 the scene's i-th actor
    (body, hair, clothes, hat, glasses), PROP_INDEX held things; sharp whatever the camera's f-stop. depth:
    (T, H, W) float32 metres along the viewing axis, inf for sky.
    """

    rgb: np.ndarray
    index: np.ndarray
    depth: np.ndarray

    def performers(self) -> np.ndarray:
        """(T, H, W) uint8: the index with held things counted to the environment."""
        return np.where(self.index == PROP_INDEX, 0, self.index).astype(np.uint8)


class Engine(Protocol):
    """Turns scenes into frames. One engine object serves many scenes in one process."""

    name: str

    def device_class(self) -> str:
        """What byte identity depends on beside versions, such as `cpu/x86-64-v4`."""
        ...

    def render(self, scene: Scene) -> Frames:
        """Render every frame of a scene."""
        ...


def open_engine(name: str, *, threads: int = 1, device: str = "auto") -> Engine:
    """The engine called `name` (`blender`, or `pyrender` for drafts), made ready in this process.

    Raises:
        InputError: no such engine, no such device, or a missing system library.
    """
    if name == "blender":
        from render.engines.blender.libraries import load_blender

        load_blender(threads)
        from render.engines.blender.engine import BlenderEngine

        return BlenderEngine(threads=threads, device=device)
    if name == "pyrender":
        from render.engines.pyrender_draft.libraries import load_pyrender

        load_pyrender(threads)
        from render.engines.pyrender_draft.engine import DraftEngine

        return DraftEngine()
    raise InputError(f"engine {name}: no such engine; accepted: blender, pyrender")
