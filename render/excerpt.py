"""Excerpts: a scene at some of its frames, or smaller, for a look rather than the whole clip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from render.scene import Actor, Scene


def at_frames(scene: Scene, frames: np.ndarray) -> Scene:
    """The scene at some of its frames: the same pictures, fewer of them."""
    track = scene.camera
    camera = replace(
        track,
        position=track.position[frames],
        rotation=track.rotation[frames],
        focal=track.focal[frames],
        focus=None if track.focus is None else track.focus[frames],
    )
    return replace(scene, camera=camera, actors=tuple(actor_at(a, frames) for a in scene.actors))


def at_size(scene: Scene, width: int, height: int) -> Scene:
    """The scene as a picture of `width` × `height`, of about the same shape; it shows the same width."""
    focal = scene.camera.focal * (width / scene.camera.width)
    return replace(scene, camera=replace(scene.camera, focal=focal, width=width, height=height))


def actor_at(actor: Actor, frames: np.ndarray) -> Actor:
    """An actor, with what it holds, at some of its frames."""
    pose = actor.pose
    held = tuple(
        replace(p, rotations=p.rotations[frames], positions=p.positions[frames]) for p in actor.props
    )
    kept = replace(
        pose,
        rotations=pose.rotations[frames],
        positions=pose.positions[frames],
        expression=pose.expression[frames],
        contacts=pose.contacts[frames],
    )
    return replace(actor, pose=kept, props=held)
