"""Which of a character's clothes and hair hang loose, and the rig that they swing by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionpair import catalog
from render.characters import blocks, loose
from render.characters.baked import MeshPart, Rig, Swing
from render.characters.figure import Figure
from render.characters.hair import Grown
from render.characters.loose import Sheet
from render.skeleton import JOINT_INDEX


@dataclass(frozen=True)
class _Hang:
    """How a garment's loose part swings; see `Swing`. rise: metres above the hips where it is pinned, of an
    adult's thigh of 0.42 m."""

    name: str
    columns: int
    rows: int
    rise: float
    pace: float
    sag: float


_LOOSE = {
    "skirt": _Hang("skirt", 18, 5, 0.12, 7.0, 0.85),
    "dress": _Hang("skirt", 18, 5, 0.12, 7.0, 0.85),
    "jacket": _Hang("hem", 14, 2, 0.06, 10.0, 0.5),
}
_THIGH = 0.42
_ARM = ("shoulder", "elbow", "wrist", "arm_twist")
_FINGERS = ("thumb", "index", "middle", "ring", "pinky")


def pinned_height(figure: Figure, kind: str) -> float:
    """Height in the T-pose, metres, below which a garment of a kind hangs loose."""
    hip, knee = figure.t_joints["left_hip"], figure.t_joints["left_knee"]
    return float(hip[2] + _LOOSE[kind].rise * (hip[2] - knee[2]) / _THIGH)


def freed(figure: Figure, kind: str, vertices: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Skinning weights (V, R) of a garment in the T-pose that has let go of the legs below its pinned edge.

    There it hangs on the pelvis, in whose place `hung` puts the joints that swing.
    """
    hang = _LOOSE[kind]
    top = pinned_height(figure, kind)
    step = (top - vertices[:, 2].min()) / hang.rows
    loosened = np.clip((top - vertices[:, 2]) / step, 0, 1)[:, None]
    pelvis = np.zeros(weights.shape[1])
    pelvis[JOINT_INDEX["pelvis"]] = 1.0
    return weights + loosened * (pelvis - weights)


def hung(figure: Figure, clothes: list[MeshPart], grown: Grown) -> tuple[Rig, list[MeshPart], list[MeshPart]]:
    """The rig with all that swings, the clothes and the hair's shells bound to it; bind pose."""
    sheets = {part.name: _sheet(figure, part) for part in clothes if part.name in _LOOSE}
    if grown.sheet is not None:
        sheets["hair"] = grown.sheet
    rig, placed = loose.add_sheets(figure.rig, list(sheets.values()))
    by_name = dict(zip(sheets, placed, strict=True))
    joints = len(rig.names)
    clothes = [
        loose.bound(p, by_name[p.name], joints, _off_arms(figure.rig, p)) if p.name in by_name else p
        for p in clothes
    ]
    skirt = next((p for p in clothes if p.name == "skirt"), None)
    if skirt is not None:  # a top moves with the skirt that it is tucked into
        edge = float(skirt.vertices[:, 2].max())
        clothes = [
            loose.alike(p, skirt, edge, 0.04) if catalog.GARMENT_KINDS[p.name].place == "top" else p
            for p in clothes
        ]
    shells = grown.parts
    if grown.sheet is not None:
        swinging = "knot" if grown.sheet.swing.name == "tail" else "hair"
        shells = [loose.bound(p, by_name["hair"], joints) if p.name == swinging else p for p in shells]
    return rig, clothes, shells


def _off_arms(rig: Rig, part: MeshPart) -> np.ndarray:
    """(V,) share of a garment's vertices that no arm moves."""
    arms = [i for i, n in enumerate(rig.names) if n.endswith(_ARM) or any(f in n for f in _FINGERS)]
    return np.asarray(1 - np.where(np.isin(part.bones, arms), part.weights, 0).sum(axis=1), float)


def _sheet(figure: Figure, part: MeshPart) -> Sheet:
    """The sheet of a garment's loose part."""
    hang = _LOOSE[part.name]
    heads = figure.rig.heads
    hip, knee = heads[JOINT_INDEX["left_hip"]], heads[JOINT_INDEX["left_knee"]]
    pelvis = heads[JOINT_INDEX["pelvis"]]
    top = float(hip[2] + hang.rise * (hip[2] - knee[2]) / _THIGH)
    points = part.vertices.astype(np.float64)
    own = points[(points[:, 2] < top + 0.03) & (_off_arms(figure.rig, part) > 0.5)]
    azimuth = np.arange(hang.columns) * 360.0 / hang.columns
    low = float(np.percentile(own[:, 2], 3))
    places = loose.grid(own, azimuth, pelvis[:2], top, low, hang.rows)
    legs = blocks.legs(figure)
    swing = Swing(
        name=hang.name,
        anchor=JOINT_INDEX["pelvis"],
        joints=np.zeros((hang.columns, hang.rows), np.int32),
        pins=places[:, 0],
        closed=True,
        pace=hang.pace,
        sag=hang.sag,
        lies_on=JOINT_INDEX["pelvis"],
        lies=0.0,
        block_joints=legs.joints,
        block_ends=legs.ends,
        block_radii=legs.radii,
    )
    return Sheet(swing, places, azimuth, pelvis[:2])
