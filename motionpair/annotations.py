"""The annotations blob: joints, boxes, cameras and contacts of both clips, as named arrays.

The arrays are a safetensors file (plain numbers, no code) inside one zstd frame. Names are
`driving/...` and `target/...`, and `rejected/...` of a preference item; `ARRAYS` documents them. T is the
pair's frames, K its performers in the row's order. World coordinates are metres, Z up; pixels run from the
picture's upper left corner, so that the centre of the first pixel is (0.5, 0.5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import safetensors
import safetensors.numpy

from motionpair.errors import DataError

CLIPS: tuple[Literal["driving", "target"], ...] = ("driving", "target")
"""The clips that every pair has."""
REJECTED: Literal["rejected"] = "rejected"
"""The clip that a preference item has beside them."""
JOINTS = 55
MAX_BYTES = 1 << 28
"""A blob that unpacks to more is refused (a pair of 81 frames with one performer has about 0.5 MB)."""


@dataclass(frozen=True)
class ArraySpec:
    """An array of the blob: shape in T, K and numbers; dtype; unit; meaning."""

    shape: tuple[str | int, ...]
    dtype: str
    unit: str
    meaning: str


ARRAYS: dict[str, ArraySpec] = {
    "slots": ArraySpec(("K",), "uint8", "", "binding slot, 1 to 6, of each performer"),
    "joints3d": ArraySpec(
        ("T", "K", JOINTS, 3),
        "float32",
        "m, world",
        "places of the canonical joints (SMPL-X names and order)",
    ),
    "joints2d": ArraySpec(("T", "K", JOINTS, 2), "float32", "px", "the joints projected, x right, y down"),
    "joint_visible": ArraySpec(
        ("T", "K", JOINTS),
        "bool",
        "",
        "the joint is inside the picture and nothing hides its performer there",
    ),
    "rotations": ArraySpec(
        ("T", "K", JOINTS, 4),
        "float32",
        "quaternion wxyz",
        "joint rotations as rendered, relative to the T-pose and to the parent; the pelvis's to the world",
    ),
    "expression": ArraySpec(("T", "K", 52), "float32", "0 to 1", "face units (ARKit names, alphabetical)"),
    "contacts": ArraySpec(
        ("T", "K", 4), "bool", "", "planted on the ground: left heel, left toe, right heel, right toe"
    ),
    "hand_boxes": ArraySpec(
        ("T", "K", 2, 4),
        "float32",
        "px",
        "left and right hand: x0, y0, x1, y1, clipped to the picture; all NaN where nothing of it is visible",
    ),
    "face_boxes": ArraySpec(("T", "K", 4), "float32", "px", "the face, likewise"),
    "camera_position": ArraySpec(("T", 3), "float32", "m, world", "the camera's centre"),
    "camera_rotation": ArraySpec(
        ("T", 3, 3), "float32", "", "world from camera; the camera looks along its −Z, +Y up"
    ),
    "camera_focal": ArraySpec(
        ("T",), "float32", "px", "focal length, fx = fy; the principal point is the picture's centre"
    ),
}
"""The arrays of one clip. The pelvis is joint 0, so `joints3d[:, :, 0]` is the root's path."""

_BOXES = ("hand_boxes", "face_boxes")


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Both clips' arrays as a blob; equal arrays give equal bytes.

    Args:
        arrays: `driving/NAME` and `target/NAME` for every NAME of `ARRAYS`, of the dtypes stated there; of a
            preference item `rejected/NAME` too.

    Raises:
        DataError: an array is missing, unknown, or of another shape or dtype.
    """
    _check_shapes(arrays)
    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    packed: bytes = pa.Codec("zstd", compression_level=9).compress(
        safetensors.numpy.save(plain), asbytes=True
    )
    return packed


def unpack(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of a blob, read-only safe against hostile bytes.

    Raises:
        DataError: not such a blob, larger than `MAX_BYTES`, or an array is missing, unknown or misshaped.
    """
    try:
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            plain = stream.read(MAX_BYTES + 1)
        if len(plain) > MAX_BYTES:
            raise DataError(f"annotations: unpack to more than {MAX_BYTES} bytes")
        arrays = safetensors.numpy.load(plain)
    except (pa.ArrowException, OSError, safetensors.SafetensorError, ValueError, KeyError) as error:
        raise DataError(f"annotations: not safetensors in zstd ({error})") from None
    _check_shapes(arrays)
    return arrays


def clips_of(arrays: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """The clips that a blob's arrays are of: `CLIPS`, and `REJECTED` of a preference item."""
    return (*CLIPS, REJECTED) if any(name.startswith(f"{REJECTED}/") for name in arrays) else CLIPS


def _check_shapes(arrays: Mapping[str, np.ndarray]) -> None:
    clips = clips_of(arrays)
    names = {f"{clip}/{name}" for clip in clips for name in ARRAYS}
    if missing := names - arrays.keys():
        raise DataError(f"annotations: array {min(missing)} is missing")
    if unknown := arrays.keys() - names:
        raise DataError(f"annotations: unknown array {min(unknown)}")
    root = arrays["target/joints3d"]
    if root.ndim != 4:
        raise DataError(f"annotations: target/joints3d: expected 4 dimensions, got {root.shape}")
    sizes = {"T": root.shape[0], "K": root.shape[1]}
    for clip in clips:
        for name, spec in ARRAYS.items():
            array = arrays[f"{clip}/{name}"]
            shape = tuple(sizes[n] if isinstance(n, str) else n for n in spec.shape)
            if array.shape != shape or array.dtype != np.dtype(spec.dtype):
                raise DataError(
                    f"annotations: {clip}/{name}: expected {spec.dtype} {_shape_text(spec)} = {shape}, "
                    f"got {array.dtype} {array.shape}"
                )


def check(
    arrays: Mapping[str, np.ndarray],
    *,
    frames: int,
    slots: Sequence[int],
    width: int,
    height: int,
    rejected: bool = False,
) -> None:
    """Hold unpacked arrays against their pair; `rejected`: whether it has a rejected clip.

    Raises:
        DataError: arrays of a rejected clip where there is none, or none where there is one, other frames or
            performers, a number that is not finite, a rotation that is none, a box that is neither inside the
            picture nor all NaN, a visible joint outside of the picture.
    """
    _check_shapes(arrays)
    clips = clips_of(arrays)
    if (REJECTED in clips) != rejected:
        expected = "arrays" if rejected else "no arrays"
        raise DataError(f"annotations: expected {expected} of a rejected clip")
    if arrays["target/joints3d"].shape[:2] != (frames, len(slots)):
        raise DataError(
            f"annotations: expected {frames} frames and {len(slots)} performers, "
            f"got {arrays['target/joints3d'].shape[:2]}"
        )
    for clip in clips:
        of = {name: arrays[f"{clip}/{name}"] for name in ARRAYS}
        for name, array in of.items():
            if array.dtype == np.float32 and name not in _BOXES and not np.isfinite(array).all():
                raise DataError(f"annotations: {clip}/{name}: expected finite numbers")
        if of["slots"].tolist() != list(slots):
            raise DataError(f"annotations: {clip}/slots: expected {list(slots)}, got {of['slots'].tolist()}")
        for name in _BOXES:
            _check_boxes(of[name], f"{clip}/{name}", width, height)
        if (np.abs(np.linalg.norm(of["rotations"], axis=-1) - 1) > 1e-3).any():
            raise DataError(f"annotations: {clip}/rotations: expected unit quaternions")
        camera = of["camera_rotation"].astype(np.float64)
        if (np.abs(camera @ camera.transpose(0, 2, 1) - np.eye(3)) > 1e-3).any():
            raise DataError(f"annotations: {clip}/camera_rotation: expected orthonormal matrices")
        if (of["camera_focal"] <= 0).any():
            raise DataError(f"annotations: {clip}/camera_focal: expected numbers above 0")
        seen = of["joints2d"][of["joint_visible"]]
        if ((seen < 0) | (seen > (width, height))).any():
            raise DataError(f"annotations: {clip}/joint_visible: a visible joint is outside of the picture")


def _check_boxes(boxes: np.ndarray, where: str, width: int, height: int) -> None:
    null = np.isnan(boxes).all(axis=-1)
    x0, y0, x1, y1 = np.moveaxis(boxes, -1, 0)
    with np.errstate(invalid="ignore"):
        inside = (x0 >= 0) & (x0 < x1) & (x1 <= width) & (y0 >= 0) & (y0 < y1) & (y1 <= height)
    if not (null | inside).all():
        at = np.argwhere(~(null | inside))[0].tolist()
        raise DataError(
            f"annotations: {where}{at}: expected a box inside {width} x {height} px or NaN, "
            f"got {boxes[tuple(at)].tolist()}"
        )


def _shape_text(spec: ArraySpec) -> str:
    return "(" + ", ".join(map(str, spec.shape)) + ("," if len(spec.shape) == 1 else "") + ")"


def document() -> str:
    """The part of `docs/schema.md` on the annotations blob."""
    return "\n".join(
        [
            "## Arrays of the annotations blob",
            "",
            "Each is there twice, as `driving/NAME` and `target/NAME`, and in preference items a third time,",
            "as `rejected/NAME`. T: the pair's frames; K: its",
            "performers, in the order of the row's `slots`. World: metres, Z up. Pixels run from the",
            "picture's upper left corner; the centre of the first pixel is (0.5, 0.5). The pelvis is",
            "joint 0, so `joints3d[:, :, 0]` is the root's path.",
            "",
            "| array | shape | dtype | unit | meaning |",
            "|---|---|---|---|---|",
            *(
                f"| `{n}` | {_shape_text(s)} | {s.dtype} | {s.unit} | {s.meaning} |"
                for n, s in ARRAYS.items()
            ),
        ]
    )
