from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render.characters.drape import hang
from render.characters.surface import Surface, joined


def _grid(n: int = 9) -> Surface:
    x, y = np.meshgrid(np.linspace(-1, 1, n), np.linspace(-1, 1, n))
    vertices = np.stack([x.ravel(), y.ravel(), np.zeros(n * n)], axis=1)
    i = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    return Surface(vertices, np.stack([i, i + 1, i + n + 1, i + n], axis=1), vertices[:, :2] * 10)


def _area(surface: Surface) -> float:
    total = 0.0
    for face in surface.faces:
        ring = surface.vertices[[i for i in face if i >= 0], :2]
        x, y = ring.T
        total += abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
    return total


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 2 * np.pi), st.floats(-0.8, 0.8))
def test_a_cut_keeps_what_lies_inside_and_ends_on_the_line(angle: float, offset: float) -> None:
    surface = _grid()
    normal = np.array([np.cos(angle), np.sin(angle), 0])
    kept = surface.clip(surface.vertices @ normal - offset)
    inside = kept.vertices @ normal - offset
    assert inside.min() > -1e-9
    # Snapping moves vertices along edges, so values that are linear in place stay linear.
    assert np.allclose(kept.values, kept.vertices[:, :2] * 10)
    rest = surface.clip(offset - surface.vertices @ normal)
    border = kept.vertices[kept.boundary()]
    on_line = np.abs(border @ normal - offset) < 1e-9
    on_rim = np.abs(border[:, :2]).max(axis=1) > 1 - 0.3
    assert (on_line | on_rim).all()
    assert _area(kept) + _area(rest) == pytest.approx(4, abs=0.15)


def test_a_cut_that_misses_changes_nothing() -> None:
    surface = _grid()
    kept = surface.clip(np.ones(len(surface.vertices)))
    assert np.array_equal(kept.vertices, surface.vertices)
    assert np.array_equal(kept.faces, surface.faces)


def test_normals_point_up_and_smoothing_keeps_a_plane_flat() -> None:
    surface = _grid()
    assert np.allclose(surface.normals(), [0, 0, 1])
    for pinned in (True, False):
        smoothed = surface.smoothing(pinned) @ surface.vertices
        assert np.allclose(smoothed[:, 2], 0)
    assert np.allclose(surface.smoothing() @ surface.vertices, surface.vertices)


def test_joined_surfaces_keep_their_faces() -> None:
    both = joined([_grid(3), _grid(4)])
    assert len(both.vertices) == 9 + 16
    assert len(both.faces) == 4 + 9
    assert both.faces[4:].min() == 9


def test_cloth_hangs_from_the_wide_place_and_loses_only_its_taper() -> None:
    angle = np.repeat(np.linspace(-np.pi, np.pi, 40, endpoint=False), 21)
    along = np.tile(np.linspace(0, 1, 21), 40)
    radius = 0.2 - 0.1 * np.sin(np.pi * along)  # an hourglass
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    hung = hang(points, along, np.ones(len(along), bool), 0.0, 1.0, taper=0.05)
    waist = np.abs(along - 0.5) < 0.01
    assert hung[waist] == pytest.approx(0.2 - 0.05 * 0.5, abs=0.01)
    assert (hung >= radius - 0.005).all()
