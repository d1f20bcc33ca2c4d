"""What all garments share: cut fields, the cloth cut from the base mesh's tights, and how it is laid.

Every garment is made in the T-pose and described by signed *cut fields*: distances in metres to its hems,
positive inside. Cloth is clipped at their zero lines, and the same fields tell what the garment hides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from render.characters.basis import BODY
from render.characters.drape import push_out
from render.characters.figure import Figure
from render.characters.surface import Surface

Fields = Callable[[np.ndarray], np.ndarray]
"""Points (N, 3) in the T-pose to signed distances (N, K) to the K hems, metres, positive inside."""
Margin = Callable[[np.ndarray], np.ndarray]
"""Points (N, 3) in the T-pose to metres (N,): positive where a garment hides them for good."""

_ADULT_REACH = 0.45  # metres from the middle to an elbow

HEM_REACH = 0.06
"""Metres; distances to hems and plackets are clipped here."""


def nothing(points: np.ndarray) -> np.ndarray:
    """The margin of a garment that covers nothing."""
    return np.full(len(points), -1.0)


@dataclass(frozen=True)
class Cut:
    """A garment in the T-pose.

    surface: its cloth; values are skinning weights over the rig (V, R).
    hides: (19158,) bool, base mesh vertices so far inside the hems that they are never seen.
    attributes: per-vertex values that materials read (render.characters.baked).
    covers: the same for anything worn beneath it.
    """

    surface: Surface
    hides: np.ndarray
    attributes: dict[str, np.ndarray]
    covers: Margin = nothing

    def only(self, faces: np.ndarray) -> Cut:
        """The garment with only the faces marked in (F,) bool."""
        used = np.unique(self.surface.faces[faces])
        used = used[used >= 0]
        surface = Surface.of(self.surface.vertices, self.surface.faces[faces], self.surface.values)
        return replace(self, surface=surface, attributes={k: v[used] for k, v in self.attributes.items()})


def tights(figure: Figure) -> Surface:
    """The base mesh's tights in the T-pose, with skinning weights."""
    return Surface.of(figure.t_vertices, figure.basis.groups["helper-tights"], figure.weights)


def cut(surface: Surface, fields: Fields) -> Surface:
    """The surface clipped at every hem."""
    for k in range(fields(surface.vertices[:1]).shape[1]):
        surface = surface.clip(fields(surface.vertices)[:, k])
    return surface


def margin(fields: Fields, depths: tuple[float, ...]) -> Margin:
    """Metres by which points lie deeper inside each hem than `depths`."""
    return lambda points: (fields(points) - depths).min(axis=1)


def eased(surface: Surface, ease: float) -> Surface:
    """Smoothed (weights too, so that cloth bends softly) and moved `ease` metres off along the normal."""
    step, border = surface.smoothing(), surface.smoothing(pin_boundary=False)
    vertices, weights = surface.vertices, surface.values
    for _ in range(3):
        vertices = step @ vertices
        weights = border @ weights
    surface = Surface(vertices, surface.faces, weights)
    return surface.moved(vertices + ease * surface.normals())


def off_skin(figure: Figure, surface: Surface, clearance: float) -> Surface:
    """Pushed off the skin and smoothed in turns, the skin having the last word."""
    skin = Surface.of(figure.t_vertices, figure.basis.groups["body"], figure.weights[:, :1])
    normals = skin.normals()
    step = surface.smoothing()
    v = surface.vertices
    for _ in range(2):
        v = push_out(v, skin.vertices, normals, clearance)
        v = 0.5 * v + 0.5 * (step @ v)
    return surface.moved(push_out(v, skin.vertices, normals, clearance, rounds=1))


def nearby(surface: Surface, points: np.ndarray, softness: float = 0.005) -> np.ndarray:
    """(N, C) the surface's values next to points, blended over its nearest vertices."""
    distance, nearest = cKDTree(surface.vertices).query(points, k=6)
    share = 1 / (distance + softness)
    share /= share.sum(axis=1, keepdims=True)
    return np.einsum("vk,vkr->vr", share, surface.values[nearest])


def hem_distance(surface: Surface) -> np.ndarray:
    """(V,) metres to the nearest hem, at most HEM_REACH."""
    distance, _ = cKDTree(surface.vertices[surface.boundary()]).query(surface.vertices)
    return np.minimum(distance, HEM_REACH)


def waist_height(figure: Figure) -> float:
    """Height of the waistband of trousers in the T-pose, metres."""
    joints = figure.t_joints
    return float(0.55 * joints["pelvis"][2] + 0.45 * joints["spine1"][2])


def size(figure: Figure) -> float:
    """How large the figure is against the adult whom lengths on clothes are given for."""
    return float(np.clip(figure.t_joints["left_elbow"][0] / _ADULT_REACH, 0.5, 1.2))


def natural_waist(figure: Figure) -> float:
    """Height of the waist of skirts and dresses in the T-pose, metres: above the crease of a raised thigh."""
    joints = figure.t_joints
    return float(0.62 * joints["spine1"][2] + 0.38 * joints["spine2"][2])


def armpit(figure: Figure) -> float:
    """Height of the armpits in the T-pose."""
    share = figure.weight_of("left_shoulder", "left_upper_arm_twist")
    arm = (share[BODY] > 0.5) & (figure.weight_of("left_elbow")[BODY] < 0.05)
    return float(np.quantile(figure.t_vertices[BODY, 2][arm], 0.02))


def crotch(figure: Figure) -> float:
    """Height of the crotch in the T-pose."""
    v = figure.t_vertices[BODY]
    hip, knee = figure.t_joints["left_hip"], figure.t_joints["left_knee"]
    middle = (np.abs(v[:, 0]) < 0.012) & (v[:, 2] < hip[2] + 0.1) & (v[:, 2] > knee[2])
    return float(v[middle, 2].min())


def trunk_middle(figure: Figure) -> np.ndarray:
    """(2,) where the trunk's vertical axis stands."""
    return np.array([0.0, float(np.mean([figure.t_joints[n][1] for n in ("pelvis", "spine2", "spine3")]))])


def torso_uv(figure: Figure, v: np.ndarray) -> np.ndarray:
    """Front and back panel: arc length from the panel's middle, and height."""
    return panels(v[:, 0], v[:, 1] - trunk_middle(figure)[1], v[:, 2])


def panels(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """(V, 2) metres: two flat panels sewn together at the sides, each measured from its middle."""
    radius = float(np.median(np.hypot(x, y)))
    angle = np.arctan2(x, np.abs(y))
    return np.stack([radius * angle, z], axis=1)


def ramp(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """Smoothstep from 0 at `low` to 1 at `high`; low may be the larger."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
