"""A character in Blender stands where the skinning says, and every bit of it is in the index pass."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

import blender_figures as figures  # noqa: E402
import blender_picture as picture  # noqa: E402

from motionpair.catalog import FABRICS  # noqa: E402
from motionpair.errors import InputError  # noqa: E402
from render.characters.skinning import skin  # noqa: E402
from render.engines.blender import characters, materials_skin, skin_paint, toon  # noqa: E402
from render.engines.blender.armature import continuous, rotate  # noqa: E402
from render.engines.blender.face import Face  # noqa: E402
from render.scene import CameraTrack  # noqa: E402

pytestmark = pytest.mark.blender

FACE = Face(0.032, 1.60, -0.09)
LOOKS = ("realistic", "animation_3d", "animation_2d")
COLOURS = ("#336699", "#f0e8d8", "#203040")


@pytest.fixture
def scene() -> bpy.types.Scene:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


@pytest.mark.parametrize("look", LOOKS)
def test_vertices_stand_where_linear_blend_skinning_puts_them(scene, look):
    actor = figures.actor(figures.character(look), frames=4)
    objects = {o.name: o for o in characters.build(actor, 1)}
    for target in objects.values():
        for modifier in target.modifiers:
            modifier.show_viewport = modifier.type == "ARMATURE"
    for frame in range(1, 5):
        scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        for part in actor.character.parts:
            mesh = objects[part.name].evaluated_get(graph).data
            shown = np.empty(len(mesh.vertices) * 3, np.float32)
            mesh.vertices.foreach_get("co", shown)
            expected = skin(part, actor.character.rig, actor.pose)[frame - 1]
            assert np.abs(shown.reshape(-1, 3) - expected).max() < 1e-4


def test_strands_move_with_the_head(scene):
    actor = figures.actor(figures.character(), frames=3)
    strands = characters.build(actor, 1)[-1]
    rig, pose = actor.character.rig, actor.pose
    head = rig.names.index("head")
    roots = actor.character.strands[:, 0].astype(float)
    shown = np.empty(actor.character.strands.size, np.float32)
    for frame in (1, 2, 3):
        scene.frame_set(frame)
        strands.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.attributes[
            "position"
        ].data.foreach_get("vector", shown)
        turned = rotate(np.tile(pose.rotations[frame - 1, head], (len(roots), 1)), roots - rig.heads[head])
        expected = turned + pose.positions[frame - 1, head]
        places = shown.reshape(actor.character.strands.shape)
        np.testing.assert_allclose(places[:, 0], expected, atol=1e-5)


def test_only_face_units_that_move_become_shape_keys_and_they_rest_at_zero(scene):
    actor = figures.actor(figures.character(), frames=3)
    body = next(o for o in characters.build(actor, 1) if o.name == "body")
    keys = body.data.shape_keys.key_blocks
    assert [k.name for k in keys] == ["rest", "mouthSmileLeft"]
    scene.frame_set(1)
    assert keys["mouthSmileLeft"].value == 0.0
    scene.frame_set(3)
    assert keys["mouthSmileLeft"].value == pytest.approx(0.9)


@pytest.mark.parametrize("look", LOOKS)
def test_index_pass_holds_all_that_is_seen_of_a_character_and_nothing_else(scene, look, tmp_path):
    actor = figures.actor(figures.character(look), frames=1)
    objects = characters.build(actor, 5)
    assert {o.pass_index for o in objects} == {5}
    shown = picture.render(scene, tmp_path)
    assert set(np.unique(shown.index)) == {0, 5}
    seen = np.isfinite(shown.depth)
    np.testing.assert_array_equal(shown.index == 5, seen)
    if look != "animation_2d":
        hair = objects[-1]
        hair.hide_render = True
        without = picture.render(scene, tmp_path).index == 5
        assert (seen & ~without).sum() > 20, "strands are in the index pass"


@pytest.mark.parametrize("look", LOOKS)
def test_every_fabric_looks_like_no_other(scene, look, tmp_path):
    shown = {}
    for fabric, of in FABRICS.items():
        bpy.ops.wm.read_factory_settings(use_empty=True)
        spec = figures.character(look, fabric, COLOURS[: of.colours])
        characters.build(figures.actor(spec, frames=1), 1)
        seen = picture.render(bpy.context.scene, tmp_path, light=1.0)
        shown[fabric] = seen.linear[44:80, 38:58]
    # The flat look tells these apart at hems, which the figure lacks, and where the light is mirrored.
    alike = {"plain", "denim", "leather"} if look == "animation_2d" else set()
    for a, b in itertools.combinations(FABRICS, 2):
        if not {a, b} <= alike:
            assert np.abs(shown[a] - shown[b]).mean() > 0.001, (a, b)


@pytest.mark.parametrize("look", LOOKS)
def test_a_face_unit_moves_the_face_in_the_picture(scene, look, tmp_path):
    actor = figures.actor(figures.character(look), frames=2)
    still = dataclasses.replace(
        actor.pose,
        rotations=np.repeat(actor.pose.rotations[:1], 2, axis=0),
        positions=np.repeat(actor.pose.positions[:1], 2, axis=0),
    )
    characters.build(dataclasses.replace(actor, pose=still), 1)
    first, second = (picture.render(scene, tmp_path, frame, light=1.0) for frame in (1, 2))
    assert (first.linear != second.linear).any(axis=2).sum() > 20


def test_an_unknown_fabric_is_an_input_error(scene):
    with pytest.raises(InputError, match="fabric: expected one of plain"):
        characters.build(figures.actor(figures.character(fabric="tweed")), 1)


def test_building_twice_gives_the_same_materials_and_objects(scene):
    spec = figures.character("realistic", "plaid", COLOURS)

    def described() -> list[object]:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        out: list[object] = []
        for target in characters.build(figures.actor(spec), 1):
            out.append((target.name, target.type, [m.type for m in target.modifiers]))
            for material in getattr(target.data, "materials", []):
                for node in material.node_tree.nodes:
                    values = [_plain(i.default_value) for i in node.inputs if hasattr(i, "default_value")]
                    out.append((node.bl_idname, node.name, values))
        return out

    assert described() == described()


def test_skin_is_painted_where_its_masks_are_and_always_the_same():
    spec = figures.character()
    body = next(p for p in figures.bake(spec).parts if p.role == "skin")
    lip = np.zeros(len(body.vertices))
    lip[:5] = 1.0
    plain = skin_paint.paint(spec, dataclasses.replace(body, attributes={}))
    made = skin_paint.paint(spec, dataclasses.replace(body, attributes={"lip": lip}))
    assert plain.shape == (len(body.vertices), 4)
    assert plain.dtype == np.float32
    assert ((plain >= 0) & (plain <= 1)).all()
    np.testing.assert_array_equal(plain[5:], made[5:])
    assert (made[:5, 1] < plain[:5, 1] * 0.9).all(), "lips are less green than skin"
    np.testing.assert_array_equal(
        made, skin_paint.paint(spec, dataclasses.replace(body, attributes={"lip": lip}))
    )


@pytest.mark.parametrize(
    ("look", "lift"), [("realistic", 0.0), ("animation_3d", 0.20), ("animation_2d", 0.26)]
)
def test_brows_are_drawn_on_the_faces_around_them_alone(scene, look, lift):
    baked = figures.bake(figures.character(look))
    objects = {o.name: o for o in characters.build(figures.actor(figures.character(look)), 1)}
    part = next(p for p in baked.parts if p.role == "skin")
    chosen = materials_skin.brow_faces(part, dataclasses.replace(FACE, brow_lift=lift))
    used = np.array([p.material_index for p in objects["body"].data.polygons])
    np.testing.assert_array_equal(used == 1, chosen)
    assert 0 < chosen.sum() < len(chosen) / 4
    names = [m.name for m in objects["body"].data.materials]
    if look == "animation_2d":
        assert names[-1].startswith("ink")
        assert objects["body"].modifiers["ink"].material_offset == 2


def test_no_material_of_a_character_takes_light_samples(scene):
    for look in LOOKS:
        characters.build(figures.actor(figures.character(look)), 1)
    assert {m.cycles.emission_sampling for m in bpy.data.materials} == {"NONE"}


def test_ink_keeps_its_width_in_pixels_within_bounds():
    actor = figures.actor(figures.character("animation_2d"))

    def width(distance: float, focal: float = 500.0) -> float:
        count = len(actor.pose.positions)
        places = actor.pose.positions[:, 0] + [0.0, -distance, 0.0]
        track = CameraTrack(places, np.tile(np.eye(3), (count, 1, 1)), np.full(count, focal), 256, 448)
        return toon.ink_width(actor.pose.positions[:, 0], track)

    assert width(1.0) * 500.0 / 1.0 == pytest.approx(1.6)
    assert width(2.0) == pytest.approx(2 * width(1.0))
    assert (width(0.01), width(100.0)) == (0.0015, 0.010)


def test_continuous_rotations_stay_the_same_rotations():
    rng = np.random.default_rng(3)
    turns = rng.normal(size=(20, 5, 4))
    turns /= np.linalg.norm(turns, axis=-1, keepdims=True)
    out = continuous(turns)
    assert (np.sum(out[1:] * out[:-1], axis=-1) >= 0).all()
    vector = rng.normal(size=3)
    np.testing.assert_allclose(rotate(out, vector), rotate(turns, vector), atol=1e-12)


def _plain(value: object) -> object:
    return tuple(value) if hasattr(value, "__len__") and not isinstance(value, str) else value
