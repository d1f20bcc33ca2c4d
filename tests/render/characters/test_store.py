from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from character_cast import CHILD, MAN, WOMAN
from hypothesis import given, settings
from hypothesis import strategies as st

from motionpair import fields
from motionpair.errors import DataError, MachineError
from render.characters import packing
from render.characters.baked import BakedCharacter
from render.characters.store import CharacterStore


@pytest.fixture
def bake(character_store: CharacterStore, tmp_path: Path) -> Path:
    """A copy of a bake, to be damaged."""
    copy = tmp_path / "copy.npz"
    copy.write_bytes(character_store.path(CHILD).read_bytes())
    return copy


def test_what_was_packed_reads_back_within_a_step(character_store: CharacterStore) -> None:
    for character in (WOMAN, CHILD):
        read = packing.read(character_store.path(character))
        twice = _read(packing.pack(read))
        for part, other in zip(read.parts, twice.parts, strict=True):
            assert np.abs(part.vertices - other.vertices).max() < 1e-5
            assert np.array_equal(part.weights, other.weights)
            assert np.array_equal(part.faces, other.faces)
        assert read.covered is not None
        assert twice.covered is not None
        assert np.abs(read.covered.vertices - twice.covered.vertices).max() < 1e-5
        assert np.array_equal(read.covered.faces, twice.covered.faces)
        assert np.array_equal(read.covered.weights, twice.covered.weights)
        assert np.array_equal(read.strands, twice.strands)
        assert np.array_equal(read.rig.to_t_pose, twice.rig.to_t_pose)


def test_a_bake_is_small(character_store: CharacterStore) -> None:
    for character in (WOMAN, MAN, CHILD):
        assert character_store.path(character).stat().st_size < 900_000


@settings(max_examples=40, deadline=None)
@given(place=st.floats(0, 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_harmless(
    character_store: CharacterStore, place: float, bit: int
) -> None:
    raw = bytearray(character_store.path(CHILD).read_bytes())
    whole = _read(bytes(raw))
    raw[int(place * (len(raw) - 1))] ^= 1 << bit
    try:
        damaged = _read(bytes(raw))
    except DataError:
        return
    for part, other in zip(whole.parts, damaged.parts, strict=True):
        assert np.array_equal(part.vertices, other.vertices)


@pytest.mark.parametrize("keep", [0, 10, 1000, 100_000])
def test_a_cut_file_is_refused(bake: Path, keep: int) -> None:
    bake.write_bytes(bake.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"copy\.npz"):
        packing.read(bake)


def test_a_pickle_inside_is_refused_and_does_not_run(bake: Path, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    arrays = _arrays(bake)
    arrays["face"] = np.array([_Hostile(str(trace))], dtype=object)
    _write(bake, arrays)
    with pytest.raises(DataError):
        packing.read(bake)
    assert not trace.exists()


@pytest.mark.parametrize("name", ["0.bones.npy", "0.faces.npy", "face.npy"])
def test_indices_out_of_range_are_refused(bake: Path, name: str) -> None:
    arrays = _arrays(bake)
    key = name.removesuffix(".npy")
    arrays[key] = np.full_like(arrays[key], 250 if key == "0.bones" else np.iinfo(arrays[key].dtype).max)
    _write(bake, arrays)
    with pytest.raises(DataError):
        packing.read(bake)


@pytest.mark.parametrize(
    ("fact", "value"), [("twist_of", None), ("twist_of", {}), ("height", float("inf")), ("hip_height", -1.0)]
)
def test_facts_that_no_character_has_are_refused(bake: Path, fact: str, value: object) -> None:
    arrays = _arrays(bake)
    meta = json.loads(arrays["meta"].tobytes()) | {fact: value}
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    _write(bake, arrays)
    with pytest.raises(DataError, match=r"copy\.npz"):
        packing.read(bake)


def test_numbers_of_another_type_are_refused(bake: Path) -> None:
    arrays = _arrays(bake)
    # As signed numbers these would count from the last joint back.
    arrays["0.bones"] = -arrays["0.bones"].astype(np.int64) - 1
    _write(bake, arrays)
    with pytest.raises(DataError, match=r"0\.bones is int64, expected uint8"):
        packing.read(bake)


def test_a_shape_too_large_for_any_memory_is_refused(bake: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 58,)}
    )
    with zipfile.ZipFile(bake, "a") as archive:
        archive.writestr("extra.npy", header.getvalue())
    with pytest.raises(DataError, match=r"copy\.npz"):
        packing.read(bake)


def test_the_bake_of_somebody_else_is_refused(character_store: CharacterStore, tmp_path: Path) -> None:
    store = CharacterStore(tmp_path)
    store.path(MAN).write_bytes(character_store.path(CHILD).read_bytes())
    with pytest.raises(DataError, match="of another character"):
        store.load(MAN)


def test_a_file_that_unpacks_too_large_is_refused(bake: Path) -> None:
    with zipfile.ZipFile(bake, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.npy", bytes(100 << 20))
    with pytest.raises(DataError, match="larger"):
        packing.read(bake)


def test_another_version_is_refused(bake: Path) -> None:
    arrays = _arrays(bake)
    meta = arrays["meta"].tobytes().replace(b'"bake_version": ', b'"bake_version": 9')
    arrays["meta"] = np.frombuffer(meta, np.uint8)
    _write(bake, arrays)
    with pytest.raises(DataError, match="made by bake"):
        packing.read(bake)


def test_an_absent_character_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such bake"):
        CharacterStore(tmp_path).load(MAN)


def test_another_character_has_another_place(tmp_path: Path) -> None:
    store = CharacterStore(tmp_path)
    assert store.path(MAN) != store.path(WOMAN)
    assert store.path(MAN) != store.path(replace(MAN, seed=99))
    assert store.path(MAN) == store.path(replace(MAN))


def test_a_failing_bake_says_why(tmp_path: Path, character_store: CharacterStore) -> None:
    (tmp_path / "anny").symlink_to(character_store.root / "anny")
    bad = replace(MAN, phenotype={"gender": 1.0})
    with pytest.raises(MachineError, match="age"):
        CharacterStore(tmp_path).ensure([bad])
    assert not list(tmp_path.glob("*.npz"))


def test_loading_needs_neither_torch_nor_the_body_model(character_store: CharacterStore) -> None:
    code = (
        "import sys; from pathlib import Path; from render.characters import packing, skinning, store;"
        f"packing.read(Path({str(character_store.path(CHILD))!r}));"
        "assert not {'torch', 'anny', 'scipy', 'bpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class _Hostile:
    def __init__(self, trace: str):
        self._trace = trace

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self._trace, "w")


def _read(raw: bytes) -> BakedCharacter:
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        file.write(raw)
        file.flush()
        return packing.read(Path(file.name))


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    out = io.BytesIO()
    np.savez(out, **arrays)
    path.write_bytes(out.getvalue())


def test_two_processes_that_bake_at_once_give_the_bytes_of_one_that_baked_before(
    tmp_path: Path, character_store: CharacterStore
) -> None:
    (tmp_path / "anny").symlink_to(character_store.root / "anny")
    code = (
        "import sys; from pathlib import Path; from motionpair import fields;"
        "from motionpair.specs import Character;"
        "from render.characters.store import CharacterStore; import json;"
        "CharacterStore(Path(sys.argv[1])).ensure([fields.from_plain(Character, json.loads(sys.argv[2]))])"
    )
    command = [sys.executable, "-c", code, str(tmp_path), fields.canonical_json(CHILD)]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert CharacterStore(tmp_path).hash(CHILD) == character_store.hash(CHILD)
    assert character_store.hash(CHILD) != character_store.hash(MAN)
    assert [p.name for p in tmp_path.iterdir() if p.name != "anny"] == [character_store.path(CHILD).name]
