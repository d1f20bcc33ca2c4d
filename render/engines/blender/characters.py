"""A character in Blender: every part of an actor as keyed objects, ready to render."""

from __future__ import annotations

import json

import bpy
import numpy as np

from motionpair import fields
from motionpair.catalog import EYEWEAR
from motionpair.specs import Character
from render.characters.baked import BakedCharacter, MeshPart
from render.engines.blender import (
    feature,
    hair,
    materials_cloth,
    materials_eye,
    materials_skin,
    skin_paint,
    toon,
)
from render.engines.blender.armature import build_armature
from render.engines.blender.fabrics import NO_PIXEL, View
from render.engines.blender.face import Face
from render.engines.blender.meshes import build_mesh
from render.engines.blender.shader import linear_rgb
from render.scene import Actor, CameraTrack

_CLOTH_THICKNESS = 0.003
_SMOOTHED = ("cloth", "shoe", "hair")
"""Roles whose meshes are coarse enough to want a subdivision."""
_BROWS = {"realistic": (0.0, 1.0, 1.0), "animation_3d": (0.20, 1.35, 0.8), "animation_2d": (0.26, 1.1, 0.45)}
"""By look: how much higher the brows sit over larger eyes, in half distances between them, and how much
thicker they are, and how much of an arch they have."""
_INKED = ("skin", "cloth", "shoe", "hair", "accessory")

Direction = tuple[float, float, float]


def build(
    actor: Actor, pass_index: int, light: Direction = toon.LIGHT, camera: CameraTrack | None = None
) -> list[bpy.types.Object]:
    """Add an actor to the current scene, keyed on frames 1 to T.

    Args:
        actor: the character and its pose.
        pass_index: what the object-index pass shows wherever any part of the actor is seen.
        light: direction towards the main light, world; the bands of the 2D look follow it.
        camera: the 2D look's outlines have the same width in pixels at any distance from it.

    Returns:
        The objects, armature first.
    """
    baked = actor.character
    spec = _spec(baked)
    look = _look(actor, light, camera)
    armature = build_armature(spec.character_id, baked.rig, actor.pose)
    objects = [armature]
    for part in baked.parts:
        extra = look.attributes(part)
        target = build_mesh(part.name, part, baked.rig.names, armature, actor.pose.expression, extra)
        look.dress(target, part, actor)
        objects.append(target)
    if len(baked.strands):
        objects.append(look.strands(actor))
    for target in objects:
        target.pass_index = pass_index
    return objects


def eye_centres(baked: BakedCharacter) -> np.ndarray:
    """(2, 3) metres, bind pose: the centres of the left and the right eyeball."""
    vertices = next(p for p in baked.parts if p.role == "eye").vertices
    left = vertices[:, 0] > 0
    return np.stack([vertices[left].mean(axis=0), vertices[~left].mean(axis=0)])


def lash_coordinates(part: MeshPart, eyes: np.ndarray) -> np.ndarray:
    """(V, 2): radians around the eye seen from ahead, and 0 where a lash leaves the lid to 1 at its tip."""
    side = np.where(part.vertices[:, 0] > 0, 0, 1)
    local = part.vertices - eyes[side]
    away = np.linalg.norm(local, axis=1)
    tip = (away - away.min()) / max(float(np.ptp(away)), 1e-6)
    # Contiguous: on a view with gaps numpy's arctan2 rounds by where its result happens to lie in memory.
    height = np.ascontiguousarray(local[:, 2])
    return np.stack([np.arctan2(height, np.abs(local[:, 0])) + side, tip], axis=1).astype(np.float32)


def _look(actor: Actor, light: Direction, camera: CameraTrack | None) -> _Realistic:
    """What draws an actor, by its character's look."""
    baked, places = actor.character, actor.pose.positions[:, 0]
    pixel = NO_PIXEL if camera is None else pixel_size(places, camera)
    name = _spec(baked).look
    if name == "animation_2d":
        return _Toon(
            baked, pixel, light, toon.INK_WIDTH if camera is None else toon.ink_width(places, camera)
        )
    return _Feature(baked, pixel) if name == "animation_3d" else _Realistic(baked, pixel)


class _Realistic:
    """Materials and modifiers of the realistic look. `pixel`: metres that a pixel spans at the actor."""

    def __init__(self, baked: BakedCharacter, pixel: float) -> None:
        self.spec = _spec(baked)
        self.rig = baked.rig
        self.pixel = pixel
        self.eyes = eye_centres(baked)
        (half, depth, height) = (
            (self.eyes[0] - self.eyes[1])[0] / 2,
            self.eyes[:, 1].mean(),
            self.eyes[:, 2].mean(),
        )
        self.face = Face(float(half), float(height), float(depth), *_BROWS[self.spec.look])

    def attributes(self, part: MeshPart) -> dict[str, np.ndarray]:
        """Attributes that this look needs beside the baked ones."""
        if part.role == "lash":
            return {"lash": lash_coordinates(part, self.eyes)}
        return {skin_paint.PAINT: self._paint(part)} if part.role == "skin" else {}

    def _paint(self, part: MeshPart) -> np.ndarray:
        return skin_paint.paint(self.spec, part)

    def dress(self, target: bpy.types.Object, part: MeshPart, actor: Actor) -> None:
        """Give a part its material and its finer surface."""
        target.data.materials.append(self._material(part))
        if part.role == "skin":
            _add_brows(target, part, self.face, materials_skin.skin(self.spec, self.face))
        if part.role == "cloth":
            _thicken(target)
        if part.role in _SMOOTHED:
            _smooth(target)

    def _material(self, part: MeshPart) -> bpy.types.Material:
        spec = self.spec
        if part.role == "skin":
            return materials_skin.skin(spec)
        if part.role == "eye":
            return materials_eye.eye(spec)
        if part.role == "lash":
            return materials_skin.lashes(spec)
        if part.role == "teeth":
            return materials_skin.teeth()
        if part.role == "tongue":
            return materials_skin.tongue()
        if part.role == "hair":
            return hair.mesh_material(spec)
        return self._worn(part)

    def _worn(self, part: MeshPart, simple: bool = False) -> bpy.types.Material:
        garment = self.spec.garments[part.garment]
        seed, view = self.spec.seed + part.garment, _view(part, self.pixel)
        if garment.kind in EYEWEAR:
            return materials_cloth.glasses(garment)
        if part.role == "shoe":
            return materials_cloth.shoe(garment, seed, view, simple)
        return materials_cloth.cloth(garment, seed, view, simple)

    def strands(self, actor: Actor) -> bpy.types.Object:
        """The actor's hair strands."""
        baked = actor.character
        strands = hair.build_strands("strands", baked.strands, baked.strand_radius)
        strands.data.materials.append(hair.strand_material(self.spec))
        hair.follow(strands, baked, actor.pose)
        return strands


class _Feature(_Realistic):
    """Materials of the 3D-animation look: clean and rounded, with chunky hair."""

    def _paint(self, part: MeshPart) -> np.ndarray:
        return skin_paint.paint(self.spec, part, smooth=True)

    def dress(self, target: bpy.types.Object, part: MeshPart, actor: Actor) -> None:
        """Give a part its material and its finer surface."""
        if part.role != "skin":
            super().dress(target, part, actor)
            return
        target.data.materials.append(feature.skin(self.spec))
        _add_brows(target, part, self.face, feature.skin(self.spec, self.face))
        _smooth(target)

    def _material(self, part: MeshPart) -> bpy.types.Material:
        if part.role == "eye":
            return feature.eye(self.spec)
        if part.role == "lash":
            return feature.lashes(self.spec)
        if part.role == "hair":
            return feature.hair(self.spec)
        if part.garment >= 0:
            return self._worn(part, simple=True)
        return super()._material(part)

    def strands(self, actor: Actor) -> bpy.types.Object:
        """The actor's hair: few locks in place of many strands."""
        baked = feature.with_locks(actor.character)
        locks = feature.build_locks(baked)
        locks.data.materials.append(feature.locks(self.spec))
        hair.follow(locks, baked, actor.pose)
        return locks


class _Toon(_Realistic):
    """Materials, outlines and modifiers of the 2D look."""

    def __init__(self, baked: BakedCharacter, pixel: float, light: Direction, ink_width: float) -> None:
        super().__init__(baked, pixel)
        self.light = light
        self.ink_width = ink_width

    def attributes(self, part: MeshPart) -> dict[str, np.ndarray]:
        """Rounded normals for the head, beside those of the realistic look."""
        extra = super().attributes(part) if part.role != "skin" else {}
        return extra | toon.rounded_normals(part, self.rig) if part.role in ("skin", "hair") else extra

    def dress(self, target: bpy.types.Object, part: MeshPart, actor: Actor) -> None:
        """Give a part its material, its finer surface and its ink."""
        material, colour = self._toon_material(part)
        target.data.materials.append(material)
        if part.role in _SMOOTHED:
            _smooth(target)
        if part.role in ("skin", "hair"):
            toon.light_head(target, actor.character.rig, actor.pose, self.light)
        if part.role == "skin":
            brows = toon.skin(self.spec, frozenset(part.attributes), self.light, self.face)
            _add_brows(target, part, self.face, brows)
            toon.thin_ink(target, part)
        if part.role in _INKED:
            toon.add_outline(target, toon.ink_colour(colour), self.ink_width)

    def _toon_material(self, part: MeshPart) -> tuple[bpy.types.Material, tuple[float, float, float]]:
        """The part's material, and the colour that its ink is made from."""
        spec, light = self.spec, self.light
        if part.role == "skin":
            return toon.skin(spec, frozenset(part.attributes), light), linear_rgb(spec.skin)
        if part.role == "hair":
            return toon.hair(spec, light), linear_rgb(spec.hair.colour)
        if part.role == "eye":
            return toon.eye(spec), (0.0, 0.0, 0.0)
        if part.role == "lash":
            return toon.solid("toon lashes", (0.012, 0.008, 0.012)), (0.0, 0.0, 0.0)
        if part.role in ("teeth", "tongue"):
            colour = (0.86, 0.84, 0.82) if part.role == "teeth" else (0.62, 0.20, 0.20)
            return toon.flat(f"toon {part.role}", colour, light), colour
        garment = spec.garments[part.garment]
        colour = linear_rgb(garment.colours[0])
        seed, view = spec.seed + part.garment, _view(part, self.pixel)
        if garment.kind in EYEWEAR:
            return toon.flat("toon glasses", colour, light), colour
        if part.role == "shoe":
            return toon.shoe(garment, seed, light, view), colour
        return toon.cloth(garment, seed, light, view), colour


def pixel_size(places: np.ndarray, camera: CameraTrack) -> float:
    """Metres that a pixel spans at the median distance of `places` (T, 3)."""
    return float(np.median(np.linalg.norm(places - camera.position, axis=1) / camera.focal))


def _view(part: MeshPart, pixel: float) -> View:
    heights = part.vertices[:, 2]
    return View(frozenset(part.attributes), (float(heights.min()), float(heights.max())), pixel)


def _add_brows(target: bpy.types.Object, part: MeshPart, face: Face, material: bpy.types.Material) -> None:
    """Give the faces that brows may cover a material of their own."""
    target.data.materials.append(material)
    chosen = materials_skin.brow_faces(part, face)
    target.data.polygons.foreach_set("material_index", chosen.astype(np.int32))


def _thicken(target: bpy.types.Object) -> None:
    """Cloth's edge, turned inwards; the inner side itself is never seen."""
    solid = target.modifiers.new("edge", "SOLIDIFY")
    solid.thickness = _CLOTH_THICKNESS
    solid.offset = -1.0
    solid.use_rim_only = True


def _smooth(target: bpy.types.Object) -> None:
    """Subdivide once when rendering."""
    subdivision = target.modifiers.new("smooth", "SUBSURF")
    subdivision.levels = 0
    subdivision.render_levels = 1


def _spec(baked: BakedCharacter) -> Character:
    return fields.from_plain(Character, json.loads(baked.character_json))
