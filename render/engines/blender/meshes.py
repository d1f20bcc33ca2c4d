"""Mesh parts as Blender objects: geometry, attributes, skinning and face units."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import bpy
import numpy as np

from render.characters.baked import MeshPart
from render.engines.blender.armature import animate
from render.skeleton import FACE_UNITS

MOVES = 1e-3
"""A face unit below this in every frame of a clip is left out of it."""

_RESERVED = ("uv",)
"""Attributes that stay behind: Cycles keeps the name `uv` for texture layers, and no material reads it."""

_KINDS = {
    1: ("FLOAT", "value"),
    2: ("FLOAT2", "vector"),
    3: ("FLOAT_VECTOR", "vector"),
    4: ("FLOAT_COLOR", "color"),
}


def build_mesh(
    name: str,
    part: MeshPart,
    joints: tuple[str, ...],
    armature: bpy.types.Object,
    expression: np.ndarray,
    extra: Mapping[str, np.ndarray] | None = None,
) -> bpy.types.Object:
    """A mesh object skinned to `armature`, its face units keyed by `expression` (T, 52).

    `extra` holds per-vertex attributes beside the part's own, (V,) or (V, 2) to (V, 4).
    """
    mesh = bpy.data.meshes.new(name)
    _fill(mesh, part)
    for attribute, values in {**part.attributes, **(extra or {})}.items():
        if attribute not in _RESERVED:
            add_attribute(mesh.attributes, attribute, values)
    target = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(target)
    _add_weights(target, part, joints)
    _add_units(target, part, expression)
    modifier = target.modifiers.new("armature", "ARMATURE")
    modifier.object = armature
    modifier.use_deform_preserve_volume = False
    return target


def add_attribute(attributes: bpy.types.AttributeGroupMesh, name: str, values: np.ndarray) -> None:
    """Add a float attribute of the vertices, of one to four components; four are linear RGBA."""
    values = np.asarray(values, np.float32)
    kind, field = _KINDS[1 if values.ndim == 1 else values.shape[1]]
    attributes.new(name, kind, "POINT").data.foreach_set(field, values.ravel())


def _fill(mesh: bpy.types.Mesh, part: MeshPart) -> None:
    """Vertices and faces, smooth; a −1 in the last column marks a triangle."""
    keep = part.faces >= 0
    starts = np.concatenate([[0], np.cumsum(keep.sum(axis=1))[:-1]])
    corners = part.faces[keep]
    mesh.vertices.add(len(part.vertices))
    mesh.vertices.foreach_set("co", np.asarray(part.vertices, np.float32).ravel())
    mesh.loops.add(len(corners))
    mesh.loops.foreach_set("vertex_index", corners.astype(np.int32))
    mesh.polygons.add(len(part.faces))
    mesh.polygons.foreach_set("loop_start", starts.astype(np.int32))
    mesh.update(calc_edges=True)


def _add_weights(target: bpy.types.Object, part: MeshPart, joints: tuple[str, ...]) -> None:
    """Vertex groups. One call adds all vertices that share a joint and a weight."""
    vertex = np.repeat(np.arange(len(part.bones)), part.bones.shape[1])
    joint, weight = part.bones.ravel(), part.weights.ravel()
    used = weight > 0
    vertex, joint, weight = vertex[used], joint[used], weight[used]
    order = np.lexsort((weight, joint))
    vertex, joint, weight = vertex[order], joint[order], weight[order]
    new = np.flatnonzero((np.diff(joint) != 0) | (np.diff(weight) != 0)) + 1
    starts = [0, *new.tolist(), len(vertex)]
    groups = {j: target.vertex_groups.new(name=joints[j]) for j in np.unique(joint).tolist()}
    for start, stop in itertools.pairwise(starts):
        groups[int(joint[start])].add(vertex[start:stop].tolist(), float(weight[start]), "REPLACE")


def _add_units(target: bpy.types.Object, part: MeshPart, expression: np.ndarray) -> None:
    """Shape keys of the face units that move in this clip, at rest 0."""
    peak = np.abs(expression).max(axis=0)
    reach = np.abs(part.unit_deltas.astype(np.float32)).max(axis=(1, 2), initial=0.0)
    moving = np.flatnonzero((peak > MOVES) & (reach > 0))
    if not len(moving):
        return
    base = np.asarray(part.vertices, np.float32)
    target.shape_key_add(name="rest", from_mix=False)
    curves = {}
    for unit in moving.tolist():
        key = target.shape_key_add(name=FACE_UNITS[unit], from_mix=False)
        key.value = 0.0
        shape = base.copy()
        shape[part.unit_vertices] += part.unit_deltas[unit].astype(np.float32)
        key.points.foreach_set("co", shape.ravel())
        curves[f'key_blocks["{FACE_UNITS[unit]}"].value', 0] = expression[:, unit]
    animate(target.data.shape_keys, curves)
