"""The Anny body model as plain arrays: topology, weights, face units, and rest bodies of phenotypes.

Anny (NAVER, Apache-2.0) carries the MakeHuman base mesh and targets (CC0). Building the model takes most of
a minute the first time and a few seconds from its cache folder; only the bake process does it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from motionpair.specs import PHENOTYPE_AXES
from render.skeleton import FACE_UNITS

BODY = slice(0, 13380)
LEFT_EYE = slice(14598, 14670)
RIGHT_EYE = slice(14670, 14742)
"""Vertex ranges of the base mesh."""

_VERTICES = 19158


@dataclass(frozen=True)
class RestBody:
    """A phenotype's body in the model's A-pose, facing −Y, origin mid-body.

    vertices: (19158, 3) metres, helper geometry included. heads, tails: (163, 3) metres, the bones' ends.
    """

    vertices: np.ndarray
    heads: np.ndarray
    tails: np.ndarray


class AnnyBasis:
    """The body model; build one and ask it for many rest bodies.

    Args:
        cache: folder that keeps Anny's prepared data between builds.
    """

    def __init__(self, cache: Path):
        os.environ["ANNY_CACHE_DIR"] = str(cache)  # Anny reads it when it is imported
        import anny
        import torch

        torch.set_num_threads(1)  # sums in one order, so that a bake is the same on every machine
        self._torch = torch
        self._data = Path(anny.__file__).parent / "data" / "mpfb2"
        self._model = anny.Anny(
            rig="makehuman-blender",
            topology="makehuman",
            facial_actions="all",
            phenotypes="all",
            skinning_method="lbs",
            phenotype_blendshapes="original",
            pose_parameterization="local-bone",
        )
        self.bones: tuple[str, ...] = tuple(self._model.bone_labels)
        self.parents: tuple[int, ...] = tuple(self._model.bone_parents)
        self.weights: np.ndarray = self._model.dense_vertex_bone_weights.numpy()
        """(19158, 163) skinning weights, rows sum to 1."""

    def rest(self, phenotype: Mapping[str, float]) -> RestBody:
        """The rest body of a phenotype (specs.PHENOTYPE_AXES; Anny counts gender the other way round)."""
        values = {name: float(phenotype[name]) for name in PHENOTYPE_AXES}
        values["gender"] = 1.0 - values["gender"]
        with self._torch.no_grad():
            out = self._model(pose_parameters=None, phenotype_kwargs=values, return_bone_ends=True)
        return RestBody(
            out["rest_vertices"][0].numpy(),
            out["rest_bone_heads"][0].numpy(),
            out["rest_bone_tails"][0].numpy(),
        )

    @cached_property
    def average(self) -> RestBody:
        """The average adult, for whom the face units were sculpted."""
        return self.rest(dict.fromkeys(PHENOTYPE_AXES, 0.5) | {"age": 2 / 3})

    @cached_property
    def units(self) -> np.ndarray:
        """(52, 19158, 3) metres: how each face unit at 1 moves the vertices, order of skeleton.FACE_UNITS."""
        labels = list(self._model.blendshape_labels)
        rows = [labels.index(f"facial_action:{name}") for name in FACE_UNITS]
        return self._model.blendshapes[rows].numpy()

    @cached_property
    def groups(self) -> dict[str, np.ndarray]:
        """Faces (F, 4) of the base mesh by group name: `body`, `helper-tights`, `helper-skirt`, ..."""
        faces: dict[str, list[list[int]]] = {}
        current: list[list[int]] = []
        with (self._data / "3dobjs" / "base.obj").open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("g "):
                    current = faces.setdefault(line[2:].strip(), [])
                elif line.startswith("f "):
                    current.append([int(token.split("/")[0]) - 1 for token in line.split()[1:]])
        return {name: np.array(rows, np.int32) for name, rows in faces.items()}

    @cached_property
    def uv(self) -> np.ndarray:
        """(19158, 2) texture coordinates, one a vertex (of seam vertices, one of theirs); 0 off the skin."""
        uv = np.zeros((_VERTICES, 2))
        corners = self._model.face_texture_coordinate_indices.numpy()
        uv[self._model.faces.numpy().ravel()] = self._model.texture_coordinates.numpy()[corners.ravel()]
        return uv

    def painted(self, name: str) -> np.ndarray:
        """(13380,) in [0, 1]: a region painted on the skin's texture (`lips`, `fingernails`, `ears`, ...)."""
        from PIL import Image

        picture = np.asarray(Image.open(self._data / "textures" / f"mpfb_{name}.jpg"), np.float64) / 255
        u, v = np.clip(self.uv[BODY], 0, 1).T
        rows = np.minimum(((1 - v) * picture.shape[0]).astype(int), picture.shape[0] - 1)
        columns = np.minimum((u * picture.shape[1]).astype(int), picture.shape[1] - 1)
        return picture[rows, columns]
