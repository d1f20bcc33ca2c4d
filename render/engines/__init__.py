"""Engines: same Scene in, same array names, shapes and units out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from motionpair.errors import InputError
from motionpair.specs import DRIVING_ENGINES
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

    def without_depth(self) -> Frames:
        """The same with depth forgotten (inf everywhere): it is half of what frames take in memory."""
        return replace(self, depth=np.broadcast_to(np.float32(np.inf), self.depth.shape))


_ENGINE_OF = {"cycles": "blender"}
"""What `open_engine` calls the engines that render settings name otherwise."""


class Engine(Protocol):
    """Turns scenes into frames. One engine object serves many scenes in one process."""

    name: str

    def device_class(self) -> str:
        """What byte identity depends on beside versions, such as `cpu/x86-64-v4`."""
        ...

    def render(self, scene: Scene) -> Frames:
        """Render every frame of a scene."""
        ...


class Engines:
    """Several engines as one: each scene goes to the engine that its render settings name.

    Args:
        names: of the engines that scenes may name, as in `specs.RenderSettings`.
        threads: render threads on a CPU. device: of Cycles: `auto`, `cpu`, or a GPU backend.

    Raises:
        InputError: no such engine, no such device, or a missing system library.
    """

    name = "engines"

    def __init__(self, names: Sequence[str], *, threads: int = 1, device: str = "auto") -> None:
        self._engines = {
            name: open_engine(_ENGINE_OF.get(name, name), threads=threads, device=device)
            for name in sorted(set(names))
        }

    def device_class(self) -> str:
        """The device classes of all engines, joined by ` + `."""
        classes = {engine.device_class() for engine in self._engines.values()}
        return " + ".join(sorted(classes))

    def render(self, scene: Scene) -> Frames:
        """Render every frame of a scene.

        Raises:
            ValueError: the scene names an engine that was not opened.
        """
        if scene.render.engine not in self._engines:
            opened = ", ".join(self._engines)
            raise ValueError(f"render.engine {scene.render.engine}: opened were {opened}")
        return self._engines[scene.render.engine].render(scene)


def open_engine(name: str, *, threads: int = 1, device: str = "auto") -> Engine:
    """The engine called `name`, made ready in this process.

    `blender`: Cycles; `pyrender`: drafts; `pose_map` and `body_mesh`: the performers' motion alone.

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
    if name in DRIVING_ENGINES:
        from render.engines.pyrender_draft.libraries import load_pyrender

        load_pyrender(threads)
        from render.engines.pose_maps.engine import BodyMeshEngine, PoseMapEngine

        return PoseMapEngine() if name == "pose_map" else BodyMeshEngine()
    raise InputError(f"engine {name}: no such engine; accepted: blender, pyrender, pose_map, body_mesh")
