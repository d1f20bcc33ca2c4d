"""A baked character as one `.npz` file: the same character gives the same bytes.

Floats are stored as 16-bit steps between each column's bounds (finer than 0.05 mm on a body), weights as
1/65535 steps, face units as 10 µm steps, strands as 0.1 mm steps from point to point.
Files are read without pickle, and checked before they are used.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any, get_args

import numpy as np

from motionpair import durable, fields
from motionpair.errors import DataError
from motionpair.specs import Character
from render.characters.baked import BakedCharacter, MeshPart, Rig, Role, Swing
from render.skeleton import CONTACT_POINTS, FACE_UNITS, JOINTS

BAKE_VERSION = 15
"""Raise it when a character's bake changes: old files are then baked anew."""
BODY_MODEL = "anny 0.6.2"
"""The body model whose bakes this version reads and writes."""

_UNIT_STEP = 1e-5  # metres a step of a face unit's delta
_STRAND_STEP = 1e-4  # metres; a strand is its root and the steps to each next point
_SWAY_STEP = 1 / 16  # columns and rows
_SWING_FACTS = ("name", "anchor", "closed", "pace", "sag", "lies_on", "lies")
_MAX_BYTES = 64 << 20  # unpacked; a real character is about 5 MB
# What reading a damaged archive, or using its arrays, raises; zipfile has a RuntimeError for entries that are
# encrypted or compressed by a method that it does not know.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError,
    OSError, RuntimeError, OverflowError, MemoryError,
)  # fmt: skip
_EPOCH = (1980, 1, 1, 0, 0, 0)


def key(character: Character) -> str:
    """sha256, in hex, of all that a bake depends on."""
    return hashlib.sha256(
        f"{BAKE_VERSION}\n{BODY_MODEL}\n{fields.canonical_json(character)}".encode()
    ).hexdigest()


def path(root: Path, character: Character) -> Path:
    """Where a character's bake lies in the store at `root`."""
    return root / f"{key(character)[:32]}.npz"


def write(target: Path, baked: BakedCharacter) -> None:
    """Write the bake to `target`: other processes, and a run after a power cut, see all of it or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    durable.write_bytes(target, pack(baked))


def pack(baked: BakedCharacter) -> bytes:
    """The file's bytes."""
    arrays: dict[str, np.ndarray] = {}
    meta: dict[str, Any] = {
        "bake_version": BAKE_VERSION,
        "body_model": BODY_MODEL,
        "character": baked.character_json,
        "strand_radius": baked.strand_radius,
        "hip_height": baked.hip_height,
        "height": baked.height,
        "sole_part": baked.sole_part,
        "joints": list(baked.rig.names),
        "twist_of": {name: list(value) for name, value in baked.rig.twist_of.items()},
        "swings": [{name: getattr(swing, name) for name in _SWING_FACTS} for swing in baked.rig.swings],
    }
    rig = baked.rig
    arrays["rig.parents"] = rig.parents.astype(np.int32)
    for name in ("heads", "tails", "to_t_pose"):
        arrays[f"rig.{name}"] = getattr(rig, name).astype(np.float64)
    for i, swing in enumerate(rig.swings):
        arrays[f"swing{i}.joints"] = swing.joints.astype(np.int32)
        arrays[f"swing{i}.pins"] = swing.pins.astype(np.float64)
        arrays[f"swing{i}.blocks"] = np.concatenate(
            [swing.block_joints[:, None], swing.block_ends.reshape(-1, 6), swing.block_radii], axis=1
        ).astype(np.float64)
    places = np.rint(baked.strands.astype(np.float64) / _STRAND_STEP).astype(np.int64)
    arrays["strands"] = np.diff(places, axis=1, prepend=0).transpose(1, 2, 0).astype(np.int16)
    if baked.sway is not None:
        sway = np.rint(baked.sway.astype(np.float64) / _SWAY_STEP).astype(np.int16)
        arrays["sway"] = np.diff(sway, axis=1, prepend=np.int16(0)).transpose(1, 2, 0)
    if baked.strand_roots is not None:
        arrays["strand_roots"] = baked.strand_roots.astype(np.int32)
    for i, name in enumerate(("left", "right")):
        arrays[f"hand.{name}"] = baked.hand_vertices[i].astype(np.int32)
    arrays["face"] = baked.face_vertices.astype(np.int32)
    for name, sole in zip(CONTACT_POINTS, baked.soles, strict=True):
        arrays[f"sole.{name}"] = sole.astype(np.int32)
    meta["parts"] = [_put_part(arrays, str(i), part) for i, part in enumerate(baked.parts)]
    if baked.covered is not None:
        meta["covered"] = _put_part(arrays, "covered", baked.covered)
    arrays["meta"] = np.frombuffer(json.dumps(meta, sort_keys=True).encode(), np.uint8)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(arrays):
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            archive.writestr(info, buffer.getvalue(), compresslevel=6)
    return out.getvalue()


def read(source: Path) -> BakedCharacter:
    """Read a bake.

    Raises:
        DataError: the file is absent, damaged, of another version or not a character's bake.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_BYTES:
                raise DataError(f"{source}: larger than a character's bake may be")
            arrays = {
                entry.filename.removesuffix(".npy"): np.lib.format.read_array(
                    io.BytesIO(archive.read(entry)), allow_pickle=False
                )
                for entry in archive.infolist()
            }
        return _unpacked(arrays)
    except FileNotFoundError:
        raise DataError(f"{source}: no such bake; characters are baked by CharacterStore.ensure") from None
    except _DAMAGE as error:
        raise DataError(f"{source}: not a readable character bake ({error})") from None


def _unpacked(arrays: dict[str, np.ndarray]) -> BakedCharacter:
    meta = json.loads(arrays["meta"].tobytes())
    version = (meta["bake_version"], meta["body_model"])
    if version != (BAKE_VERSION, BODY_MODEL):
        raise ValueError(f"made by bake {version}, expected {(BAKE_VERSION, BODY_MODEL)}")
    names = tuple(str(n) for n in meta["joints"])
    _check(names[: len(JOINTS)] == JOINTS, "its joints are not the canonical ones")
    rig = Rig(
        names=names,
        parents=_shaped(arrays, "rig.parents", (len(names),), np.int32),
        heads=_shaped(arrays, "rig.heads", (len(names), 3)),
        tails=_shaped(arrays, "rig.tails", (len(names), 3)),
        to_t_pose=_shaped(arrays, "rig.to_t_pose", (len(names), 4)),
        twist_of={str(k): (str(v[0]), _number(v[1])) for k, v in meta["twist_of"].items()},
        swings=tuple(_swing(arrays, i, about, len(names)) for i, about in enumerate(meta["swings"])),
    )
    before = np.arange(len(names))
    _check(
        bool((rig.parents < before).all() and (rig.parents >= -1).all()), "a joint comes before its parent"
    )
    _check(set(rig.twist_of) == set(names[len(JOINTS) :]), "its helpers' twists are not those of its joints")
    _check(all(source in names for source, _ in rig.twist_of.values()), "a twist's source is no joint")
    parts = tuple(_part(arrays, str(i), about, len(names)) for i, about in enumerate(meta["parts"]))
    sizes = {part.name: len(part.vertices) for part in parts}
    strands = _strands(arrays["strands"])
    baked = BakedCharacter(
        character_json=str(meta["character"]),
        rig=rig,
        parts=parts,
        strands=strands,
        sway=_sway(arrays["sway"], strands) if "sway" in arrays else None,
        strand_roots=_strand_roots(arrays["strand_roots"], len(strands), sizes["body"])
        if "strand_roots" in arrays
        else None,
        strand_radius=_number(meta["strand_radius"], 0.0),
        hip_height=_number(meta["hip_height"], 0.0),
        height=_number(meta["height"], 0.0),
        hand_vertices=(
            _indices(arrays, "hand.left", sizes["body"]),
            _indices(arrays, "hand.right", sizes["body"]),
        ),
        face_vertices=_indices(arrays, "face", sizes["body"]),
        sole_part=str(meta["sole_part"]),
        soles=tuple(_indices(arrays, f"sole.{n}", sizes[str(meta["sole_part"])]) for n in CONTACT_POINTS),
        covered=_part(arrays, "covered", meta["covered"], len(names), sizes["body"])
        if "covered" in meta
        else None,
    )
    return baked


def _strands(steps: np.ndarray) -> np.ndarray:
    _check(steps.ndim == 3 and steps.shape[1] == 3 and steps.dtype == np.int16, "strands have a wrong shape")
    places = np.cumsum(steps.transpose(2, 0, 1), axis=1, dtype=np.int64)
    return (places * _STRAND_STEP).astype(np.float32)


def _sway(steps: np.ndarray, strands: np.ndarray) -> np.ndarray:
    _check(steps.ndim == 3 and steps.dtype == np.int16, "sway has a wrong shape")
    places = np.cumsum(steps.transpose(2, 0, 1), axis=1, dtype=np.int64)
    _check(places.shape[:2] == strands.shape[:2] and places.shape[2] == 2, "sway has a wrong shape")
    return (places * _SWAY_STEP).astype(np.float32)


def _strand_roots(roots: np.ndarray, strands: int, vertices: int) -> np.ndarray:
    _check(roots.shape == (strands,) and roots.dtype == np.int32, "strand roots have a wrong shape")
    _check(bool(((roots >= -1) & (roots < vertices)).all()), "a strand's root is out of range")
    return roots


def _swing(arrays: dict[str, np.ndarray], i: int, about: dict[str, Any], joints: int) -> Swing:
    chain = arrays[f"swing{i}.joints"]
    _check(chain.ndim == 2 and chain.dtype.kind == "i", "a swing's joints have a wrong shape")
    blocks = arrays[f"swing{i}.blocks"]
    blocks = _shaped(arrays, f"swing{i}.blocks", (len(blocks), 9))
    owners = blocks[:, 0].astype(np.int32)
    for used in (chain, owners, np.array([about["anchor"], about["lies_on"]])):
        _check(bool(((used >= 0) & (used < joints)).all()), "a swing's joint is out of range")
    return Swing(
        name=str(about["name"]),
        anchor=int(about["anchor"]),
        joints=chain,
        pins=_shaped(arrays, f"swing{i}.pins", (len(chain), 3)),
        closed=bool(about["closed"]),
        pace=_number(about["pace"], 0.0),
        sag=_number(about["sag"], 0.0),
        lies_on=int(about["lies_on"]),
        lies=_number(about["lies"], 0.0),
        block_joints=owners,
        block_ends=blocks[:, 1:7].reshape(-1, 2, 3),
        block_radii=blocks[:, 7:],
    )


def _put_part(arrays: dict[str, np.ndarray], at: str, part: MeshPart) -> dict[str, Any]:
    """Store a part's arrays under `at`; returns what the file's meta says of it."""
    names = sorted(n for n in part.attributes if n != "rest")
    _put(arrays, f"{at}.vertices", part.vertices)
    arrays[f"{at}.faces"] = part.faces.astype(np.int16 if part.faces.max(initial=0) < 32768 else np.int32)
    arrays[f"{at}.bones"] = part.bones
    arrays[f"{at}.weights"] = np.rint(part.weights.astype(np.float64) * 65535).astype(np.uint16)
    arrays[f"{at}.unit_vertices"] = part.unit_vertices.astype(np.int32)
    steps = np.rint(part.unit_deltas.astype(np.float64) / _UNIT_STEP)
    arrays[f"{at}.unit_deltas"] = np.clip(steps, -32767, 32767).astype(np.int16)
    for name in names:
        values = part.attributes[name]
        _put(arrays, f"{at}.{name}", values.reshape(len(values), -1))
        arrays[f"{at}.{name}.flat"] = np.array(values.ndim == 1)
    return {"name": part.name, "role": part.role, "garment": part.garment, "attributes": names}


def _part(
    arrays: dict[str, np.ndarray], i: str, about: dict[str, Any], joints: int, before: int = 0
) -> MeshPart:
    """A stored part. before: vertices that its faces count before its own."""
    _check(about["role"] in get_args(Role), f"unknown role {about['role']}")
    count = len(arrays[f"{i}.bones"])
    vertices = _get(arrays, f"{i}.vertices", count)
    _check(vertices.shape[1] == 3, "vertices have three columns")
    _check(arrays[f"{i}.faces"].dtype.kind == "i", "faces are no indices")
    faces = arrays[f"{i}.faces"].astype(np.int32)
    _check(faces.ndim == 2 and faces.shape[1] == 4, "faces have four columns")
    _check(
        bool((faces < before + count).all() and (faces[:, :3] >= 0).all() and (faces >= -1).all()),
        "face out of range",
    )
    bones = _shaped(arrays, f"{i}.bones", (count, 8), np.uint8)
    _check(bool((bones < joints).all()), "bone out of range")
    weights = _shaped(arrays, f"{i}.weights", (count, 8), np.uint16)
    _check(bool((weights.sum(axis=1, dtype=np.int64) == 65535).all()), "weights do not sum to 1")
    moved = _indices(arrays, f"{i}.unit_vertices", count)
    deltas = _shaped(arrays, f"{i}.unit_deltas", (len(FACE_UNITS), len(moved), 3), np.int16)
    attributes = {"rest": vertices}
    for name in about["attributes"]:
        values = _get(arrays, f"{i}.{name}", count)
        attributes[str(name)] = values[:, 0] if arrays[f"{i}.{name}.flat"] else values
    return MeshPart(
        name=str(about["name"]),
        role=about["role"],
        vertices=vertices,
        faces=faces,
        bones=bones,
        weights=(weights / 65535).astype(np.float32),
        unit_vertices=moved,
        unit_deltas=(deltas * _UNIT_STEP).astype(np.float16),
        attributes=attributes,
        garment=int(about["garment"]),
    )


def _put(arrays: dict[str, np.ndarray], name: str, values: np.ndarray) -> None:
    """Store floats (N, C) as 16-bit steps between each column's bounds."""
    values = np.asarray(values, np.float64)
    low = values.min(axis=0, initial=np.inf) if len(values) else np.zeros(values.shape[1])
    step = (values.max(axis=0) - low) / 65535 if len(values) else np.zeros(values.shape[1])
    low, step = low.astype(np.float32), step.astype(np.float32)
    steps = np.rint((values - low) / np.where(step > 0, step, 1))
    arrays[f"{name}.steps"] = np.clip(steps, 0, 65535).astype(np.uint16)
    arrays[f"{name}.range"] = np.stack([low, step])


def _get(arrays: dict[str, np.ndarray], name: str, count: int) -> np.ndarray:
    steps = arrays[f"{name}.steps"]
    _check(steps.dtype == np.uint16 and steps.ndim == 2 and len(steps) == count, f"{name} has a wrong shape")
    low, step = _shaped(arrays, f"{name}.range", (2, steps.shape[1]), np.float32)
    return (low + steps.astype(np.float32) * step).astype(np.float32)


def _shaped(
    arrays: dict[str, np.ndarray], name: str, shape: tuple[int, ...], dtype: type[np.generic] = np.float64
) -> np.ndarray:
    _check(arrays[name].dtype == dtype, f"{name} is {arrays[name].dtype}, expected {np.dtype(dtype)}")
    _check(arrays[name].shape == shape, f"{name} has shape {arrays[name].shape}, expected {shape}")
    _check(bool(np.isfinite(arrays[name]).all()), f"{name} is not finite")
    return arrays[name]


def _indices(arrays: dict[str, np.ndarray], name: str, limit: int) -> np.ndarray:
    values = arrays[name]
    _check(values.ndim == 1 and values.dtype.kind == "i", f"{name} is not a list of indices")
    _check(bool(((values >= 0) & (values < limit)).all()), f"{name} is out of range")
    return values.astype(np.int32)


def _number(value: Any, low: float = -math.inf) -> float:
    number = float(value)
    _check(math.isfinite(number) and number >= low, f"{number} is not a finite number of at least {low}")
    return number


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)
