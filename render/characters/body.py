"""The parts that every character has: skin, eyes, lashes, teeth and tongue, with what materials read."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from render.characters import whiskers
from render.characters.baked import MeshPart, Role
from render.characters.basis import BODY, LEFT_EYE, RIGHT_EYE
from render.characters.figure import Figure
from render.characters.scalp import Scalp
from render.skeleton import JOINTS

_MOST_JOINTS = 256  # a byte names each of a vertex's bones
_STILL = 2e-5  # metres; a face unit that moves a vertex less leaves it alone
_OPEN_BELOW = ("skirt", "dress")
_FINGERS = ("thumb", "index", "middle", "ring", "pinky")
_ARM = ("elbow", "forearm_twist", "wrist", *(f"{f}{i}" for f in _FINGERS for i in (1, 2, 3)))
_BROW_LIMIT = 0.03  # metres; brow distances are clipped here

# The brow's centre line, seen from the front, in units of half the distance between the eyes, measured from
# the eye's centre (outward, up), from the nose to the temple.
_BROW = np.array([(-0.46, 0.56), (-0.1, 0.72), (0.3, 0.74), (0.72, 0.52)])


def parts(figure: Figure, keep: np.ndarray) -> list[MeshPart]:
    """The body's mesh parts in bind pose.

    Args:
        figure: the undressed character.
        keep: (F,) bool, the faces of group `body` that clothes do not hide.
    """
    groups = figure.basis.groups
    lashes = np.concatenate([groups["helper-l-eyelashes-2"], groups["helper-r-eyelashes-2"]])
    teeth = np.concatenate([groups["helper-upper-teeth"], groups["helper-lower-teeth"]])
    eyes = np.concatenate([groups["helper-l-eye"], groups["helper-r-eye"]])
    return [
        _part(figure, "body", "skin", groups["body"][keep], _skin(figure)),
        _part(figure, "eyes", "eye", eyes, {"eye": _eye_directions(figure)}),
        _part(figure, "lashes", "lash", lashes, {}),
        _part(figure, "teeth", "teeth", teeth, {}),
        _part(figure, "tongue", "tongue", groups["helper-tongue"], {}),
    ]


def covered(figure: Figure, keep: np.ndarray) -> MeshPart:
    """What of the body clothes hide: the faces that `parts` leaves out, as `BakedCharacter.covered`."""
    faces = figure.basis.groups["body"]
    shown, hidden = np.unique(faces[keep]), np.unique(faces[~keep])
    own = np.setdiff1d(hidden, shown)
    order = np.concatenate([shown, own])
    place = np.full(len(figure.vertices), -1)
    place[order] = np.arange(len(order))
    return replace(_part(figure, "covered", "skin", own, {}), faces=place[faces[~keep]].astype(np.int32))


def hands(figure: Figure, part: MeshPart) -> tuple[np.ndarray, np.ndarray]:
    """(left, right) vertices of the skin that the wrist or a finger moves most."""
    found = []
    for side in ("left", "right"):
        fingers = ("wrist", "thumb", "index", "middle", "ring", "pinky")
        of_hand = [
            i for i, n in enumerate(figure.rig.names) if n.startswith(tuple(f"{side}_{f}" for f in fingers))
        ]
        share = np.where(np.isin(part.bones, of_hand), part.weights, 0).sum(axis=1)
        found.append(np.flatnonzero(share > 0.5).astype(np.int32))
    return found[0], found[1]


def face(figure: Figure, part: MeshPart) -> np.ndarray:
    """Vertices of the skin that belong to the face: hairline to chin, ear to ear."""
    jaw, head = JOINTS.index("jaw"), JOINTS.index("head")
    of_head = np.where(np.isin(part.bones, (jaw, head)), part.weights, 0).sum(axis=1) > 0.5
    spread = np.linalg.norm(figure.eyes[0] - figure.eyes[1])
    middle = figure.eyes.mean(axis=0)
    v = part.vertices
    front = v[:, 1] < middle[1] + 0.9 * spread
    low = v[:, 2] < middle[2] + 1.0 * spread
    return np.flatnonzero(of_head & front & low & (v[:, 2] > middle[2] - 2.0 * spread)).astype(np.int32)


def weight_rows(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Dense weights (V, R) to the 8 largest a row: bones (V, 8) uint8 and weights (V, 8) float32.

    Raises:
        ValueError: more joints than a byte can count.
    """
    if weights.shape[1] > _MOST_JOINTS:
        raise ValueError(f"expected at most {_MOST_JOINTS} joints, got {weights.shape[1]}")
    order = np.argsort(-weights, axis=1, kind="stable")[:, :8]
    rows = np.take_along_axis(weights, order, axis=1)
    # 1/65535 steps that sum to exactly 1, so that storing a part loses nothing.
    steps = np.rint(rows / rows.sum(axis=1, keepdims=True) * 65535)
    steps[:, 0] += 65535 - steps.sum(axis=1)
    bones = np.where(steps > 0, order, 0)
    return bones.astype(np.uint8), (steps / 65535).astype(np.float32)


def _part(
    figure: Figure, name: str, role: Role, faces: np.ndarray, attributes: dict[str, np.ndarray]
) -> MeshPart:
    used, inverse = np.unique(faces, return_inverse=True)
    bones, weights = weight_rows(figure.weights[used])
    deltas = figure.units[:, used]
    moved = np.flatnonzero((np.linalg.norm(deltas, axis=2) > _STILL).any(axis=0))
    values = {"rest": figure.vertices} | attributes
    return MeshPart(
        name=name,
        role=role,
        vertices=figure.vertices[used].astype(np.float32),
        faces=inverse.reshape(faces.shape).astype(np.int32),
        bones=bones,
        weights=weights,
        unit_vertices=moved.astype(np.int32),
        unit_deltas=deltas[:, moved].astype(np.float16),
        attributes={k: v[used].astype(np.float32) for k, v in values.items()},
    )


def _skin(figure: Figure) -> dict[str, np.ndarray]:
    """What the skin's material reads, over the whole base mesh (19158, ...)."""
    basis, v = figure.basis, figure.vertices
    brow, along = _brow(figure)
    values = {
        "lip": _on_mesh(basis.painted("lips"), len(v)),
        "nail": _on_mesh(np.maximum(basis.painted("fingernails"), basis.painted("toenails")), len(v)),
        "ear": _on_mesh(basis.painted("ears"), len(v)),
        "mouth": _on_mesh(basis.painted("inside-mouth"), len(v)),
        "eyelid": _on_mesh(basis.painted("eyelids"), len(v)),
        "brow": brow,
        "brow_along": along,
        "blush": _blush(figure),
        "beard": whiskers.growth(figure),
        "whiskers": whiskers.region(figure),
        "scalp": Scalp(figure).mask(),
        "uv": basis.uv,
    }
    if any(g.kind in _OPEN_BELOW for g in figure.character.garments):
        values["briefs"] = _briefs(figure)
    return values


def _on_mesh(values: np.ndarray, length: int) -> np.ndarray:
    out = np.zeros(length)
    out[BODY] = values
    return out


def _brow(figure: Figure) -> tuple[np.ndarray, np.ndarray]:
    """Distance in metres to the nearer brow's centre line, and the place along it (0 nose, 1 temple)."""
    v = figure.vertices
    half = np.linalg.norm(figure.eyes[0] - figure.eyes[1]) / 2
    distance = np.full(len(v), _BROW_LIMIT)
    along = np.zeros(len(v))
    steps = np.linalg.norm(np.diff(_BROW, axis=0), axis=1)
    starts = np.concatenate([[0], np.cumsum(steps)]) / steps.sum()
    for centre, sign in zip(figure.eyes, (1.0, -1.0), strict=True):
        flat = np.stack([(v[:, 0] - centre[0]) * sign, v[:, 2] - centre[2]], axis=1) / half
        front = v[:, 1] < centre[1] + half
        for i, (a, b) in enumerate(itertools.pairwise(_BROW)):
            t = np.clip(((flat - a) @ (b - a)) / ((b - a) @ (b - a)), 0, 1)
            d = np.linalg.norm(flat - (a + t[:, None] * (b - a)), axis=1) * half
            nearer = front & (d < distance)
            distance[nearer] = d[nearer]
            along[nearer] = (starts[i] + t * (starts[i + 1] - starts[i]))[nearer]
    return distance, along


def _briefs(figure: Figure) -> np.ndarray:
    """Close shorts from the waist to the upper thigh, worn under what a kick opens (0 to 1)."""
    joints = {n: figure.rig.heads[figure.rig.names.index(n)] for n in ("left_hip", "left_knee", "spine1")}
    hip, knee, waist = (joints[n][2] for n in ("left_hip", "left_knee", "spine1"))
    low = hip - 0.38 * (hip - knee)
    hands = figure.weight_of(*(n for n in figure.rig.names if n.split("_", 1)[-1] in _ARM))
    z = figure.vertices[:, 2]
    return np.clip(0.5 + (z - low) / 0.05, 0, 1) * np.clip(0.5 + (waist - z) / 0.008, 0, 1) * (hands < 0.1)


def _blush(figure: Figure) -> np.ndarray:
    """Where blood shows: cheeks, nose tip, chin, ears, knuckles' side of the hands (0 to 1)."""
    v = figure.vertices
    half = np.linalg.norm(figure.eyes[0] - figure.eyes[1]) / 2
    middle = figure.eyes.mean(axis=0)
    ridge = (np.abs(v[BODY, 0]) < half / 4) & (np.abs(v[BODY, 2] - middle[2] + half) < 1.2 * half)
    nose = v[BODY][ridge][np.argmin(v[BODY][ridge, 1])]
    spots = [(nose, 0.7 * half, 0.7)]
    for centre, sign in zip(figure.eyes, (1.0, -1.0), strict=True):
        spots.append((centre + half * np.array([0.35 * sign, -0.2, -1.15]), 0.75 * half, 1.0))
    value = np.zeros(len(v))
    for place, reach, strength in spots:
        value = np.maximum(value, strength * np.exp(-(((v - place) / reach) ** 2).sum(axis=1)))
    return np.maximum(value, 0.6 * _on_mesh(figure.basis.painted("ears"), len(v)))


def _eye_directions(figure: Figure) -> np.ndarray:
    """(19158, 3) of an eyeball's vertices: from its centre, in eye radii; the gaze is −Y."""
    out = np.zeros_like(figure.vertices)
    for part, centre in zip((LEFT_EYE, RIGHT_EYE), figure.eyes, strict=True):
        out[part] = (figure.vertices[part] - centre) / figure.eye_radius
    return out


def soles(figure: Figure, part: MeshPart) -> tuple[np.ndarray, ...]:
    """Vertices of the bare feet's undersides: left heel, left toe, right heel, right toe."""
    v = part.vertices
    found = []
    for side in ("left", "right"):
        joints = [figure.rig.names.index(f"{side}_{n}") for n in ("ankle", "foot")]
        of_foot = np.where(np.isin(part.bones, joints), part.weights, 0).sum(axis=1) > 0.5
        ankle, ball = (figure.rig.heads[j][:2] for j in joints)
        share = (v[:, :2] - ankle) @ (ball - ankle) / ((ball - ankle) @ (ball - ankle))
        for end in (share < 0.1, share > 0.8):
            lowest = v[of_foot & end, 2].min()
            found.append(np.flatnonzero(of_foot & end & (v[:, 2] < lowest + 0.005)).astype(np.int32))
    return tuple(found)
