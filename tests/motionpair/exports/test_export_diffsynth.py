"""The DiffSynth form, read back as its loader reads: pandas.read_csv, then a file a cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from motionpair import media
from motionpair.annotations import ARRAYS
from motionpair.dataset import Dataset
from motionpair.exports import conditions, export
from motionpair.exports.diffsynth import COLUMNS

FILES = [name for name in COLUMNS if name == "video" or name.startswith("animate")]
FILES.remove("animate2_prompt_ref")


@pytest.fixture(scope="module")
def folder(tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "out"
    export(tiny_dataset, "diffsynth", out)
    return out


def lines(folder: Path) -> list[dict[str, Any]]:
    """Every split's metadata, as `UnifiedDataset` of DiffSynth-Studio makes it."""
    found = []
    for name in ("metadata.csv", "metadata_validation.csv"):
        table = pandas.read_csv(folder / name)
        found += [table.iloc[i].to_dict() for i in range(len(table))]
    return found


def test_the_splits_have_files_of_their_own(tiny: Dataset, folder: Path):
    for name, split in (("metadata.csv", "train"), ("metadata_validation.csv", "validation")):
        expected = [row["pair_id"] for row in tiny.rows() if row["split"] == split]
        assert pandas.read_csv(folder / name)["pair_id"].tolist() == expected
    assert not (folder / "metadata_test.csv").exists()


def test_no_cell_is_empty(folder: Path):
    # pandas reads an empty cell as NaN, at which the loader stops
    for line in lines(folder):
        assert list(line) == list(COLUMNS)
        assert all(isinstance(line[name], str) and line[name] for name in ("prompt", *FILES))
        assert line["animate2_prompt_ref"] == " "


def test_rows_and_stored_blobs_come_back(tiny: Dataset, folder: Path):
    for line in lines(folder):
        row = tiny.row(line["pair_id"])
        assert line["prompt"] == row["caption"]
        for name in ("stratum", "mode", "driving_kind", "performers", "width", "height", "frames", "fps"):
            assert line[name] == row[name]
        assert (folder / line["video"]).read_bytes() == tiny.blob(row, "target")
        assert (folder / line["animate2_reference_video"]).read_bytes() == tiny.blob(row, "driving")
        assert (folder / line["animate2_reference_image"]).read_bytes() == tiny.blob(row, "reference")


def test_the_clips_run_along_the_target(tiny: Dataset, folder: Path):
    for line in lines(folder):
        expected = {"frames": line["frames"], "fps": line["fps"]}
        for name in ("animate_pose_video", "animate_inpaint_video", "animate_mask_video"):
            media.decode_video(read(folder, line, name), **expected, width=64, height=96)
        face = media.decode_video(read(folder, line, "animate_face_video"), **expected)
        assert face.shape[1] == face.shape[2]


def test_a_replacement_pair_gives_its_place_without_characters(tiny: Dataset, folder: Path):
    seen = 0
    for line in lines(folder):
        if line["mode"] != "replacement":
            continue
        row = tiny.row(line["pair_id"])
        taken = (tiny.labels(row, "target_mask") > 1) | (tiny.labels(row, "driving_mask") > 1)
        mask = media.decode_video(read(folder, line, "animate_mask_video"))
        assert np.array_equal(mask, np.repeat(taken[..., None] * np.uint8(255), 3, axis=-1))
        place = media.decode_video(read(folder, line, "animate_inpaint_video")).astype(int)
        assert place[taken].mean() < 8
        assert np.abs(place - tiny.video(row, "target"))[~taken].mean() < 4
        seen += 1
    assert seen


def test_an_animation_pair_gives_no_place(folder: Path):
    seen = 0
    for line in lines(folder):
        if line["mode"] == "animation":
            assert (media.decode_video(read(folder, line, "animate_mask_video")) == 255).all()
            place = media.decode_video(read(folder, line, "animate_inpaint_video"))
            assert np.abs(place.astype(int) - conditions.GREY).max() <= 1
            seen += 1
    assert seen


def test_the_card_says_what_differs(folder: Path):
    text = (folder / "README.md").read_text()
    assert all(f"| `{name}` |" in text for name in COLUMNS)
    assert "## What is not the same as in Wan-Animate's own data" in text
    assert "| `metadata.csv` | 5 |" in text


def read(folder: Path, line: dict[str, Any], name: str) -> bytes:
    return (folder / line[name]).read_bytes()


def stickman(frames: int = 1, performers: int = 1) -> dict[str, np.ndarray]:
    """Annotations whose joints are all at (32, 48) px, two metres before the camera."""
    sizes = {"T": frames, "K": performers}
    arrays = {
        f"target/{name}": np.zeros([sizes.get(n, n) for n in spec.shape], spec.dtype)  # type: ignore[call-overload]
        for name, spec in ARRAYS.items()
    }
    arrays["target/joints2d"][:] = (32, 48)
    arrays["target/joints3d"][..., 2] = -2
    arrays["target/camera_rotation"][:] = np.eye(3)
    return arrays


def test_an_arm_is_drawn_from_shoulder_to_wrist_in_its_colours():
    arrays = stickman()
    for joint, place in ((17, (10, 48)), (19, (10, 68)), (21, (10, 88))):  # right shoulder, elbow, wrist
        arrays["target/joints2d"][0, 0, joint] = place
    page = conditions.pose_clip(arrays, "target", 64, 96)[0]
    assert page[58, 10].tolist() == [255, 170, 0]
    assert page[74, 10].tolist() == [255, 255, 0]
    assert page[:, 50].max() == 0


def test_hidden_joints_are_drawn_and_those_behind_the_camera_are_not():
    arrays = stickman()
    arrays["target/joints2d"][0, 0, 19] = (10, 20)
    arrays["target/joint_visible"][:] = False
    assert conditions.pose_clip(arrays, "target", 64, 96)[0, 34, 21].any()
    arrays["target/joints3d"][..., 2] = 2
    assert not conditions.pose_clip(arrays, "target", 64, 96).any()


def test_the_nearer_performer_is_drawn_over_the_farther():
    arrays = stickman(performers=2)
    right_knee, right_ankle = 5, 8
    arrays["target/joints2d"][0, 0, [right_knee, right_ankle]] = ((5, 80), (60, 80))  # right shin
    arrays["target/joints2d"][0, 1, [4, 7]] = ((5, 80), (60, 80))  # left shin
    colours = {}
    for nearer in (0, 1):
        arrays["target/joints3d"][0, nearer, :, 2] = -1
        arrays["target/joints3d"][0, 1 - nearer, :, 2] = -3
        colours[nearer] = conditions.pose_clip(arrays, "target", 64, 96)[0, 80, 40].tolist()
    assert colours[0] != colours[1]
    assert all(any(colour) for colour in colours.values())


def test_a_face_is_cut_out_around_its_box():
    frames = np.zeros((3, 96, 64, 3), np.uint8)
    frames[:, 20:40, 30:50] = (200, 100, 50)
    boxes = np.array([(30, 20, 50, 40), (np.nan,) * 4, (30, 20, 50, 40)], np.float32)
    clip = conditions.face_clip(frames, boxes)
    assert clip.shape == (3, 64, 64, 3)
    assert clip[0, 32, 32].tolist() == [200, 100, 50]
    lit = np.argwhere(clip[0].any(axis=-1) & (clip[0, ..., 0] > 100))
    assert lit.min(axis=0).tolist() == pytest.approx([9, 9], abs=1)  # 64 px are 1.4 faces
    assert lit.max(axis=0).tolist() == pytest.approx([54, 54], abs=1)
    assert not clip[1].any()


def test_a_large_face_keeps_its_pixels_up_to_what_the_model_takes():
    frames = np.zeros((1, 900, 900, 3), np.uint8)
    for side, expected in ((100, 144), (700, 512)):
        boxes = np.array([(10, 10, 10 + side, 10 + side)], np.float32)
        assert conditions.face_clip(frames, boxes).shape[1] == expected


def test_bones_have_no_face(tiny: Dataset):
    assert not conditions.no_face(5).any()
    assert conditions.no_face(5).shape == (5, 64, 64, 3)
