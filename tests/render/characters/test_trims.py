"""Borders of cloth: found whole, whatever the cut has left hanging at one vertex."""

from __future__ import annotations

import numpy as np

from render.characters import trims
from render.characters.surface import Surface


def tube(around: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """A tube of radius 0.1 m and height 0.3 m, of quads."""
    angle = np.arange(around) / around * 2 * np.pi
    ring = np.stack([0.1 * np.cos(angle), 0.1 * np.sin(angle), np.zeros(around)], axis=1)
    vertices = np.concatenate([ring, ring + np.array([0, 0, 0.3])])
    at = np.arange(around)
    after = np.roll(at, -1)
    return vertices, np.stack([at, after, after + around, at + around], axis=1)


def surface(vertices: np.ndarray, faces: np.ndarray) -> Surface:
    return Surface(vertices, faces.astype(np.int32), np.zeros((len(vertices), 1)))


def test_a_tube_has_two_borders() -> None:
    found = trims.rings(surface(*tube()))
    assert sorted(sorted(ring.tolist()) for ring in found) == [list(range(12)), list(range(12, 24))]


def test_a_scrap_that_hangs_at_one_vertex_breaks_no_border() -> None:
    vertices, faces = tube()
    scrap = np.array([(0.1, 0.001, -0.002), (0.1, -0.001, -0.002)])
    faces = np.concatenate([faces, [[0, 24, 25, -1]]])
    found = trims.rings(surface(np.concatenate([vertices, scrap]), faces))
    assert len(found) == 2
    hem = min(found, key=lambda ring: vertices[ring[ring < 24], 2].mean())
    assert set(range(12)) <= set(hem.tolist())
    line = trims.edge(surface(np.concatenate([vertices, scrap]), faces), hem, 16)
    assert line.places.shape == (16, 3)


def test_borders_too_short_for_any_garment_are_left_out() -> None:
    small = surface(np.array([(0, 0, 0), (0.001, 0, 0), (0, 0.001, 0)], float), np.array([[0, 1, 2, -1]]))
    assert trims.rings(small) == []
