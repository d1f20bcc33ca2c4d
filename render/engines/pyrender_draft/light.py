"""Light of drafts: a key and a sky a name of HDRI, worked out on the vertices."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from motionpair.catalog import ENVIRONMENTS, INDOOR
from motionpair.specs import Environment
from render.engines.pyrender_draft.colours import linear


@dataclass(frozen=True)
class Sky:
    """What a light looks like: sRGB colours overhead and at the horizon, the key's colour and its height
    (radians), how strong key and sky are, and how much of the sky the picture shows."""

    zenith: str
    horizon: str
    key: str
    elevation: float = 0.62
    strength: float = 0.85
    fill: float = 0.5


SKIES: dict[str, Sky] = {
    "city": Sky("#4f86cc", "#cfe0ea", "#fff4e6"),
    "courtyard": Sky("#5b93d6", "#dbe6ea", "#fff0da"),
    "forest": Sky("#7fa08a", "#c9d8b8", "#fff2d6"),
    "interior": Sky("#cfc0a8", "#e6dac6", "#ffe9cf", fill=0.45),
    "night": Sky("#0b1020", "#232c48", "#b9cdf5", strength=0.42, fill=0.2),
    "studio": Sky("#9a9a9a", "#d0d0d0", "#fffaf4", fill=0.55),
    "sunrise": Sky("#6f8fc0", "#f3cfa6", "#ffdcae", elevation=0.55),
    "sunset": Sky("#51679a", "#f2a968", "#ffcf9f", elevation=0.5),
}
"""HDRI to its light; others look like `city`."""


@dataclass(frozen=True)
class Light:
    """An environment's light. direction: (3,) towards the key, world. key, sky, bounce: (3,) linear RGB.
    sides: lights beside the key, (direction, linear RGB) each."""

    direction: np.ndarray
    key: np.ndarray
    sky: np.ndarray
    bounce: np.ndarray
    sides: tuple[tuple[np.ndarray, np.ndarray], ...] = ()

    def on(self, normals: np.ndarray) -> np.ndarray:
        """(V, 3) linear light on surfaces that face `normals` (V, 3)."""
        facing = normals @ self.direction.astype(np.float32)
        # A wrapped cosine: the edge of a soft light lies behind the form's own edge.
        lit = np.clip((facing + 0.25) / 1.25, 0.0, 1.0)[:, None]
        up = (0.5 + 0.5 * normals[:, 2])[:, None]
        light = lit * self.key + up * self.sky + (1 - up) * self.bounce
        for direction, colour in self.sides:
            light = light + np.clip(normals @ direction, 0.0, 1.0)[:, None] * colour
        return light.astype(np.float32)

    def in_two_tones(self, normals: np.ndarray) -> np.ndarray:
        """(V, 3) the same for the 2D look: a light and a shaded tone with a narrow edge between them."""
        facing = normals @ self.direction.astype(np.float32)
        step = np.clip((facing - 0.02) / 0.10 + 0.5, 0.0, 1.0)[:, None]
        return ((0.62 + 0.36 * step) * (0.4 * self.key + 0.8 * self.sky + 0.45)).astype(np.float32)


def light_of(environment: Environment) -> Light:
    """The light of an environment, from its HDRI's name, bearing and strength."""
    sky = SKIES.get(environment.hdri, SKIES["city"])
    indoors = environment.kind in INDOOR
    elevation = max(sky.elevation, 0.6)
    level, bearing = math.cos(elevation), environment.hdri_rotation
    direction = np.array([level * math.sin(bearing), -level * math.cos(bearing), math.sin(elevation)])
    strength = environment.hdri_strength
    above = 0.5 * (linear(sky.zenith) + linear(sky.horizon))
    above = above / max(float(above.max()), 1e-6)
    around = sky.fill * strength * (0.45 + 0.55 * above)
    key = strength * sky.strength * linear(sky.key)
    bounce = (0.6 if indoors else 0.4) * around
    if environment.kind != "stage":
        return Light(direction, key, around, bounce)
    names = list(ENVIRONMENTS["stage"].colours)
    sides = []
    for name, turn in (("left light", -1.1), ("right light", 1.1)):
        way = np.array([math.sin(turn), -math.cos(turn), 0.5]) / math.sqrt(1.25)
        colour = linear(environment.colours[names.index(name)])
        sides.append((way, 0.9 * environment.params["colour"] * colour))
    return Light(direction, 0.55 * key, 0.4 * around, 0.4 * bounce, tuple(sides))


def backdrop(environment: Environment, rays: np.ndarray) -> np.ndarray:
    """(..., 3) linear light of the sky along unit `rays` (..., 3), world."""
    sky = SKIES.get(environment.hdri, SKIES["city"])
    height = np.clip(rays[..., 2:3] / 0.6, 0.0, 1.0) ** 0.6
    return (1 - height) * linear(sky.horizon) + height * linear(sky.zenith)
