"""Upper garments: T-shirt, tank top, polo, shirt, sweater, jacket, and the bodice of a dress."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from render.characters import trims
from render.characters.drape import hang, push_out
from render.characters.figure import Figure
from render.characters.garments import (
    HEM_REACH,
    Cut,
    Fields,
    armpit,
    cut,
    eased,
    hem_distance,
    margin,
    natural_waist,
    nearby,
    off_skin,
    ramp,
    size,
    tights,
    torso_uv,
    trunk_middle,
)
from render.characters.surface import Surface

ARM = ("shoulder", "elbow", "wrist", "upper_arm_twist", "forearm_twist")
_DISTANCE_OF_WEIGHT = 0.11  # metres over which the arm's skinning weight grows from 0 to 1, about
_AROUND_NECK, _AROUND_HEM, _AROUND_ARM = 44, 60, 24
_RIB = [(-0.007, -0.001), (-0.006, 0.003), (0.004, 0.0045), (0.012, 0.004), (0.016, 0.001), (0.014, -0.003)]
_RIB_NARROW = [(-0.006, -0.001), (-0.005, 0.002), (0.002, 0.003), (0.005, 0.001), (0.004, -0.002)]
"""Profiles of the bands around necklines and armholes: metres away from the cloth, and out."""
_TUCKED_TAPER = 0.45
_GATHER = 0.11  # metres above a waistband in which cloth is gathered into it
_SHORTER = 0.10  # of the thigh: what is worn under a jacket ends higher
_ZIP = [(-0.006, 0.001), (-0.005, 0.003), (0.0, 0.0035), (0.005, 0.003), (0.006, 0.0)]
_ZIPPED = ("leather", "camouflage", "plain")
_FRONT_GAP = 0.045  # metres from the middle to each edge of an open jacket, at the chest


@dataclass(frozen=True)
class Style:
    """How an upper garment is cut. Lengths are metres on an adult.

    sleeve: `none`; `short`, to the middle of the upper arm; `long`, to the wrist.
    neck: `crew`, close and round; `scoop`, deep and wide; `collar`, close, with a collar sewn to it.
    hem: how far it reaches from the hip joint down the thigh, as a share of the thigh.
    ease: how far the cloth stands off the body. clearance: the least distance from the skin.
    taper, sleeve_taper: metres of radius lost a metre of fall, and along the sleeve.
    band: width of the ribbed or buttoned band that ends hem and long sleeves, hem first; 0: none.
    buttons: how many, down the front. opening: none; `short`, a polo's; `full`, buttoned from neck to hem;
        `open`, hanging open.
    """

    sleeve: Literal["none", "short", "long"]
    neck: Literal["crew", "scoop", "collar"]
    hem: float
    ease: float
    clearance: float
    taper: float
    sleeve_taper: float
    band: tuple[float, float] = (0.0, 0.0)
    buttons: int = 0
    opening: Literal["", "short", "full", "open"] = ""

    def scaled(self, scale: float) -> Style:
        """The same cut for someone `scale` times as large."""
        band = (self.band[0] * scale, self.band[1] * scale)
        return replace(self, ease=self.ease * scale, clearance=self.clearance * scale, band=band)


STYLES: dict[str, Style] = {
    "tee": Style("short", "crew", 0.13, 0.006, 0.008, 0.25, -0.02),
    "tank": Style("none", "scoop", 0.10, 0.005, 0.007, 0.25, 0.0),
    "polo": Style("short", "collar", 0.12, 0.006, 0.008, 0.25, 0.02, buttons=2, opening="short"),
    "shirt": Style("long", "collar", 0.16, 0.007, 0.008, 0.20, 0.16, (0.0, 0.055), buttons=6, opening="full"),
    "sweater": Style("long", "crew", 0.10, 0.011, 0.012, 0.10, 0.09, (0.055, 0.055)),
    "jacket": Style("long", "collar", 0.17, 0.014, 0.016, 0.12, 0.08, (0.05, 0.05), opening="open"),
    "bodice": Style("short", "crew", 0.0, 0.005, 0.007, 0.45, 0.0),
    "sleeveless bodice": Style("none", "scoop", 0.0, 0.005, 0.007, 0.45, 0.0),
}


def top(
    figure: Figure, name: str, hem: float | None = None, tucked: bool = False, beneath: bool = False
) -> Cut:
    """An upper garment of STYLES in the T-pose.

    Args:
        figure: who wears it.
        name: its style.
        hem: the height at which it ends, where that is not its style's.
        tucked: whether it ends in the waistband of a skirt.
        beneath: whether an outer garment is worn over it: it then ends before that does.
    """
    style = STYLES[name].scaled(size(figure))
    if tucked:
        hem, style = (
            natural_waist(figure) - 0.03,
            replace(style, taper=_TUCKED_TAPER, band=(0.0, style.band[1])),
        )
    elif beneath:
        style = replace(style, hem=min(style.hem, STYLES["jacket"].hem - _SHORTER))
    if beneath:
        style = replace(style, band=(style.band[0], 0.0))
    joints = figure.t_joints
    gender = figure.character.phenotype["gender"]
    thigh = float(joints["left_hip"][2] - joints["left_knee"][2])
    end = float(joints["left_hip"][2]) - (style.hem + 0.05 * (gender - 0.5)) * thigh if hem is None else hem
    sleeve = _sleeve_end(figure, style, beneath)
    fields = _fields(figure, style, end, sleeve)
    # Bands continue the cloth, so the cloth itself ends where they begin.
    body = _fields(figure, style, end + style.band[0], sleeve - style.band[1])
    surface = eased(cut(tights(figure), body), style.ease)
    flare = 0.003 if style.band[0] else 0.010
    surface = _hang_torso(
        figure, surface, end, style.taper - 0.13 * (gender - 0.5), flare, gathered=hem is not None
    )
    if style.sleeve != "none":
        surface = _hang_sleeves(figure, surface, sleeve, style.sleeve_taper)
    surface = off_skin(figure, surface, style.clearance)
    opening = _opening(figure)
    whole = surface
    if style.opening == "open":
        surface = surface.clip(opening(surface.vertices))
    uv = torso_uv(figure, surface.vertices)
    attributes = {
        "cloth_uv": uv,
        "cloth_uv2": _sleeve_uv(figure, surface.vertices) if style.sleeve != "none" else uv,
        "cloth_side": _sleeve_side(figure, surface)
        if style.sleeve != "none"
        else np.full(len(uv), -HEM_REACH),
        "hem": hem_distance(surface),
    }
    if style.opening in ("short", "full"):
        attributes["placket"] = _placket(figure, surface.vertices, style)
    garment = _trimmed(figure, style, trims.Garment(surface, attributes), whole, beneath)
    # A loose hem lets one look in; a collar lies close, and so does an armhole.
    depths = (0.03, 0.035 if style.sleeve == "short" else 0.03, 0.012)
    covers = margin(fields, depths)
    if style.opening == "open":
        closed = covers
        covers = lambda p: np.minimum(closed(p), opening(p) - 0.04)  # noqa: E731
    return Cut(garment.surface, covers(figure.t_vertices) > 0, garment.attributes, covers)


def _sleeve_end(figure: Figure, style: Style, beneath: bool) -> float:
    shoulder, elbow, wrist = (figure.t_joints[f"left_{n}"][0] for n in ("shoulder", "elbow", "wrist"))
    arm = elbow - shoulder
    short = 0.45 if beneath else 0.02  # the cuff would come through that of the jacket
    return float(wrist - short * arm if style.sleeve == "long" else shoulder + 0.52 * arm)


def _fields(figure: Figure, style: Style, hem: float, sleeve: float) -> Fields:
    """Distances to the hem, to the sleeves' ends or armholes, and to the neckline."""
    joints = figure.t_joints
    shoulder, neck = joints["left_shoulder"], joints["neck"]
    lift = joints["head"][2] - neck[2]
    rise = {"crew": 0.05, "scoop": 0.05, "collar": -0.12 if style.opening == "open" else 0.12}[style.neck]
    throat = neck + np.array([0.0, 0.0, rise * lift])
    tilt = np.array([0.0, -0.5, 0.87])
    high, low = float(shoulder[2]) + 0.4 * lift, armpit(figure) - 0.015

    def arms(p: np.ndarray) -> np.ndarray:
        if style.sleeve != "none":
            return sleeve - np.abs(p[:, 0])
        # An armhole: from the strap's outer edge at the shoulder out under the arm.
        fall = np.clip((high - p[:, 2]) / (high - low), 0, 1)
        return shoulder[0] * (0.70 + 2.3 * fall**8) - np.abs(p[:, 0])

    def neckline(p: np.ndarray) -> np.ndarray:
        if style.neck != "scoop":
            # Beyond the shoulders there is no neck: sleeves may rise above the neckline's plane.
            return np.maximum((throat - p) @ tilt, np.abs(p[:, 0]) - 0.75 * shoulder[0])
        front = ramp(0.03, -0.05, p[:, 1] - neck[1])
        depth = (0.55 + 0.75 * front) * lift
        width = 0.46 * shoulder[0]
        fall = np.minimum(p[:, 2] - throat[2] - 0.3 * lift, 0) / depth
        return (np.hypot(p[:, 0] / width, fall) - 1) * width

    return lambda p: np.stack([p[:, 2] - hem, arms(p), neckline(p)], axis=1)


def _trimmed(
    figure: Figure, style: Style, garment: trims.Garment, whole: Surface, beneath: bool
) -> trims.Garment:
    """The garment with its bands, collar and buttons; `whole` is its cloth before the front was opened."""
    scale = size(figure)
    found = trims.rings(whole)
    centres = np.array([whole.vertices[ring].mean(axis=0) for ring in found])
    neck = trims.edge(whole, found[int(np.argmax(centres[:, 2] - 10 * np.abs(centres[:, 0])))], _AROUND_NECK)
    hem = trims.edge(whole, found[int(np.argmin(centres[:, 2]))], _AROUND_HEM)
    arms = [trims.edge(whole, found[int(np.argmax(s * centres[:, 0]))], _AROUND_ARM) for s in (1, -1)]
    skin = Surface.of(figure.t_vertices, figure.basis.groups["body"], figure.weights[:, :1])
    if style.band[1]:
        for arm in arms:
            piece, uv = trims.band(arm, _cuff(style.band[1], style))
            piece = piece.moved(push_out(piece.vertices, skin.vertices, skin.normals(), style.clearance))
            garment = garment.with_trim(piece, uv, collar=1.0)
    if style.band[0]:
        piece, uv = trims.band(hem.falling(), _cuff(style.band[0], style))
        piece = piece.moved(push_out(piece.vertices, skin.vertices, skin.normals(), style.clearance))
        if style.opening == "open":
            piece, uv = _opened(piece, uv, _opening(figure))
        garment = garment.with_trim(piece, uv, collar=1.0)
    if style.neck == "collar":
        begin, leaf, gap = 0.004 * scale, (0.046 * scale, 0.064 * scale), 0.007
        if style.opening == "open":
            ahead = np.abs(neck.places[:, 0]) > _gap(figure, neck.places[:, 2])
            begin, leaf = float(neck.along()[np.argmax(ahead)]), (0.052 * scale, 0.075 * scale)
            gap = 0.022  # another collar may stand inside
        elif beneath:  # only its points show; behind, it stays inside the jacket's
            leaf = (0.034 * scale, 0.048 * scale)
        piece, uv = trims.collar(figure, whole, neck, begin, 0.030 * scale, leaf, 0.022 * scale, gap)
        garment = garment.with_trim(piece, uv, collar=1.0)
    else:
        narrow = style.neck == "scoop"
        edges = [neck, *arms] if style.sleeve == "none" else [neck]
        for line in edges:
            piece, uv = trims.band(line, _RIB_NARROW if narrow else _RIB)
            piece = piece.moved(push_out(piece.vertices, skin.vertices, skin.normals(), 0.004))
            garment = garment.with_trim(piece, uv, collar=1.0)
    if style.opening == "open":
        garment = _fastened(figure, garment, (float(hem.places[0, 2]), float(neck.places[0, 2])))
    if style.buttons:
        top = neck.places[0, 2] - 0.012
        low = hem.places[0, 2] + 0.06 if style.opening == "full" else top - 0.075 * scale
        heights = np.linspace(top, low, style.buttons)
        places, normals = trims.front(whole, heights, 0.0, trunk_middle(figure)[1])
        piece, uv = trims.buttons(whole, places, normals, 0.0065 * scale)
        garment = garment.with_trim(piece, uv, button=1.0)
    return garment


def _fastened(figure: Figure, garment: trims.Garment, span: tuple[float, float]) -> trims.Garment:
    """An open front with a zip or with buttons, as its fabric is; `span`: heights of its ends."""
    kind = next(g for g in figure.character.garments if g.kind == "jacket")
    middle, scale = trunk_middle(figure)[1], size(figure)
    buttoned = kind.fabric not in _ZIPPED
    heights = np.linspace(span[0] + 0.03, span[1] - 0.05, 5 if buttoned else 24)
    for side in (1.0, -1.0) if not buttoned else (1.0,):
        gap = side * (_gap(figure, heights) + (0.018 if buttoned else 0.002) * scale)
        places, normals = trims.front(garment.surface, heights, gap, middle)
        if buttoned:
            piece, uv = trims.buttons(garment.surface, places, normals, 0.009 * scale)
            garment = garment.with_trim(piece, uv, button=1.0)
        else:
            weights = nearby(garment.surface, places)
            away = np.tile([-side, 0.0, 0.0], (len(places), 1))
            piece, uv = trims.band(trims.Edge(places, normals, away, weights, False), _ZIP)
            garment = garment.with_trim(piece, uv, zip=1.0)
    return garment


def _cuff(width: float, style: Style) -> list[tuple[float, float]]:
    """Profile of a band that ends a sleeve or a hem: a step outward, its width, and a turn inward."""
    pull = -0.004
    return [
        (-0.006, -0.001), (-0.005, 0.003), (0.004, 0.004), (0.5 * width, 0.004 + pull),
        (width - 0.004, 0.003 + 1.5 * pull), (width, 1.5 * pull), (width - 0.002, 1.5 * pull - 0.003),
    ]  # fmt: skip


def _opened(piece: Surface, uv: np.ndarray, opening: Fields) -> tuple[Surface, np.ndarray]:
    """A hem's band, without its part before an open front."""
    ahead = opening(piece.vertices)
    values = np.concatenate([piece.values, uv], axis=1)
    cut_open = Surface(piece.vertices, piece.faces, values).clip(ahead)
    weights = cut_open.values[:, : piece.values.shape[1]]
    return Surface(cut_open.vertices, cut_open.faces, weights), cut_open.values[:, piece.values.shape[1] :]


def _opening(figure: Figure) -> Fields:
    """Metres beside an open front's edge; everything behind is well beside it."""
    middle = trunk_middle(figure)[1]

    def beside(p: np.ndarray) -> np.ndarray:
        return np.where(p[:, 1] < middle, np.abs(p[:, 0]) - _gap(figure, p[:, 2]), 1.0)

    return beside


def _gap(figure: Figure, heights: np.ndarray) -> np.ndarray:
    """(N,) metres from the middle to an open front's edge, wider towards the hem."""
    neck, chest = figure.t_joints["neck"][2], figure.t_joints["spine3"][2]
    fall = np.clip((chest - heights) / (neck - chest), -1, 3)
    return np.asarray(_FRONT_GAP * size(figure) * (1 + 0.35 * fall))


def _placket(figure: Figure, v: np.ndarray, style: Style) -> np.ndarray:
    """(V,) metres from the middle of the buttoned front, at most HEM_REACH."""
    middle = trunk_middle(figure)[1]
    neck, chest = figure.t_joints["neck"][2], figure.t_joints["spine3"][2]
    low = neck - 1.5 * (neck - chest) if style.opening == "short" else -np.inf
    away = np.hypot(v[:, 0], np.maximum(low - v[:, 2], 0))
    return np.where(v[:, 1] < middle, np.minimum(away, HEM_REACH), HEM_REACH)


def _sleeve_side(figure: Figure, surface: Surface) -> np.ndarray:
    """(V,) metres from the seam around the arm, positive on the sleeve.

    The seam follows the arm's skinning weight: a line of the T-pose would cross a broad chest.
    """
    share = _arm_share(figure, surface)
    border = surface.smoothing(pin_boundary=False)
    for _ in range(2):
        share = border @ share
    return (share - 0.5) * _DISTANCE_OF_WEIGHT


def _arm_share(figure: Figure, surface: Surface) -> np.ndarray:
    """(V,) how much of each vertex the arms move."""
    joints = [figure.rig.names.index(f"{s}_{n}") for s in ("left", "right") for n in ARM]
    return np.asarray(surface.values[:, joints].sum(axis=1))


def _hang_torso(
    figure: Figure, surface: Surface, hem: float, taper: float, flare: float, gathered: bool
) -> Surface:
    """The cloth falls from chest, shoulder blades and belly, into the waist only where it is gathered."""
    pit = armpit(figure)
    v = surface.vertices.copy()
    middle = trunk_middle(figure)
    points = v[:, :2] - middle
    trunk = 1 - _arm_share(figure, surface)
    below = (v[:, 2] < pit + 0.03) & (trunk > 0.6)
    radii = hang(points, -v[:, 2], below, -pit, -hem, taper=taper, ease=flare)
    radius = np.hypot(*points.T)
    share = ramp(pit, pit - 0.07, v[:, 2]) * ramp(0.5, 0.8, trunk)
    if gathered:
        share = share * ramp(hem + 0.02, hem + _GATHER, v[:, 2])
    grow = 1 + share * (np.maximum(radii, radius) / np.maximum(radius, 1e-6) - 1)
    v[:, :2] = middle + points * grow[:, None]
    return surface.moved(v)


def _hang_sleeves(figure: Figure, surface: Surface, end: float, taper: float) -> Surface:
    v = surface.vertices.copy()
    shoulder, elbow = figure.t_joints["left_shoulder"], figure.t_joints["left_elbow"]
    start = shoulder[0] + 0.25 * (elbow[0] - shoulder[0])
    arm = _arm_share(figure, surface)
    for side in (1.0, -1.0):
        points = v[:, 1:] - shoulder[1:]
        along = v[:, 0] * side
        own = (along > start - 0.02) & (arm > 0.6)
        radii = hang(points, along, own, start, end, taper=taper, ease=0.002)
        radius = np.hypot(*points.T)
        share = ramp(start, start + 0.05, along) * ramp(0.5, 0.8, arm)
        grow = 1 + share * (np.maximum(radii, radius) / np.maximum(radius, 1e-6) - 1)
        v[:, 1:] = shoulder[1:] + points * grow[:, None]
    return surface.moved(v)


def _sleeve_uv(figure: Figure, v: np.ndarray) -> np.ndarray:
    """Front and back of a sleeve: arc length from its ridge down, and place along the arm."""
    shoulder = figure.t_joints["left_shoulder"]
    y, z = v[:, 1] - shoulder[1], v[:, 2] - shoulder[2]
    radius = float(np.median(np.hypot(y, z)))
    return np.stack([radius * np.arctan2(np.abs(y), z), -np.abs(v[:, 0])], axis=1)
