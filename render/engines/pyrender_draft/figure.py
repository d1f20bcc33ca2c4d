"""An actor in drafts: its parts as coloured triangles, frame by frame."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from motionpair import fields
from motionpair.specs import Character
from render.characters.baked import MeshPart
from render.characters.skinning import skin
from render.engines.pyrender_canvas.meshes import Mesh, Normals, both_sides, triangles_of
from render.engines.pyrender_draft import fabrics, ribbons
from render.engines.pyrender_draft.colours import encoded, linear
from render.engines.pyrender_draft.light import Light
from render.scene import Actor, CameraTrack

INK = 0.9
"""Pixels that the 2D look's ink is wide."""
MOST_INK = 0.014
"""Metres that it is wide at most, so that small figures are not all ink."""
_WHITE = np.array([0.80, 0.79, 0.77])


class Figure:
    """One actor, skinned for all frames of its clip, ready to be drawn frame by frame."""

    def __init__(self, actor: Actor, light: Light, camera: CameraTrack):
        baked = actor.character
        self.spec: Character = fields.from_plain(Character, json.loads(baked.character_json))
        self._light, self._camera = light, camera
        self._toon = self.spec.look == "animation_2d"
        plain = [p for p in baked.parts if p.role != "cloth" or p.garment < 0]
        cloth = [p for p in baked.parts if p.role == "cloth" and p.garment >= 0]
        self._groups = [_Group(actor, plain, np.concatenate([albedo(self.spec, p) for p in plain]), None)]
        for part in cloth:
            garment = self.spec.garments[part.garment]
            picture = fabrics.picture(garment, self.spec.seed + part.garment)
            uv = part.attributes["cloth_uv"] / fabrics.TILES.get(garment.fabric, 0.2)
            self._groups.append(_Group(actor, [part], np.ones((len(part.vertices), 3)), (picture, uv)))
        self._strands = ribbons.Strands(actor, linear(self.spec.hair.colour)) if len(baked.strands) else None

    def meshes(self, t: int) -> Iterator[Mesh]:
        """What is drawn of the figure in frame t."""
        for group in self._groups:
            points = group.points[t]
            normals = group.normals.of(points)
            shade = self._light.in_two_tones(normals) if self._toon else self._light.on(normals)
            yield Mesh(points, group.triangles, encoded(group.albedo * shade), group.uv, group.picture)
            if self._toon:
                yield self._ink(group, points, normals, t)
        if self._strands is not None:
            yield self._strands.mesh(t, self._camera.position[t], self._light)

    def shadow(self, t: int, ground: np.ndarray) -> Mesh:
        """The figure's shadow on the level ground in frame t; `ground`: (3,) linear, its colour in shade."""
        points = np.concatenate([g.points[t] for g in self._groups])
        starts = np.cumsum([0, *(len(g.points[t]) for g in self._groups)])
        triangles = np.concatenate([g.triangles + s for g, s in zip(self._groups, starts, strict=False)])
        height = np.maximum(points[:, 2:], 0.0)
        way = self._light.direction
        fallen = points - height * (way / way[2])
        fallen[:, 2] = 0.003
        shade = np.broadcast_to(encoded(ground), (len(points), 3))
        return Mesh(fallen.astype(np.float32), both_sides(triangles), shade)

    def _ink(self, group: _Group, points: np.ndarray, normals: np.ndarray, t: int) -> Mesh:
        away = np.linalg.norm(points - self._camera.position[t], axis=1, keepdims=True)
        width = np.minimum(INK * away / self._camera.focal[t], MOST_INK)
        hull = (points + normals * width).astype(np.float32)
        dark = np.broadcast_to(encoded(np.array([0.02, 0.015, 0.02])), (len(points), 3))
        return Mesh(hull, group.front[:, ::-1], dark)


class _Group:
    """Parts that are drawn together. points: (T, V, 3) metres, world."""

    def __init__(
        self,
        actor: Actor,
        parts: list[MeshPart],
        colours: np.ndarray,
        fabric: tuple[np.ndarray, np.ndarray] | None,
    ):
        rig = actor.character.rig
        self.points = np.concatenate([skin(part, rig, actor.pose) for part in parts], axis=1)
        starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
        triangles = [triangles_of(part.faces) + start for part, start in zip(parts, starts, strict=False)]
        self.front = np.concatenate(triangles)
        self.normals = Normals(self.front, self.points.shape[1])
        open_sheets = [
            both_sides(t) if part.role in ("cloth", "lash", "hair", "accessory") else t
            for t, part in zip(triangles, parts, strict=True)
        ]
        self.triangles = np.concatenate(open_sheets)
        self.albedo = colours.astype(np.float32)
        self.picture: np.ndarray | None = None
        self.uv: np.ndarray | None = None
        if fabric is not None:
            self.picture, self.uv = fabric


def albedo(spec: Character, part: MeshPart) -> np.ndarray:
    """(V, 3) linear colour of a part's vertices without light."""
    count = len(part.vertices)
    hair = linear(spec.hair.colour)
    if part.role == "skin":
        return _skin(spec, part, hair)
    if part.role == "eye":
        return _eyes(spec, part)
    if part.role == "lash":
        return np.broadcast_to(0.3 * hair, (count, 3))
    if part.role == "teeth":
        return np.broadcast_to(_WHITE, (count, 3))
    if part.role == "tongue":
        return np.broadcast_to(np.array([0.45, 0.13, 0.13]), (count, 3))
    if part.role == "hair":
        return np.broadcast_to(hair, (count, 3))
    if part.garment < 0:
        return np.broadcast_to(np.array([0.1, 0.1, 0.1]), (count, 3))
    colours = [linear(c) for c in spec.garments[part.garment].colours]
    main = np.broadcast_to(colours[0], (count, 3))
    if "sole" in part.attributes:
        pale = linear("#d8d4cc") if colours[0].mean() < 0.4 else linear("#6f6a64")
        main = _mixed(main, pale, part.attributes["sole"])
    return main


def _skin(spec: Character, part: MeshPart, hair: np.ndarray) -> np.ndarray:
    base, given = 0.85 * linear(spec.skin), part.attributes
    colour = np.broadcast_to(base, (len(part.vertices), 3))
    colour = _mixed(colour, base * (1.05, 0.80, 0.78), given["blush"] * 0.6)
    colour = _mixed(colour, base * (0.95, 0.55, 0.55), given["lip"] * 0.8)
    colour = _mixed(colour, np.array([0.18, 0.04, 0.04]), given["mouth"])
    if spec.hair.style != "bald":
        colour = _mixed(colour, hair, given["scalp"] * 0.75)
    if spec.hair.beard != "none" and "whiskers" in given:
        colour = _mixed(colour, hair, given["whiskers"] * (0.35 if spec.hair.beard == "stubble" else 0.9))
    if "briefs" in given:
        colour = _mixed(colour, np.full(3, 0.02), given["briefs"])
    brow = np.clip((0.0065 - given["brow"]) / 0.003, 0.0, 1.0)
    return _mixed(colour, 0.6 * hair, brow * 0.85)


def _eyes(spec: Character, part: MeshPart) -> np.ndarray:
    given = part.attributes["eye"]
    off = np.hypot(given[:, 0], given[:, 2])
    ahead = given[:, 1] < 0
    colour = np.broadcast_to(_WHITE, (len(given), 3))
    colour = _mixed(colour, 0.8 * linear(spec.eyes), (ahead & (off < 0.56)).astype(float))
    return _mixed(colour, np.array([0.01, 0.01, 0.01]), (ahead & (off < 0.24)).astype(float))


def _mixed(colour: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    return colour + np.clip(share, 0.0, 1.0)[:, None] * (other - colour)
