"""A character made of simple shapes, for tests of the Blender room that must not bake a real one."""

from __future__ import annotations

import numpy as np

from motionpair import fields
from motionpair.specs import Character, Garment, Hair, Look
from render.characters.baked import BakedCharacter, MeshPart, Rig, Role
from render.scene import Actor, Pose
from render.skeleton import FACE_UNITS, JOINTS, PARENTS

HEIGHT = 1.7
_EYES = np.array([(0.032, -0.09, 1.60), (-0.032, -0.09, 1.60)])


def character(
    look: Look = "realistic", fabric: str = "plain", colours: tuple[str, ...] = ("#336699",)
) -> Character:
    phenotype = {"gender": 1.0, "age": 0.67}
    garments = (Garment("tee", fabric, colours), Garment("shoes", "plain", ("#7a4a2a",)))
    return Character("figure", look, phenotype, "#d8a888", "#4a6d8c", Hair("short", "#3a2618"), garments, 7)


def actor(spec: Character, frames: int = 3, seed: int = 0, slot: int = 1) -> Actor:
    """The figure in random poses, with a smile that comes and a blink that never does."""
    rng = np.random.default_rng(seed)
    baked = bake(spec)
    turns = rng.normal(size=(frames, len(JOINTS), 4)) * 0.15 + [1.0, 0, 0, 0]
    turns /= np.linalg.norm(turns, axis=-1, keepdims=True)
    turns[1::2] *= -1  # the same rotations on the other hemisphere
    places = baked.rig.heads + rng.normal(size=(frames, len(JOINTS), 3)) * 0.02 + [0.1, 0.2, 0.05]
    expression = np.zeros((frames, len(FACE_UNITS)))
    expression[:, FACE_UNITS.index("mouthSmileLeft")] = np.linspace(0, 0.9, frames)
    return Actor(baked, Pose(turns, places, expression, np.zeros((frames, 4), bool)), slot)


def bake(spec: Character) -> BakedCharacter:
    """A tube for a body, a wider one for a tee, balls for eyes and head, boxes for shoes, upright hair."""
    joints = len(JOINTS)
    heads = np.zeros((joints, 3))
    heads[:, 2] = np.linspace(0.9, 0.1, joints)
    heads[JOINTS.index("head")] = (0, 0, 1.5)
    identity = np.tile([1.0, 0, 0, 0], (joints, 1))
    rig = Rig(JOINTS, np.array(PARENTS), heads, heads + np.array([0, 0.05, 0]), identity, {})
    body = _tube(0.14, 0.1, HEIGHT, rows=34)
    tee = _tube(0.17, 0.7, 1.4, rows=12)
    eyes = np.concatenate([_ball(c, 0.015)[0] for c in _EYES])
    ball = _ball(_EYES[0], 0.015)[1]
    eye_faces = np.concatenate([ball, np.where(ball < 0, ball, ball + len(eyes) // 2)])
    directions = (eyes - np.repeat(_EYES, len(eyes) // 2, axis=0)) / 0.015
    shoe = _ball(np.array([0.1, 0.0, 0.05]), 0.06)
    masks = {
        n: np.zeros(len(body[0]))
        for n in ("blush", "lip", "eyelid", "mouth", "nail", "beard", "scalp", "ear")
    }
    around = np.stack([np.arctan2(tee[0][:, 0], -tee[0][:, 1]) * 0.17, tee[0][:, 2]], axis=1)
    parts = (
        _part("body", "skin", *body, attributes=masks, smiles=True),
        _part("eyes", "eye", eyes, eye_faces, attributes={"eye": directions}),
        _part("lashes", "lash", *_ball(_EYES[0] + np.array([0, -0.02, 0.01]), 0.01)),
        _part("teeth", "teeth", *_ball(np.array([0, 0, 1.52]), 0.02)),
        _part("tongue", "tongue", *_ball(np.array([0, 0, 1.50]), 0.02)),
        _part("tee", "cloth", *tee, attributes={"cloth_uv": around}, garment=0),
        _part("shoes", "shoe", *shoe, garment=1),
    )
    return BakedCharacter(
        character_json=fields.canonical_json(spec),
        rig=rig,
        parts=parts,
        strands=_strands() if spec.look != "animation_2d" else np.zeros((0, 2, 3), np.float32),
        strand_radius=0.002,
        hip_height=0.9,
        height=HEIGHT,
        hand_vertices=(np.arange(3), np.arange(3, 6)),
        face_vertices=np.arange(6, 12),
        sole_part="shoes",
        soles=(np.arange(2),) * 4,
    )


def _strands() -> np.ndarray:
    rng = np.random.default_rng(1)
    roots = np.column_stack([rng.uniform(-0.1, 0.1, (400, 2)), np.full(400, HEIGHT)])
    return (roots[:, None] + np.linspace(0, 0.15, 4)[:, None] * [0, 0, 1]).astype(np.float32)


def _part(
    name: str,
    role: Role,
    vertices: np.ndarray,
    faces: np.ndarray,
    attributes: dict[str, np.ndarray] | None = None,
    garment: int = -1,
    smiles: bool = False,
) -> MeshPart:
    rng = np.random.default_rng(len(vertices))
    count = len(vertices)
    bones = np.zeros((count, 8), np.uint8)
    weights = np.zeros((count, 8), np.float32)
    bones[:, :3] = (rng.integers(0, len(JOINTS), (count, 1)) + np.array([0, 7, 20])) % len(JOINTS)
    weights[:, :3] = rng.dirichlet([1, 1, 1], count)
    bones[vertices[:, 2] > 1.45, :] = JOINTS.index("head")
    weights[vertices[:, 2] > 1.45] = np.eye(1, 8, dtype=np.float32)
    moved = np.arange(count if smiles else 0, dtype=np.int32)
    deltas = np.zeros((len(FACE_UNITS), len(moved), 3), np.float16)
    deltas[FACE_UNITS.index("mouthSmileLeft")] = 0.01
    deltas[FACE_UNITS.index("eyeBlinkLeft")] = 0.5
    values = {"rest": vertices, **(attributes or {})}
    return MeshPart(
        name=name,
        role=role,
        vertices=vertices.astype(np.float32),
        faces=faces.astype(np.int32),
        bones=bones,
        weights=weights,
        unit_vertices=moved,
        unit_deltas=deltas,
        attributes={k: v.astype(np.float32) for k, v in values.items()},
        garment=garment,
    )


def _tube(
    radius: float, bottom: float, top: float, rows: int, columns: int = 24
) -> tuple[np.ndarray, np.ndarray]:
    """An open tube of quads."""
    angle = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    rings = [np.column_stack([radius * np.sin(angle), -radius * np.cos(angle), np.full(columns, z)])
             for z in np.linspace(bottom, top, rows)]  # fmt: skip
    i = np.arange((rows - 1) * columns)
    right = i // columns * columns + (i + 1) % columns
    return np.concatenate(rings), np.column_stack([i, right, right + columns, i + columns])


def _ball(centre: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """An octahedron of triangles."""
    corners = np.array([(1, 0, 0), (0, 1, 0), (-1, 0, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)], float)
    faces = [(i, (i + 1) % 4, 4, -1) for i in range(4)] + [((i + 1) % 4, i, 5, -1) for i in range(4)]
    return centre + radius * corners, np.array(faces)
