"""The annotations blob: exact, deterministic, and refused where anything is off."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import safetensors.numpy
import synthetic
from hypothesis import given, settings
from hypothesis import strategies as st

from motionpair import annotations
from motionpair.errors import DataError

SLOTS = [6, 4]


def arrays_of(slots: list[int] = SLOTS) -> dict[str, np.ndarray]:
    spec = synthetic.pair_spec(3, "replacement", slots)
    _, index = synthetic.clip_frames(spec, "driving")
    clip = synthetic.clip_arrays(spec, "driving", index)
    return {f"{side}/{name}": array.copy() for side in annotations.CLIPS for name, array in clip.items()}


def check(arrays: dict[str, np.ndarray]) -> None:
    annotations.check(arrays, frames=5, slots=SLOTS, width=synthetic.WIDTH, height=synthetic.HEIGHT)


@settings(max_examples=25, deadline=None)
@given(frames=st.integers(1, 6), performers=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_arrays_come_back_bit_for_bit(frames: int, performers: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = {"T": frames, "K": performers}
    arrays = {}
    for side in annotations.CLIPS:
        for name, spec in annotations.ARRAYS.items():
            shape = [sizes[n] if isinstance(n, str) else n for n in spec.shape]
            values = rng.integers(0, 256, (*shape, np.dtype(spec.dtype).itemsize), dtype=np.uint8)
            if spec.dtype == "bool":
                values %= 2
            arrays[f"{side}/{name}"] = values.view(spec.dtype).reshape(shape)
    packed = annotations.pack(arrays)
    assert packed == annotations.pack(dict(reversed(arrays.items())))
    unpacked = annotations.unpack(packed)
    assert unpacked.keys() == arrays.keys()
    for name, array in arrays.items():
        assert unpacked[name].dtype == array.dtype
        assert unpacked[name].tobytes() == array.tobytes()  # NaN included


def test_what_the_builder_makes_is_accepted() -> None:
    check(annotations.unpack(annotations.pack(arrays_of())))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("driving/joints3d", np.nan, "finite"),
        ("target/camera_focal", 0.0, "above 0"),
        ("target/rotations", 2.0, "unit quaternions"),
        ("target/camera_rotation", 1.0, "orthonormal"),
        ("driving/hand_boxes", -1.0, "expected a box inside 64 x 96"),
        ("target/face_boxes", 5.0, "expected a box inside 64 x 96"),
        ("driving/joints2d", 500.0, "outside of the picture"),
        ("driving/slots", 1, "expected \\[6, 4\\]"),
    ],
)
def test_a_wrong_number_is_found_and_named(name: str, value: float, message: str) -> None:
    arrays = arrays_of()
    arrays[name][:] = value
    with pytest.raises(DataError, match=message) as caught:
        check(arrays)
    assert name.split("/")[0] in str(caught.value)


def test_a_box_that_is_null_in_part_is_found() -> None:
    arrays = arrays_of()
    arrays["driving/face_boxes"][2, 1, 3] = np.nan
    with pytest.raises(DataError, match=r"face_boxes\[2, 1\]"):
        check(arrays)


def test_other_frames_or_performers_are_found() -> None:
    with pytest.raises(DataError, match="expected 6 frames"):
        annotations.check(arrays_of(), frames=6, slots=SLOTS, width=64, height=96)
    with pytest.raises(DataError, match="2 performers"):
        annotations.check(arrays_of([1]), frames=5, slots=SLOTS, width=64, height=96)


def test_a_missing_unknown_or_misshaped_array_is_named() -> None:
    arrays = arrays_of()
    del arrays["target/contacts"]
    with pytest.raises(DataError, match="target/contacts is missing"):
        annotations.pack(arrays)
    with pytest.raises(DataError, match="unknown array driving/x"):
        annotations.pack(arrays_of() | {"driving/x": np.zeros(3)})
    with pytest.raises(DataError, match="driving/contacts: expected bool"):
        annotations.pack(arrays_of() | {"driving/contacts": np.zeros((5, 2, 4), np.uint8)})
    with pytest.raises(DataError, match="target/joints3d"):
        annotations.pack(arrays_of() | {"target/joints3d": np.zeros((5, 2), np.float32)})


def test_a_blob_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotations, "MAX_BYTES", 1 << 20)
    bomb = pa.Codec("zstd").compress(b"\0" * (8 << 20), asbytes=True)
    with pytest.raises(DataError, match="more than"):
        annotations.unpack(bomb)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_damaged_blobs_give_arrays_or_a_data_error(data: st.DataObject) -> None:
    plain = bytearray(safetensors.numpy.save(arrays_of()))
    for _ in range(data.draw(st.integers(1, 4))):
        plain[data.draw(st.integers(0, 3000))] ^= data.draw(st.integers(1, 255))
    packed = bytearray(pa.Codec("zstd").compress(bytes(plain), asbytes=True))
    if data.draw(st.booleans()):
        packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        annotations.unpack(bytes(packed))
    except DataError:
        return
