"""Props in Blender: they fill their size, stand where their track says, and belong to the environment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

import blender_figures as figures  # noqa: E402
import blender_picture as picture  # noqa: E402

from motionpair.catalog import PROPS  # noqa: E402
from motionpair.errors import InputError  # noqa: E402
from render.engines import PROP_INDEX  # noqa: E402
from render.engines.blender import characters, props  # noqa: E402
from render.engines.blender.armature import rotate  # noqa: E402
from render.scene import Prop  # noqa: E402

pytestmark = pytest.mark.blender

SIZES = {
    "cup": (0.125, 0.085, 0.1), "phone": (0.074, 0.009, 0.15), "box": (0.4, 0.3, 0.28),
    "stool": (0.36, 0.36, 0.46), "ball": (0.22, 0.22, 0.22),
}  # fmt: skip


def a_prop(kind: str, frames: int = 1) -> Prop:
    rng = np.random.default_rng(5)
    turns = rng.normal((2.0, 0, 0, 0), size=(frames, 4))
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    return Prop(kind, SIZES[kind], "#b5452e", turns, rng.normal(size=(frames, 3)))


@pytest.fixture(autouse=True)
def scene() -> bpy.types.Scene:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


@pytest.mark.parametrize("kind", PROPS)
def test_a_prop_fills_its_size_and_stands_on_its_origin(kind):
    mesh = props.build(a_prop(kind), "realistic").data
    points = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", points)
    low, high = points.reshape(-1, 3).min(axis=0), points.reshape(-1, 3).max(axis=0)
    x, y, z = SIZES[kind]
    # Tape, labels and lenses stand out by a millimetre or two.
    np.testing.assert_allclose(low, (-x / 2, -y / 2, 0), atol=0.003)
    np.testing.assert_allclose(high, (x / 2, y / 2, z), atol=0.003)


def test_a_prop_follows_its_track_frame_by_frame(scene):
    prop = a_prop("cup", frames=3)
    target = props.build(prop, "realistic")
    tip = np.array([0.01, 0.02, 0.1])
    for t in range(3):
        scene.frame_set(t + 1)
        shown = np.array(target.matrix_world) @ [*tip, 1]
        np.testing.assert_allclose(shown[:3], rotate(prop.rotations[t], tip) + prop.positions[t], atol=1e-5)


@pytest.mark.parametrize("style", ["realistic", "toon"])
def test_every_prop_has_the_index_of_the_environments_things(scene, style, tmp_path: Path):
    actor = figures.actor(figures.character("animation_2d" if style == "toon" else "realistic"), frames=1)
    characters.build(actor, 1)
    for i, kind in enumerate(PROPS):
        place = np.array([[0.4 + 0.02 * i, -0.6, 0.2 + 0.35 * i]])
        prop = Prop(kind, (0.2, 0.2, 0.25), "#3070a0", np.array([[1.0, 0, 0, 0]]), place)
        assert props.build(prop, style).pass_index == PROP_INDEX
    shown = picture.render(scene, tmp_path)
    assert set(np.unique(shown.index)) == {0, 1, PROP_INDEX}
    rows = np.flatnonzero((shown.index == PROP_INDEX).any(axis=1))
    assert len(rows) > 60, "all five are seen, one above the other"


def test_an_unknown_prop_is_an_input_error():
    with pytest.raises(InputError, match=r"prop\.kind: expected one of cup"):
        props.build(Prop("sword", (1, 1, 1), "#ffffff", np.ones((1, 4)), np.zeros((1, 3))), "realistic")
