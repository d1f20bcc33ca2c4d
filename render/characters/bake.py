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
from motionpair.errors import MachineError
from motionpair.specs import Character
from render.characters import body, dressing, figure, glasses, hair, hats, packing, rig, shoes, swings
from render.characters.baked import BakedCharacter, MeshPart
from render.characters.basis import BODY, AnnyBasis
from render.characters.figure import Figure
from render.characters.garments import Cut
from render.characters.hats import Headwear
from render.characters.scalp import Scalp
from render.characters.surface import Surface
from render.skeleton import FACE_UNITS


def bake(basis: AnnyBasis, character: Character) -> BakedCharacter:
    """Everything a renderer needs of a character; a pure function of it and of the body model."""
    naked = figure.build(basis, character)
    worn = dressing.dress(naked)
    footwear, sole_part = None, "body"
    for index, cut in worn:
        if character.garments[index].kind in catalog.FOOTWEAR:
            footwear, sole_part = cut, character.garments[index].kind
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
    grown = hair.grow(placed, skin, [_cloth(part) for part in clothes if part.role == "cloth"])
    rigged, clothes, shells = swings.hung(placed, clothes, grown)
    parts += clothes + shells + _on_head(placed)
    if footwear is None:
        soles = body.soles(placed, skin)
    else:
        soles = shoes.soles(footwear.surface, footwear.attributes["sole"])
    t_pelvis = float(naked.t_joints["pelvis"][2] - ground)
    return BakedCharacter(
        character_json=fields.canonical_json(character),
        rig=rigged,
        parts=tuple(parts),
        strands=grown.strands,
        sway=grown.sway,
        strand_roots=grown.roots,
        strand_radius=grown.radius,
        hip_height=t_pelvis,
        height=float(placed.vertices[BODY, 2].max()),
        hand_vertices=body.hands(placed, skin),
        face_vertices=body.face(placed, skin),
        sole_part=sole_part,
        soles=soles,
        covered=body.covered(placed, keep),
    )


def _on_head(placed: Figure) -> list[MeshPart]:
    """What the character wears on head and eyes."""
    out = []
    for index, garment in enumerate(placed.character.garments):
        if garment.kind in catalog.HEADWEAR:
            out.append(hats.part(Headwear(Scalp(placed), garment.kind), index))
        elif garment.kind in catalog.EYEWEAR:
            out.append(glasses.part(placed, index))
    return out


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
