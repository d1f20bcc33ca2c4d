"""Pose maps and grey bodies: who is in front hides, hues tell limbs, the same joints draw the same bytes."""

import colorsys
import hashlib
import re
import subprocess
import sys

import mannequins
import numpy as np
import pytest
from scipy import ndimage

from motionpair import annotations, specs
from motionpair.errors import InputError
from motionpair.specs import RenderSettings
from pipelines import strips
from render.annotate import clip_annotations
from render.engines import open_engine
from render.engines.pose_maps import draw, redraw
from render.engines.pose_maps.bones import BONES, FINGERS, LIMB, POINT_INDEX
from render.engines.pose_maps.points import completed, sizes
from render.scene import Actor, CameraTrack, Pose, Scene
from render.skeleton import JOINT_INDEX as J

AHEAD = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""A camera that looks along +Y, at what faces it."""


@pytest.fixture(scope="module")
def standing():
    """(55, 3) somebody in A-pose above the origin, who faces −Y."""
    return mannequins.body().rig.heads[: annotations.JOINTS]


def seen(joints, width=256, height=448, eye=(0.0, -4.0, 0.9), focal=450.0):
    """Poses (T, K, 55, 3) seen from `eye` along +Y, and the camera."""
    frames = len(joints)
    camera = CameraTrack(
        np.repeat([eye], frames, 0), np.repeat(AHEAD[None], frames, 0), np.full(frames, focal), width, height
    )
    drawn = draw(np.asarray(joints), camera.position, camera.rotation, camera.focal, width, height)
    return drawn, camera


def at(camera, point):
    """(row, column) of the pixel that shows a point."""
    (x, y), _ = (v[0] for v in camera.project(np.asarray(point, float)[None]))
    return int(y), int(x)


def hue(colour):
    return colorsys.rgb_to_hsv(*(np.asarray(colour, float) / 255))[0]


def apart(a, b):
    return abs((a - b + 0.5) % 1.0 - 0.5)


def test_whoever_is_nearer_hides_whoever_is_behind(standing):
    behind = standing + np.array([0.0, 0.6, 0.0])
    for nearer, pair in ((1, [standing, behind]), (2, [behind, standing])):
        drawn, camera = seen(np.array(pair)[None])
        for name in ("left_knee", "right_elbow", "neck"):
            pixel = (0, *at(camera, standing[J[name]]))
            assert drawn.index[pixel] == nearer
            assert drawn.depth[pixel] == pytest.approx(4.0 + standing[J[name]][1], abs=0.06)
        assert (drawn.index == 3 - nearer).sum() > 300, "the one behind is seen past the one in front"


@pytest.mark.parametrize("side", [-1, 1])
def test_a_forearm_before_or_behind_the_trunk_hides_or_is_hidden(standing, side):
    pose = standing.copy()
    trunk = 0.5 * (pose[J["neck"]] + pose[J["right_hip"]])
    pose[J["right_elbow"]] = trunk + np.array([-0.2, side * 0.25, 0.0])
    pose[J["right_wrist"]] = trunk + np.array([0.2, side * 0.25, 0.0])
    drawn, camera = seen(pose[None, None], eye=(trunk[0], -4.0, trunk[2]))
    colours = {bone.name: bone.colour for bone in BONES}
    expected = "right_elbow right_wrist" if side < 0 else "neck right_hip"
    shown = drawn.rgb[0][at(camera, trunk)]
    assert apart(hue(shown), hue(colours[expected])) < 0.02


def test_depth_is_the_joints_less_the_radius(standing):
    knee = standing[J["left_knee"]]
    drawn, _ = seen(standing[None, None], width=511, height=511, eye=(knee[0], -2.0, knee[2]))
    radius = LIMB * sizes(standing[None, None])[0]
    assert 0.018 < radius < 0.025, "SCAIL's cylinders of 21.5 mm on an adult"
    assert drawn.depth[0, 255, 255] == pytest.approx(2.0 + knee[1] - radius, abs=5e-4)


def test_a_limb_has_one_hue_however_it_is_turned(standing):
    turned = standing[:, [1, 0, 2]] * (1, -1, 1)
    drawn, camera = seen(np.stack([standing, turned])[:, None], width=512, height=896, focal=900.0)
    points = completed(np.stack([standing, turned]))
    checked = 0
    for bone in BONES:
        middle = 0.5 * (points[:, bone.start] + points[:, bone.end])
        pixels, depth = camera.project(middle)
        for t in range(2):
            x, y = pixels[t].astype(int)
            hidden = drawn.depth[t, y, x] < depth[t] - 0.06
            if bone.radius < LIMB or hidden or bone.start == bone.end:
                continue
            red, green, blue = drawn.rgb[t, y, x] / max(drawn.rgb[t, y, x].max(), 1)
            expected = np.array(bone.colour) / max(bone.colour)
            assert np.abs(np.array([red, green, blue]) - expected).max() < 0.03, bone.name
            checked += 1
    assert checked > 20


def test_left_and_right_and_the_parts_differ_in_hue():
    body = [bone for bone in BONES if bone.part in ("torso", "arm", "leg")]
    for i, bone in enumerate(body):
        for other in body[:i]:
            assert apart(hue(bone.colour), hue(other.colour)) > 0.015, (bone.name, other.name)
    for bone in body:
        warm = apart(hue(bone.colour), 0.2) < 0.26  # red to green
        assert warm == ("right" in bone.name), bone.name
    fingers = {
        (side, f): {hue(b.colour) for b in BONES if f"{side}_{f}" in b.name}
        for side in ("left", "right")
        for f in FINGERS
    }
    assert all(len(hues) == 1 for hues in fingers.values()), "a finger has one hue"
    assert len({round(*hues, 3) for hues in fingers.values()}) == 10
    thickness = {bone.part: bone.radius for bone in BONES}
    assert thickness["hand"] < 0.5 * thickness["arm"]


@pytest.mark.parametrize(("width", "height", "least"), [(512, 896, 20), (256, 448, 4)])
def test_every_finger_is_seen(standing, width, height, least):
    pose = standing.copy()
    for side in ("left", "right"):
        for finger, angle in zip(FINGERS, np.radians([-50, -20, 0, 20, 40]), strict=True):
            way = np.array([np.sin(angle), 0.0, -np.cos(angle)])
            for k in (1, 2, 3):
                pose[J[f"{side}_{finger}{k}"]] = pose[J[f"{side}_wrist"]] + (0.06 + 0.03 * k) * way
    drawn, camera = seen(pose[None, None], width, height, focal=height * 1.4)
    for bone in (b for b in BONES if b.part == "hand" and b.name.endswith("tip")):
        finger = bone.name.split("3")[0]
        row, column = at(camera, pose[bone.start])
        reach = height // 30
        around = drawn.rgb[0, row - reach : row + reach, column - reach : column + reach].reshape(-1, 3)
        coloured = around[around.max(axis=1) > 60]
        like = [apart(hue(c), hue(bone.colour)) < 0.03 for c in coloured]
        assert sum(like) >= least, finger


def test_the_face_tells_where_the_head_is_turned(standing):
    points = completed(standing[None])[0]
    eyes = 0.5 * (standing[J["left_eye_smplhf"]] + standing[J["right_eye_smplhf"]])
    nose, left, right = (points[POINT_INDEX[n]] for n in ("nose", "left_ear", "right_ear"))
    assert nose[1] < eyes[1] - 0.02
    assert nose[2] < eyes[2]
    assert left[0] > 0.04
    assert right[0] < -0.04
    assert min(left[1], right[1]) > eyes[1] + 0.04


def test_fingertips_go_on_where_the_finger_bends(standing):
    straight = standing.copy()
    for k in (1, 2, 3):
        straight[J[f"left_index{k}"]] = straight[J["left_wrist"]] + (0.0, 0.0, -0.05 - 0.03 * k)
    tip = completed(straight[None])[0, POINT_INDEX["left_index_tip"]]
    assert tip == pytest.approx(straight[J["left_index3"]] + (0.0, 0.0, -0.0345), abs=1e-4)
    bent = straight.copy()
    bent[J["left_index3"]] = bent[J["left_index2"]] + (0.0, -0.03, 0.0)
    tip = completed(bent[None])[0, POINT_INDEX["left_index_tip"]]
    way = (tip - bent[J["left_index3"]]) / np.linalg.norm(tip - bent[J["left_index3"]])
    assert way[2] > 0.2, "it curls back towards the palm"


def test_the_index_says_where_there_is_colour(standing):
    drawn, _ = seen(np.array([standing, standing + np.array([0.5, 0.3, 0.0])])[None])
    shown, owned = drawn.rgb[0].any(axis=2), drawn.index[0] > 0
    assert shown[owned].all()
    # Antialiasing reaches a pixel beyond.
    assert not (shown & ~ndimage.binary_dilation(owned, iterations=2)).any()
    assert np.array_equal(owned, np.isfinite(drawn.depth[0]))
    assert set(np.unique(drawn.index)) == {0, 1, 2}


def test_without_anybody_all_is_black(standing):
    empty, _ = seen(np.zeros((2, 0, 55, 3)))
    away, _ = seen((standing + np.array([0.0, -9.0, 0.0]))[None, None])
    for drawn in (empty, away):
        assert not drawn.rgb.any()
        assert not drawn.index.any()
        assert np.isinf(drawn.depth).all()


def test_joints_are_used_as_float32(standing):
    poses = standing[None, None] + 1e-9
    assert seen(poses)[0].rgb.tobytes() == seen(poses.astype(np.float32))[0].rgb.tobytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"joints3d": np.zeros((1, 1, 24, 3))}, r"joints3d: expected \(T, K, 55, 3\)"),
        ({"focal": np.zeros(2)}, r"focal: expected \(1,\), got \(2,\)"),
        ({"position": np.zeros((1, 4))}, r"position: expected \(1, 3\), got \(1, 4\)"),
    ],
)
def test_arrays_of_other_shapes_are_named(change, said):
    given = {
        "joints3d": np.zeros((1, 1, 55, 3)),
        "position": np.zeros((1, 3)),
        "rotation": AHEAD[None],
        "focal": np.full(1, 400.0),
    }
    with pytest.raises(InputError, match=said):
        draw(**(given | change), width=64, height=64)


def a_scene(characters, engine="pose_map", frames=2, width=128, height=224):
    """Characters in bind pose beside each other; they sink, and the camera comes nearer."""
    time = np.arange(frames)
    actors = []
    for i, baked in enumerate(characters):
        joints = len(baked.rig.names)
        turns = np.zeros((frames, joints, 4))
        turns[..., 0] = 1.0
        moved = np.array([0.7 * i, 0.3 * i, 0.0]) - time[:, None, None] * (0.0, 0.0, 0.013)
        places = baked.rig.heads[None] + moved
        pose = Pose(turns, places, np.zeros((frames, 52)), np.ones((frames, 4), bool))
        actors.append(Actor(baked, pose, i + 1))
    position = np.array([0.3, -4.1, 0.9]) + time[:, None] * (0.011, 0.07, 0.003)
    camera = CameraTrack(position, np.repeat(AHEAD[None], frames, 0), 230.1 + time, width, height)
    if engine == "blender":
        settings = RenderSettings("cycles", "draft", "realistic", 1, "none", 1, 0)
        return Scene(tuple(actors), camera, strips.place(), settings, 16)
    settings = RenderSettings(engine, "flat", "realistic", 1, "none", 0, 0)
    return Scene(tuple(actors), camera, specs.VOID, settings, 16)


def test_annotations_redraw_the_clip_to_the_byte():
    scene = a_scene([mannequins.body(), mannequins.body(legs=1.2)])
    drawn = open_engine("pose_map").render(scene)
    clip = clip_annotations(scene, drawn)
    blob = annotations.pack({f"{which}/{name}": a for which in annotations.CLIPS for name, a in clip.items()})
    arrays = annotations.unpack(blob)
    again = redraw(arrays, "driving", 128, 224, {})
    for name in ("rgb", "index", "depth"):
        assert getattr(again, name).tobytes() == getattr(drawn, name).tobytes()
    longer = redraw(arrays, "driving", 128, 224, {"legs": 1.3})
    tops = [np.flatnonzero((f.index == 1).any(axis=(0, 2)))[[0, -1]] for f in (drawn, longer)]
    assert tops[1][0] < tops[0][0] - 8, "they are taller"
    assert abs(tops[1][1] - tops[0][1]) <= 2, "and stand where they stood"
    with pytest.raises(InputError, match="clip: expected driving or target"):
        redraw(arrays, "both", 128, 224, {})


_SCENE_IN_A_PROCESS = """
import hashlib, sys
sys.path += {paths!r}
import mannequins, test_pose_maps
from render.engines import open_engine
for name in {order!r}:
    engine = open_engine(name)
    people = [mannequins.body()] if name == "pose_map" else []
    drawn = engine.render(test_pose_maps.a_scene(people, name))
    print(name, hashlib.sha256(drawn.rgb.tobytes() + drawn.depth.tobytes()).hexdigest())
"""


def in_a_process(*order):
    code = _SCENE_IN_A_PROCESS.format(order=order, paths=[p for p in sys.path if "tests" in p])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith(order)]
    return dict(lines)


def test_two_processes_draw_the_same_bytes():
    drawn = open_engine("pose_map").render(a_scene([mannequins.body()]))
    here = hashlib.sha256(drawn.rgb.tobytes() + drawn.depth.tobytes()).hexdigest()
    assert in_a_process("pose_map") == {"pose_map": here}


@pytest.mark.blender
def test_blender_and_opengl_share_a_process_in_either_order():
    assert in_a_process("blender", "pose_map", "blender") == in_a_process("pose_map", "blender", "pose_map")


def test_engines_name_the_driver_that_pixels_depend_on():
    classes = {open_engine(name).device_class() for name in ("pose_map", "body_mesh", "pyrender")}
    assert len(classes) == 1
    assert re.fullmatch(r"opengl/[a-z0-9.-]+/[a-z0-9.-]+", classes.pop())


@pytest.fixture(scope="module")
def clothed(character_store):
    from character_cast import CHILD, WOMAN

    return [character_store.load(c) for c in (WOMAN, CHILD)]


def test_bodies_are_grey_and_hide_each_other(clothed):
    drawn = open_engine("body_mesh").render(a_scene(clothed, "body_mesh"))
    assert np.ptp(drawn.rgb, axis=3).max() == 0
    assert set(np.unique(drawn.index)) == {0, 1, 2}
    inside = ndimage.binary_erosion(drawn.index[0] > 0)
    assert drawn.rgb[0][inside].min() > 20
    assert drawn.rgb[0][inside].std() > 15, "light shows the form"
    assert not drawn.rgb[0][~ndimage.binary_dilation(drawn.index[0] > 0, iterations=2)].any()
    assert np.array_equal(drawn.index > 0, np.isfinite(drawn.depth))


def test_a_bare_body_is_whole_where_clothes_were(clothed):
    for baked in clothed:
        bare, body = baked.bare_body(), baked.part("body")
        assert np.array_equal(bare.vertices[: len(body.vertices)], body.vertices)
        faces = np.where(bare.faces[:, 3:] < 0, bare.faces[:, [0, 1, 2, 0]], bare.faces)
        edges = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
        edges = edges[edges[:, 0] != edges[:, 1]]
        edges, uses = np.unique(edges, axis=0, return_counts=True)
        open_edges = bare.vertices[edges[uses == 1]].reshape(-1, 3)
        neck = baked.rig.heads[J["neck"], 2]
        assert not (open_edges[:, 2] < neck).any(), "eyes may be open; trunk, arms and legs are not"
        assert bare.vertices[:, 2].max() == pytest.approx(body.vertices[:, 2].max())


def test_clothes_hair_and_held_things_leave_no_trace(clothed):
    woman = clothed[0]
    drawn = open_engine("body_mesh").render(a_scene([woman], "body_mesh", frames=1))
    scene = a_scene([woman], frames=1)
    # Between the knees a skirt would be seen; a bare body shows black.
    knees = 0.5 * sum(woman.rig.heads[J[f"{side}_knee"]] for side in ("left", "right"))
    row, column = at(scene.camera, knees + np.array([0.0, 0.0, 0.08]))
    assert drawn.index[0, row, column] == 0
