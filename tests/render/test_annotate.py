"""Annotations of a rendered pair agree with its pixels, its camera and its characters' bones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from rendered_dataset import Rendered

from motionpair.annotations import CLIPS
from motionpair.palette import slot_label
from motionpair.specs import ClipSpec
from render import kinematics
from render import rotations as rot
from render.annotate import clip_annotations
from render.engines import Frames
from render.scene import CameraTrack
from render.skeleton import JOINT_INDEX, LEFT_HAND_JOINTS, PARENTS, RIGHT_HAND_JOINTS
from render.stage import stage_pair

pytestmark = [pytest.mark.blender, pytest.mark.xdist_group("rendered")]


@dataclass(frozen=True)
class Clip:
    """One clip as it is stored. labels: (T, H, W) of its mask."""

    spec: ClipSpec
    arrays: dict[str, np.ndarray]
    labels: np.ndarray
    width: int
    height: int

    def own(self, performer: int) -> np.ndarray:
        """(T, H, W) where the performer is."""
        return self.labels == slot_label(self.spec.performers[performer].slot)


@pytest.fixture(scope="module")
def clips(rendered: Rendered) -> list[Clip]:
    def every() -> Iterator[Clip]:
        data, plan = rendered.dataset, rendered.plan
        for row in data.rows():
            arrays, spec = data.annotations(row), plan.spec(row["slot"])
            for name in CLIPS:
                own = {k.split("/")[1]: v for k, v in arrays.items() if k.startswith(f"{name}/")}
                labels = data.labels(row, f"{name}_mask")
                yield Clip(getattr(spec, name), own, labels, row["width"], row["height"])

    return list(every())


def test_joints_in_the_picture_are_those_in_space_seen_by_the_stored_camera(clips: list[Clip]) -> None:
    for clip in clips:
        a = clip.arrays
        camera = CameraTrack(
            a["camera_position"], a["camera_rotation"], a["camera_focal"], clip.width, clip.height
        )
        pixels, depth = camera.project(a["joints3d"])
        assert np.abs(pixels - a["joints2d"])[depth > 0.1].max() < 0.02


def of_people(clips: list[Clip]) -> list[Clip]:
    """The clips that show whole bodies: bones leave most of a body's pixels black."""
    return [clip for clip in clips if clip.spec.render.engine != "pose_map"]


def test_visible_joints_lie_on_their_own_performer(clips: list[Clip]) -> None:
    for clip in of_people(clips):
        visible = clip.arrays["joint_visible"]
        assert visible.mean() > 0.3
        for i in range(visible.shape[1]):
            t, joint = np.nonzero(visible[:, i])
            x, y = np.floor(clip.arrays["joints2d"][t, i, joint]).astype(int).T
            assert clip.own(i)[t, y, x].all()


def test_joints_outside_of_their_performers_pixels_are_not_visible(clips: list[Clip]) -> None:
    hidden = 0
    for clip in of_people(clips):
        size = np.array([clip.width, clip.height])
        for i in range(clip.arrays["joints2d"].shape[1]):
            pixels = np.floor(clip.arrays["joints2d"][:, i])
            inside = ((pixels >= 0) & (pixels < size)).all(axis=-1)
            x, y = np.clip(pixels, 0, size - 1).astype(int).transpose(2, 0, 1)
            own = inside & clip.own(i)[np.arange(len(x))[:, None], y, x]
            assert not (clip.arrays["joint_visible"][:, i] & ~own).any()
            hidden += int((~own).sum())
    assert hidden


def test_boxes_hold_pixels_of_their_performer_and_the_joints_seen_there(clips: list[Clip]) -> None:
    hands = [[JOINT_INDEX[j] for j in names] for names in (LEFT_HAND_JOINTS, RIGHT_HAND_JOINTS)]
    eyes = [JOINT_INDEX["left_eye_smplhf"], JOINT_INDEX["right_eye_smplhf"]]
    held, joints = 0, 0
    for clip in clips:
        a = clip.arrays
        boxes = np.concatenate([a["hand_boxes"], a["face_boxes"][:, :, None]], axis=2)
        for t, i, part in np.argwhere(~np.isnan(boxes[..., 0])):
            x0, y0, x1, y1 = boxes[t, i, part]
            assert clip.own(i)[t, int(y0) : int(y1), int(x0) : int(x1)].any()
            about = eyes if part == 2 else hands[part]
            points = a["joints2d"][t, i, about][a["joint_visible"][t, i, about]]
            inside = (points >= (x0 - 2, y0 - 2)) & (points <= (x1 + 2, y1 + 2))
            held, joints = held + int(inside.all(axis=-1).sum()), joints + len(points)
    assert joints > 100
    assert held >= 0.9 * joints


def test_a_close_up_shows_its_face(clips: list[Clip]) -> None:
    for clip in clips:
        if clip.spec.camera.framing == "close_up":
            _, y0, _, y1 = np.moveaxis(clip.arrays["face_boxes"], -1, 0)
            assert ((y1 - y0) / clip.height > 0.15).all()


def test_rotations_over_the_rest_skeleton_give_the_joints(rendered: Rendered, clips: list[Clip]) -> None:
    for clip in clips:
        for i, performer in enumerate(clip.spec.performers):
            rig = rendered.store.load(performer.character).rig
            above = np.maximum(np.array(PARENTS), 0)
            offsets = rot.rotate(rig.to_t_pose[above], rig.heads[:55] - rig.heads[above])
            turns = kinematics.global_rotations(clip.arrays["rotations"][:, i].astype(float), PARENTS)
            joints = clip.arrays["joints3d"][:, i]
            again = kinematics.joint_positions(turns, offsets, PARENTS, joints[:, 0])
            assert np.abs(again - joints).max() < 1e-4


def test_replacement_and_pose_driven_pairs_have_one_camera_and_others_two(rendered: Rendered) -> None:
    for row in rendered.dataset.rows():
        arrays = rendered.dataset.annotations(row)
        same = [
            np.array_equal(arrays[f"driving/{name}"], arrays[f"target/{name}"])
            for name in ("camera_position", "camera_rotation", "camera_focal")
        ]
        shared = row["mode"] == "replacement" or row["driving_kind"] != "clip"
        assert all(same) if shared else not any(same)


def test_what_something_stands_before_is_not_visible(rendered: Rendered) -> None:
    spec = rendered.plan.spec(len(rendered.plan) - 1)
    _, target = stage_pair(spec, rendered.store)
    shape = (spec.frames, spec.height, spec.width)
    everywhere = Frames(
        np.zeros((*shape, 3), np.uint8), np.ones(shape, np.uint8), np.full(shape, 100, np.float32)
    )
    wall = Frames(everywhere.rgb, everywhere.index, np.full(shape, 0.2, np.float32))
    nobody = Frames(everywhere.rgb, np.zeros(shape, np.uint8), everywhere.depth)
    assert clip_annotations(target.scene, everywhere)["joint_visible"].all()
    for frames in (wall, nobody):
        notes = clip_annotations(target.scene, frames)
        assert not notes["joint_visible"].any()
        assert np.isnan(notes["hand_boxes"]).all()
        assert np.isnan(notes["face_boxes"]).all()


def test_bones_hide_what_they_are_in_front_of_and_black_hides_nothing(rendered: Rendered) -> None:
    (spec,) = (s for i in range(len(rendered.plan)) if (s := rendered.plan.spec(i)).driving_kind == "pose")
    driving, _ = stage_pair(spec, rendered.store)
    shape = (spec.frames, spec.height, spec.width)
    rgb, depth = np.zeros((*shape, 3), np.uint8), np.full(shape, np.inf, np.float32)
    index = np.zeros(shape, np.uint8)
    pelvis, _ = driving.scene.camera.project(driving.scene.actors[0].pose.positions[:, :1])
    x, y = np.floor(pelvis[:, 0]).astype(int).T
    index[np.arange(spec.frames), y, x] = 1
    seen = clip_annotations(driving.scene, Frames(rgb, index, depth))
    assert seen["joint_visible"].all()
    assert np.isnan(seen["face_boxes"]).all()  # no pixel of the face is drawn
    depth[np.arange(spec.frames), y, x] = 0.5  # somebody's bone, just before the lens
    hidden = clip_annotations(driving.scene, Frames(rgb, index, depth))
    assert not hidden["joint_visible"][:, 0, 0].any()
    assert hidden["joint_visible"].mean() > 0.5
    nobody = clip_annotations(driving.scene, Frames(rgb, np.zeros(shape, np.uint8), depth))
    assert not nobody["joint_visible"].any()
