"""Excerpts: the same pictures, fewer or smaller."""

import numpy as np

from motionpair.specs import Environment, RenderSettings
from render.excerpt import at_frames, at_size
from render.scene import Actor, CameraTrack, Pose, Prop, Scene

FRAMES = 6


def a_scene() -> Scene:
    t = np.arange(FRAMES, dtype=float)
    position = np.stack([t, -4 - t, np.ones(FRAMES)], axis=1)
    looking = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    camera = CameraTrack(
        position, np.repeat(looking[None], FRAMES, 0), 100 + t, 64, 96, f_stop=2.0, focus=4 + t
    )
    turns = np.zeros((FRAMES, 2, 4))
    pose = Pose(
        turns,
        np.repeat(t[:, None, None], 2, 1) * np.ones(3),
        np.zeros((FRAMES, 52)),
        np.ones((FRAMES, 4), bool),
    )
    prop = Prop("cup", (0.1, 0.1, 0.1), "#ffffff", turns[:, 0], position)
    environment = Environment("plaza", "city", 0.0, 1.0, (), {}, 0)
    settings = RenderSettings("pyrender", "draft", "realistic", 1, "none", 1, 0)
    return Scene((Actor(None, pose, 1, (prop,)),), camera, environment, settings, 16)  # type: ignore[arg-type]


def test_chosen_frames_are_the_scenes_own() -> None:
    scene = a_scene()
    chosen = np.array([0, 3, 5])
    part = at_frames(scene, chosen)
    assert part.frames == 3
    assert (part.camera.position == scene.camera.position[chosen]).all()
    assert (part.camera.focus == scene.camera.focus[chosen]).all()  # type: ignore[index]
    (actor,), (whole,) = part.actors, scene.actors
    assert (actor.pose.positions == whole.pose.positions[chosen]).all()
    assert (actor.props[0].positions == whole.props[0].positions[chosen]).all()


def test_a_smaller_picture_shows_the_same() -> None:
    scene = a_scene()
    small = at_size(scene, 32, 48)
    points = np.array([[[0.3, 2.0, 1.4], [-0.5, 3.0, 0.2]]] * FRAMES)
    large_pixels, depth = scene.camera.project(points)
    pixels, same = small.camera.project(points)
    assert np.allclose(pixels, large_pixels / 2)
    assert np.allclose(depth, same)
