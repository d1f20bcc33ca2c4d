"""Caps and hats: rigid with the head, cut to the skull and the hair that is pressed beneath."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionpair import catalog
from motionpair.errors import InputError
from render.characters.baked import MeshPart
from render.characters.scalp import Scalp
from render.characters.surface import Surface, joined
from render.skeleton import FACE_UNITS, JOINT_INDEX

_COLUMNS = 64

_BAND = np.array([(0, 31), (35, 28), (70, 17), (100, 11), (130, -2), (180, -13)], float)
"""Elevation of the lower edge over azimuth, degrees: on the forehead, over the ears, in the nape."""
_ROOM = {"bald": 0.004, "buzz": 0.006, "short": 0.010}
_MUCH_HAIR = 0.013
"""Metres between skull and cloth, on an adult's head, by what hair is pressed there."""
_SOFT = 22.0  # degrees below the band over which hair stands off again
_CLOTH = 0.0025  # metres


@dataclass(frozen=True)
class Headwear:
    """A hat or cap on a head: its shape before it is a mesh part, and what it does to hair."""

    scalp: Scalp
    kind: str

    @property
    def room(self) -> float:
        """Metres between the skull and the cloth."""
        style = self.scalp.figure.character.hair.style
        return _ROOM.get(style, _MUCH_HAIR) * self.scalp.size

    def pressed(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) of hair in bind pose, pressed under the cloth; below its edge hair comes free."""
        flat = points.reshape(-1, 3)
        azimuth, elevation = self.scalp.angles(flat)
        radius = np.linalg.norm(flat - self.scalp.middle, axis=1)
        below = np.clip((band(azimuth) - elevation) / _SOFT, 0, 4)
        # Layers stay layers: what stood off further lies further out.
        skull = self.scalp.skull(azimuth, elevation)
        height = np.maximum(radius - skull, 0)
        most = 0.75 * self.room
        under = skull + np.where(radius > skull, most * height / (height + most), radius - skull)
        free = np.clip(below, 0, 1) ** 1.5
        held = np.where(radius > under, under + free * (radius - under), radius)
        away = (flat - self.scalp.middle) / np.maximum(radius, 1e-9)[:, None]
        return (self.scalp.middle + held[:, None] * away).reshape(points.shape)


def worn(scalp: Scalp) -> Headwear | None:
    """What a character wears on its head, or None."""
    kinds = [g.kind for g in scalp.figure.character.garments if g.kind in catalog.HEADWEAR]
    return Headwear(scalp, kinds[0]) if kinds else None


def band(azimuth: np.ndarray) -> np.ndarray:
    """Elevation of headwear's lower edge, degrees."""
    return np.interp(np.abs(azimuth), _BAND[:, 0], _BAND[:, 1])


def part(headwear: Headwear, garment: int) -> MeshPart:
    """The mesh of a cap or a hat, the character's `garment`-th.

    Raises:
        InputError: another kind.
    """
    if headwear.kind == "cap":
        surface, uv, trim = _cap(headwear)
    elif headwear.kind == "hat":
        surface, uv, trim = _hat(headwear)
    else:
        raise InputError(f"garments[{garment}].kind: {headwear.kind} is no headwear; accepted: cap, hat")
    plain = np.full(len(uv), -1.0)
    attributes = {"cloth_uv": uv, "cloth_uv2": uv, "cloth_side": plain, "hem": plain + 1.06, "trim": trim}
    return rigid(headwear.kind, surface, attributes, garment)


def rigid(name: str, surface: Surface, attributes: dict[str, np.ndarray], garment: int) -> MeshPart:
    """A part that moves with the head alone."""
    count = len(surface.vertices)
    bones, weights = np.zeros((count, 8), np.uint8), np.zeros((count, 8), np.float32)
    bones[:, 0], weights[:, 0] = JOINT_INDEX["head"], 1
    vertices = surface.vertices.astype(np.float32)
    return MeshPart(
        name=name,
        role="accessory",
        vertices=vertices,
        faces=surface.faces.astype(np.int32),
        bones=bones,
        weights=weights,
        unit_vertices=np.zeros(0, np.int32),
        unit_deltas=np.zeros((len(FACE_UNITS), 0, 3), np.float16),
        attributes={"rest": vertices} | {k: v.astype(np.float32) for k, v in attributes.items()},
        garment=garment,
    )


def _cap(wear: Headwear) -> tuple[Surface, np.ndarray, np.ndarray]:
    """A baseball cap: six panels, a button, and a visor curved to both sides."""
    scalp, size = wear.scalp, wear.scalp.size
    azimuth = np.linspace(-180, 180, _COLUMNS, endpoint=False)
    share = np.linspace(0, 1, 14)[:, None]
    line = band(azimuth)
    elevation = line + share * (89.0 - line)
    a = np.broadcast_to(azimuth, elevation.shape)
    rise = np.clip(share * 1.6, 0, 1)
    front = 0.5 + 0.5 * np.cos(np.radians(a))
    # The front panels stand up; between the seams the cloth is a little hollow.
    stand = size * (0.010 * front * np.sin(np.pi * np.clip(share, 0, 1) ** 0.8) + 0.006 * rise)
    seam = size * 0.0012 * np.abs(np.cos(np.radians(3 * a))) ** 6 * rise
    radius = _even_skull(scalp, a, elevation) + wear.room + stand + seam
    dome, uv = _dome(scalp, a, elevation, radius)
    visor, visor_uv = _visor(wear, azimuth)
    button = _button(dome.vertices[-1], 0.0065 * size)
    surface = joined([dome, visor, button])
    uvs = np.concatenate([uv, visor_uv, button.vertices[:, :2]])
    edge = np.concatenate([np.zeros(len(uv)), np.ones(len(visor_uv)), np.ones(len(button.vertices))])
    return surface, uvs, edge


def _hat(wear: Headwear) -> tuple[Surface, np.ndarray, np.ndarray]:
    """A fedora: a crown with a crease and two dents, a ribbon, and a brim that dips ahead and behind."""
    scalp, size = wear.scalp, wear.scalp.size
    azimuth = np.linspace(-180, 180, _COLUMNS, endpoint=False)
    line = band(azimuth)
    foot = scalp.place(azimuth, line, _even_skull(scalp, azimuth, line) + wear.room) - scalp.middle
    # The edge lies in one plane, tilted back: a felt hat does not bend around the ears.
    slope, level = np.polyfit(foot[:, 1], foot[:, 2], 1)
    slope *= 0.65
    foot[:, 2] = level + slope * foot[:, 1]
    top = float(scalp.skull(np.array([0.0]), np.array([88.0]))[0]) + wear.room + 0.026 * size
    turned = np.radians(azimuth)
    ahead = np.cos(turned)
    rows = []
    for t in np.linspace(0, 1, 9):  # the wall: it leans in, the front is pinched
        dent = 0.16 * np.exp(-(((np.abs(azimuth) - 38) / 17) ** 2)) * np.clip(t * 1.6 - 0.35, 0, 1)
        lean = 1 + 0.012 * np.sin(np.pi * t) - 0.17 * t**1.6 - dent
        height = (1 - t) * foot[:, 2] + t * (top - 0.010 * size + 0.012 * size * ahead)
        rows.append(np.column_stack([foot[:, 0] * lean, foot[:, 1] * lean, height]))
    rim = rows[-1]
    for t in (0.93, 0.80, 0.60, 0.38, 0.16):  # the top: rounded edge, a crease along the middle
        ring = rim * (t, t, 1.0)
        crease = np.exp(-((ring[:, 0] / (0.030 * size)) ** 2)) * (1 - t**4)
        ring[:, 2] += size * (0.010 * (1 - t) ** 0.4 - 0.022 * crease)
        rows.append(ring)
    crown, crown_uv = _rings(scalp.middle, rows)
    ribbon = (np.arange(len(crown.vertices)) // _COLUMNS < 3) & (
        np.arange(len(crown.vertices)) < 9 * _COLUMNS
    )
    brim_rows = []
    outward = foot * (1, 1, 0)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    # Underside from the edge inwards last, so that the brim is closed.
    width = size * (0.058 + 0.010 * np.abs(ahead))
    for t, side in (
        (0.0, 1),
        (0.35, 1),
        (0.7, 1),
        (1.0, 1),
        (1.02, 0),
        (1.0, -1),
        (0.7, -1),
        (0.35, -1),
        (-0.05, -1),
    ):
        curl = size * (-0.013 * np.cos(2 * turned) * max(t, 0.0) ** 1.5 - 0.008 * t * ahead)
        ring = foot + outward * (width * t)[:, None]
        ring[:, 2] += curl + 0.5 * side * _CLOTH * size + slope * (ring[:, 1] - foot[:, 1])
        brim_rows.append(ring)
    brim, brim_uv = _rings(scalp.middle, brim_rows, closed=False)
    trim = np.concatenate([ribbon.astype(float), np.zeros(len(brim.vertices))])
    vertices = crown.vertices.copy()
    vertices[:, :2] += (
        0.0015
        * size
        * trim[: len(vertices), None]
        * np.tile(outward[:, :2], (len(vertices) // _COLUMNS + 1, 1))[: len(vertices)]
    )
    # Felt cannot be pinched into the head.
    away = vertices - scalp.middle
    radius = np.linalg.norm(away, axis=1)
    least = _even_skull(scalp, *scalp.angles(vertices)) + wear.room + 0.0015 * size
    vertices = scalp.middle + away * (np.maximum(radius, least) / radius)[:, None]
    return joined([crown.moved(vertices), brim]), np.concatenate([crown_uv, brim_uv]), trim


def _even_skull(scalp: Scalp, azimuth: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """The skull's radius, the same on both sides."""
    a, e = np.broadcast_arrays(azimuth, elevation)
    both = [
        scalp.skull(side * a.ravel(), np.minimum(e.ravel(), 88.0)).reshape(a.shape) for side in (1.0, -1.0)
    ]
    return 0.5 * (both[0] + both[1])


def _dome(
    scalp: Scalp, azimuth: np.ndarray, elevation: np.ndarray, radius: np.ndarray
) -> tuple[Surface, np.ndarray]:
    """A dome of rings (rows, columns), with a turned-in edge below and its pole last."""
    rows = [scalp.place(azimuth[k], elevation[k], radius[k]) - scalp.middle for k in range(len(radius))]
    hem = rows[0] * (1 - 1.6 * _CLOTH / np.linalg.norm(rows[0], axis=1, keepdims=True))
    inner = scalp.place(azimuth[1], elevation[1], radius[1] - 1.6 * _CLOTH) - scalp.middle
    return _rings(scalp.middle, [inner, hem, *rows])


def _rings(middle: np.ndarray, rows: list[np.ndarray], closed: bool = True) -> tuple[Surface, np.ndarray]:
    """Rings of `_COLUMNS` points (relative to the middle) as a surface, the last closed by a pole."""
    grid = np.array(rows)
    points = grid.reshape(-1, 3)
    k = np.arange(_COLUMNS)
    following = (k + 1) % _COLUMNS
    faces = [
        np.stack([r * _COLUMNS + k, r * _COLUMNS + following, (r + 1) * _COLUMNS + following,
                  (r + 1) * _COLUMNS + k], axis=1)
        for r in range(len(rows) - 1)
    ]  # fmt: skip
    radius = float(np.median(np.hypot(points[:, 0], points[:, 1])))
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(grid, axis=0), axis=2).mean(axis=1))])
    around = radius * np.linspace(-np.pi, np.pi, _COLUMNS, endpoint=False)
    # Two halves mirrored, so that a pattern meets itself.
    uv = np.stack(np.meshgrid(np.abs(around), along), axis=-1).reshape(-1, 2)
    if closed:
        pole = len(points)
        points = np.concatenate([points, grid[-1].mean(axis=0)[None]])
        last = (len(rows) - 1) * _COLUMNS
        faces.append(
            np.stack([last + k, last + following, np.full(_COLUMNS, pole), np.full(_COLUMNS, -1)], axis=1)
        )
        uv = np.concatenate([uv, [[0.0, along[-1] + 0.01]]])
    return Surface(middle + points, np.concatenate(faces), np.zeros((len(points), 1))), uv


def _visor(wear: Headwear, azimuth: np.ndarray) -> tuple[Surface, np.ndarray]:
    """A visor over the forehead: upper side, rounded edge and underside as one closed sheet."""
    scalp, size = wear.scalp, wear.scalp.size
    across, out = 25, 9
    u = np.linspace(-1, 1, across)
    a = 64 * u
    line = band(a)
    root = scalp.place(a, line + 1.5, _even_skull(scalp, a, line) + wear.room + 0.001 * size)
    reach = size * 0.073 * np.clip(np.cos(0.5 * np.pi * np.abs(u) ** 1.6), 0, 1) ** 0.55
    half = abs(float(root[0, 0]))
    rows = []
    for v in np.linspace(0, 1, out):
        point = root.copy()
        point[:, 1] -= reach * v
        # Narrower ahead than at the temples, falling ahead, arched across.
        point[:, 0] *= 1 - 0.10 * v**2
        point[:, 2] -= size * (0.014 * v + 0.010 * v**2) * np.clip(np.cos(0.5 * np.pi * u), 0, 1) ** 0.5
        point[:, 2] += size * 0.010 * v * (1 - (point[:, 0] / half) ** 2)
        rows.append(point)
    upper = np.array(rows)
    lower = upper - (0, 0, 1.3 * _CLOTH * size)
    edge = 0.5 * (upper[-1] + lower[-1]) - (0, 0.5 * _CLOTH * size, 0)
    grid = np.concatenate([upper, edge[None], lower[::-1]])
    count = len(grid)
    k, r = np.meshgrid(np.arange(across - 1), np.arange(count - 1))
    first = (r * across + k).ravel()
    faces = np.stack([first, first + 1, first + across + 1, first + across], axis=1)[:, ::-1]
    uv = np.stack([grid[..., 0].ravel(), grid[..., 1].ravel()], axis=1)
    return Surface(grid.reshape(-1, 3), faces, np.zeros((count * across, 1))), uv


def _button(place: np.ndarray, radius: float) -> Surface:
    """A flat knob."""
    around = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    rings = [(1.0, -0.3), (1.0, 0.25), (0.6, 0.55)]
    points = [place + radius * np.array([r * np.cos(t), r * np.sin(t), z]) for r, z in rings for t in around]
    points.append(place + np.array([0.0, 0.0, 0.62 * radius]))
    k = np.arange(10)
    following = (k + 1) % 10
    faces = [
        np.stack([r * 10 + k, r * 10 + following, r * 10 + 10 + following, r * 10 + 10 + k], axis=1)
        for r in (0, 1)
    ]
    faces.append(np.stack([20 + k, 20 + following, np.full(10, 30), np.full(10, -1)], axis=1))
    return Surface(np.array(points), np.concatenate(faces), np.zeros((31, 1)))
