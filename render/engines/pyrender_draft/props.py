"""Things in hands and on the ground, in drafts: a box, a cylinder, a cup, a ball, by their size."""

from __future__ import annotations

import numpy as np

from render import rotations as rot
from render.engines.pyrender_canvas.meshes import Mesh
from render.engines.pyrender_draft.colours import encoded, linear
from render.engines.pyrender_draft.light import Light
from render.engines.pyrender_draft.meshes import Solid, box, lathe
from render.scene import Prop


def mesh(prop: Prop, t: int, light: Light) -> Mesh:
    """A prop in frame t."""
    solid = _solid(prop.kind, prop.size)
    turn = np.asarray(prop.rotations[t])[None]
    points = rot.rotate(turn, solid.points) + prop.positions[t]
    normals = rot.rotate(turn, solid.normals())
    return Mesh(points.astype(np.float32), solid.triangles, encoded(linear(prop.colour) * light.on(normals)))


def _solid(kind: str, size: tuple[float, float, float]) -> Solid:
    x, y, z = size
    if kind in ("cup", "stool"):
        waist = 0.8 if kind == "cup" else 0.35
        seat = [] if kind == "cup" else [(0.5 * waist, 0.9 * z), (0.5, 0.9 * z)]
        unit = lathe([(0.0, 0.0), (0.5 * waist, 0.0), *seat, (0.5, z), (0.0, z)])
        return Solid(unit.points * (x, y, 1.0), unit.triangles)
    if kind == "ball":
        angles = np.linspace(-np.pi / 2, np.pi / 2, 9)
        unit = lathe([(0.5 * np.cos(a), 0.5 + 0.5 * np.sin(a)) for a in angles])
        return Solid(unit.points * size, unit.triangles)
    return box(np.array([-x / 2, -y / 2, 0.0]), np.array([x / 2, y / 2, z]))
