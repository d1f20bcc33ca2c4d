"""Bake characters: body model, clothes and hair to arrays in the store. The store runs it as a child process.

Reads characters as JSON from standard input, one a line; prints a line `baked KEY` for each.
This is the only module whose run needs torch and anny.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

from motionpair import catalog, fields
from motionpair.errors import InputError, MachineError
from motionpair.specs import Character
from render.characters import body, figure, garments, hair, packing, rig, shoes, skirt
from render.characters.baked import BakedCharacter, MeshPart
from render.characters.basis import BODY, AnnyBasis
from render.characters.figure import Figure
from render.characters.garments import Cut
from render.characters.surface import Surface
from render.skeleton import FACE_UNITS


def bake(basis: AnnyBasis, character: Character) -> BakedCharacter:
    """Everything a renderer needs of a character; a pure function of it and of the body model."""
    naked = figure.build(basis, character)
    worn = _dress(naked)
    footwear = next((cut for index, cut in worn if character.garments[index].kind == "shoes"), None)
    ground = naked.t_vertices[BODY, 2].min() if footwear is None else footwear.surface.vertices[:, 2].min()
    lift = naked.t_vertices[BODY, 2].min() - ground  # soles lift the body
    placed = naked.raised(float(lift))
    hidden = np.zeros(len(naked.vertices), bool)
    for _, cut in worn:
        hidden |= cut.hides
    keep = ~hidden[basis.groups["body"]].all(axis=1)
    parts = body.parts(placed, keep)
    skin = parts[0]
    clothes = [_worn(placed, naked, index, cut) for index, cut in worn]
    strands, radius, shell = hair.grow(placed, [_cloth(part) for part in clothes if part.role == "cloth"])
    parts += clothes + shell
    if footwear is None:
        sole_part, soles = "body", body.soles(placed, skin)
    else:
        sole_part, soles = "shoes", shoes.soles(footwear.surface, footwear.attributes["sole"])
    t_pelvis = float(naked.t_joints["pelvis"][2] - ground)
    return BakedCharacter(
        character_json=fields.canonical_json(character),
        rig=placed.rig,
        parts=tuple(parts),
        strands=strands,
        strand_radius=radius,
        hip_height=t_pelvis,
        height=float(placed.vertices[BODY, 2].max()),
        hand_vertices=body.hands(placed, skin),
        face_vertices=body.face(placed, skin),
        sole_part=sole_part,
        soles=soles,
    )


def _dress(naked: Figure) -> list[tuple[int, Cut]]:
    """The character's garments in the T-pose, in its order; what is worn over something else clears it."""
    cuts: dict[int, Cut] = {}
    kinds = {garment.kind: i for i, garment in enumerate(naked.character.garments)}
    for kind, index in kinds.items():
        if kind in ("tee", "shirt"):
            cuts[index] = garments.top(naked, long_sleeves=kind == "shirt")
        elif kind in ("trousers", "shorts"):
            cuts[index] = garments.bottom(naked, long_legs=kind == "trousers")
        elif kind == "skirt":
            cuts[index] = skirt.skirt(naked)
        elif kind == "shoes":
            cuts[index] = shoes.shoes(naked)
        else:
            raise InputError(f"garments[{index}].kind: unknown garment {kind}")
    tops = [i for k, i in kinds.items() if k in catalog.TOPS]
    bottoms = [i for k, i in kinds.items() if k in catalog.BOTTOMS]
    for outer in bottoms:
        if "shoes" in kinds and "trousers" in kinds:
            cuts[outer] = garments.over(cuts[outer], cuts[kinds["shoes"]], 0.004)
    for outer in tops:
        for inner in bottoms:
            cuts[outer] = garments.over(cuts[outer], cuts[inner], 0.009)
            cuts[inner] = garments.under(cuts[inner], cuts[outer])
    return sorted(cuts.items())


def _cloth(part: MeshPart) -> Surface:
    vertices = part.vertices.astype(np.float64)
    return Surface(vertices, part.faces, np.zeros((len(vertices), 1)))


def _worn(placed: Figure, naked: Figure, index: int, cut: Cut) -> MeshPart:
    """A garment brought from the T-pose to the bind pose by undoing its own skinning."""
    kind = placed.character.garments[index].kind
    bones, weights = body.weight_rows(cut.surface.values)
    dense = np.zeros_like(cut.surface.values)
    np.add.at(dense, (np.arange(len(dense))[:, None], bones), weights.astype(np.float64))
    transforms = rig.blended(naked.rig, dense)
    shift = placed.rig.heads[0] - naked.rig.heads[0]
    bind = np.linalg.solve(transforms[:, :, :3], (cut.surface.vertices - transforms[:, :, 3])[:, :, None])[
        :, :, 0
    ]
    vertices = (bind + shift).astype(np.float32)
    return MeshPart(
        name=kind,
        role="shoe" if kind in catalog.FOOTWEAR else "cloth",
        vertices=vertices,
        faces=cut.surface.faces.astype(np.int32),
        bones=bones,
        weights=weights,
        unit_vertices=np.zeros(0, np.int32),
        unit_deltas=np.zeros((len(FACE_UNITS), 0, 3), np.float16),
        attributes={"rest": vertices} | {k: v.astype(np.float32) for k, v in cut.attributes.items()},
        garment=index,
    )


def main() -> None:
    """Bake what standard input lists into the store whose root is the first argument."""
    root = Path(sys.argv[1])
    found = f"anny {version('anny')}"
    if found != packing.BODY_MODEL:
        raise MachineError(f"{found} is installed; bakes are made with {packing.BODY_MODEL}")
    basis = AnnyBasis(root / "anny")
    for line in sys.stdin:
        character = fields.from_plain(Character, json.loads(line))
        key = packing.key(character)
        packing.write(packing.path(root, character), bake(basis, character))
        print("baked", key, flush=True)


if __name__ == "__main__":
    main()
