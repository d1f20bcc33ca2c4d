from __future__ import annotations

from dataclasses import replace

import numpy as np
from mannequins import BODIES
from samples import phrase, spec
from views import view_of

from render.depth import depth_buffer
from render.estimators.points import body_of
from render.estimators.sight import look
from render.motions import perform
from render.posing import turns_of
from render.retarget import retarget
from render.scene import Actor

MOTION = perform(spec(phrase("wave", 0, seconds=3.0)), 16, 17)
VIEW = view_of(MOTION, azimuth=0.0, heading=0.0)
NEAR = retarget(MOTION, BODIES["average"], (0.3, -0.9), 0.0)
"""The same body as the view's, straight in front of it."""


def test_the_buffer_has_the_bodys_outline_and_depth() -> None:
    depth, index = VIEW.depth, VIEW.index
    assert depth.shape == index.shape == (17, 96, 55)
    np.testing.assert_array_equal(np.isfinite(depth), index > 0)
    _, joints = VIEW.camera.project(VIEW.pose.positions)
    near, far = depth[index > 0].min(), depth[index > 0].max()
    assert joints.min() - 0.3 < near < far < joints.max() + 0.3


def test_the_nearer_body_is_in_front() -> None:
    front, back = Actor(VIEW.character, NEAR, 1), Actor(VIEW.character, VIEW.pose, 2)
    for actors, mine in (((front, back), 1), ((back, front), 2)):
        depth, index = depth_buffer(actors, VIEW.camera)
        alone, shown = depth_buffer([front], VIEW.camera)
        assert (index[shown > 0] == mine).mean() > 0.97
        assert (depth[shown > 0] <= alone[shown > 0]).all()


def test_somebody_in_front_hides() -> None:
    body = body_of(VIEW.character, VIEW.position, VIEW.heading)
    depth, index = depth_buffer(
        [Actor(VIEW.character, VIEW.pose, 1), Actor(VIEW.character, NEAR, 2)], VIEW.camera
    )
    open_, behind = (look(v, body, 16).hidden for v in (VIEW, replace(VIEW, depth=depth, index=index)))
    assert behind[:, :22].mean() > open_[:, :22].mean() + 0.3


def test_the_buffer_is_the_same_every_time_and_empty_without_anybody() -> None:
    actor = Actor(VIEW.character, VIEW.pose, 1)
    again = depth_buffer([actor], VIEW.camera)
    np.testing.assert_array_equal(again[0], VIEW.depth)
    np.testing.assert_array_equal(again[1], VIEW.index)
    depth, index = depth_buffer([], VIEW.camera)
    assert np.isinf(depth).all()
    assert not index.any()


def test_points_outside_the_picture_are_outside() -> None:
    view = view_of(MOTION, framing="close_up")
    body = body_of(view.character, view.position, view.heading)
    places = body.places(turns_of(view.character.rig, view.pose), view.pose.positions[:, 0])
    pixels, _ = view.camera.project(places)
    low = pixels[..., 1] > 1.1 * view.camera.height
    assert low.any()
    assert (look(view, body, 16).outside[low] == 1.0).all()
