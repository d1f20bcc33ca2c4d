"""Dressing a figure: every garment it wears, cut in the T-pose, and laid one over another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from motionpair import catalog
from motionpair.catalog.wardrobe import Place
from motionpair.errors import InputError
from render.characters import bottoms, dresses, shoes, skirt, tops
from render.characters.drape import push_out
from render.characters.figure import Figure
from render.characters.garments import Cut, nearby, ramp

_CUTTERS: dict[str, Callable[[Figure], Cut]] = {
    "shorts": bottoms.shorts,
    "skirt": skirt.skirt,
    "dress": dresses.dress,
    "shoes": shoes.shoes,
    "boots": shoes.boots,
}
_LAYERS: tuple[Place, ...] = ("feet", "bottom", "dress", "top", "outer")
"""Places from the skin outwards."""
_MEETING: dict[tuple[Place, Place], float] = {
    ("feet", "bottom"): 0.010,  # laces are thick
    ("bottom", "feet"): 0.007,
    ("bottom", "top"): 0.009,
    ("top", "bottom"): 0.005,
    ("bottom", "outer"): 0.009,
    ("top", "outer"): 0.009,
    ("dress", "outer"): 0.009,
}
"""Places whose garments may lie one over the other, (beneath, above), and metres that they keep apart."""


def dress(naked: Figure) -> list[tuple[int, Cut]]:
    """The character's clothes and footwear in the T-pose, by their index in its garments.

    What is worn on head and eyes is not cloth: render.characters.bake puts it on after the hair.

    Raises:
        InputError: a garment kind that no one knows how to cut.
    """
    worn = {
        garment.kind: i
        for i, garment in enumerate(naked.character.garments)
        if catalog.GARMENT_KINDS[garment.kind].place not in ("head", "eyes")
    }
    places = {index: catalog.GARMENT_KINDS[kind].place for kind, index in worn.items()}
    cuts = {index: _cut(naked, kind, index, worn) for kind, index in worn.items()}
    order = sorted(cuts, key=lambda index: _LAYERS.index(places[index]))
    if "boots" in worn and "trousers" in worn:  # trousers are tucked into boots
        order.sort(key=lambda index: index == worn["boots"])
    if "skirt" in worn:  # and tops into skirts
        order.sort(key=lambda index: (index == worn["skirt"]) + 2 * (places[index] == "outer"))
    for k, outer in enumerate(order):
        for inner in order[:k]:
            gap = _MEETING.get((places[inner], places[outer]))
            if gap is not None:
                cuts[outer] = over(cuts[outer], cuts[inner], gap)
                if places[inner] != "feet":
                    cuts[inner] = under(cuts[inner], cuts[outer])
    return sorted(cuts.items())


def _cut(naked: Figure, kind: str, index: int, worn: dict[str, int]) -> Cut:
    if kind in tops.STYLES:
        tucked = "skirt" in worn and kind != "jacket"
        return tops.top(naked, kind, tucked=tucked, beneath=kind != "jacket" and "jacket" in worn)
    if kind == "trousers":
        return bottoms.trousers(naked, tuck=shoes.boot_top(naked) if "boots" in worn else None)
    if kind not in _CUTTERS:
        raise InputError(f"garments[{index}].kind: unknown garment {kind}")
    return _CUTTERS[kind](naked)


def over(outer: Cut, inner: Cut, gap: float) -> Cut:
    """The outer garment pushed off the inner one by `gap` metres where they overlap."""
    s = outer.surface
    # A collar's stand faces the neck, and a lace all ways: neither says where the outside is.
    plain = np.ones(len(inner.surface.vertices), bool)
    for trim in ("collar", "lace"):
        if trim in inner.attributes:
            plain &= inner.attributes[trim] < 0.5
    cloth, normals = inner.surface.vertices[plain], inner.surface.normals()[plain]
    vertices = push_out(s.vertices, cloth, normals, gap, rounds=2)
    # Only where the inner garment is: beyond its hems its nearest cloth says nothing.
    low, high = cloth[:, 2].min(), cloth[:, 2].max()
    distance, _ = cKDTree(cloth).query(s.vertices)
    share = ramp(high + 0.02, high - 0.02, s.vertices[:, 2]) * ramp(low - 0.02, low, s.vertices[:, 2])
    share *= ramp(0.06, 0.03, distance)
    shift = share[:, None] * (vertices - s.vertices)
    # Cloth does not follow each bump beneath it: a smooth shift, and what is still too near goes further.
    step, soft = s.smoothing(pin_boundary=False), shift
    for _ in range(6):
        soft = step @ soft
    moved = s.vertices + soft
    again = push_out(moved, cloth, normals, gap, rounds=1)
    return replace(outer, surface=s.moved(moved + share[:, None] * (again - moved)))


def under(inner: Cut, outer: Cut) -> Cut:
    """The inner garment moving as the outer one does where that covers it, so that it stays beneath."""
    s, o = inner.surface, outer.surface
    distance, _ = cKDTree(o.vertices).query(s.vertices)
    inside = s.vertices[:, 2] - o.vertices[:, 2].min()
    alike = (ramp(-0.05, 0.01, inside) * ramp(0.05, 0.03, distance))[:, None]
    weights = nearby(o, s.vertices, 0.01)
    moved = replace(inner, surface=replace(s, values=s.values + alike * (weights - s.values)))
    covered = outer.covers(s.vertices) > 0
    faces = s.faces
    hidden = np.where(faces >= 0, covered[np.maximum(faces, 0)], True).all(axis=1)
    return moved.only(~hidden)
