"""Armatures and animation: a pose over time as F-curves, written whole instead of key by key.

Every bone is a root that points along +Y from its joint. A bone's rest frame then has no rotation, so the
pose's global rotation and the joint's displacement are the bone's channels as they stand: no chain to
invert, nothing accumulates, and skinning is exactly that of `render.characters.skinning`.
"""

from __future__ import annotations

from collections.abc import Mapping

import bpy
import numpy as np

from render.characters.baked import Rig
from render.scene import Pose

BONE_LENGTH = 0.05
_LINEAR = 1
"""Interpolation LINEAR: keys sit on every frame; the vector pass and motion blur look between them."""


def build_armature(name: str, rig: Rig, pose: Pose) -> bpy.types.Object:
    """An armature of the rig's joints, keyed on frames 1 to T."""
    data = bpy.data.armatures.new(name)
    armature = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for joint, head in zip(rig.names, rig.heads.tolist(), strict=True):
        bone = data.edit_bones.new(joint)
        bone.head = head
        bone.tail = (head[0], head[1] + BONE_LENGTH, head[2])
    bpy.ops.object.mode_set(mode="OBJECT")
    rotations = continuous(pose.rotations)
    offsets = pose.positions - rig.heads
    curves: dict[tuple[str, int], np.ndarray] = {}
    for j, joint in enumerate(rig.names):
        path = f'pose.bones["{joint}"].'
        for c in range(3):
            curves[path + "location", c] = offsets[:, j, c]
        for c in range(4):
            curves[path + "rotation_quaternion", c] = rotations[:, j, c]
    animate(armature, curves)
    return armature


def animate(owner: bpy.types.ID, curves: Mapping[tuple[str, int], np.ndarray]) -> None:
    """Key a data-block's properties: (data path, array index) to a value for each frame from 1."""
    action = bpy.data.actions.new(owner.name)
    slot = action.slots.new(id_type=owner.id_type, name=owner.name)
    bag = action.layers.new("pose").strips.new(type="KEYFRAME").channelbag(slot, ensure=True)
    animation = owner.animation_data_create()
    animation.action = action
    animation.action_slot = slot
    for (path, index), values in curves.items():
        curve = bag.fcurves.new(path, index=index)
        points = curve.keyframe_points
        points.add(len(values))
        keys = np.empty((len(values), 2), np.float32)
        keys[:, 0] = np.arange(1, len(values) + 1)
        keys[:, 1] = values
        points.foreach_set("co", keys.ravel())
        points.foreach_set("interpolation", np.full(len(values), _LINEAR, np.int32))


def continuous(rotations: np.ndarray) -> np.ndarray:
    """Quaternions (T, ..., 4) with signs chosen so that neighbours in time lie on one hemisphere."""
    dots = np.sum(rotations[1:] * rotations[:-1], axis=-1, keepdims=True)
    signs = (
        np.concatenate([np.ones_like(dots[:1]), np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0)])
        if len(dots)
        else 1.0
    )
    return rotations * signs


def rotate(rotation: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) rotated by unit quaternions (..., 4), wxyz."""
    w, xyz = rotation[..., :1], rotation[..., 1:]
    t = 2 * np.cross(xyz, np.broadcast_to(vector, xyz.shape))
    return vector + w * t + np.cross(xyz, t)
