"""The specs: what a pair is, before anything is rendered.

A `PairSpec` decides a pair completely: same spec, same versions, same device class, same pixels. Specs
hold no time, path or host. They are frozen, and round-trip through JSON (`motionpair.fields`).
Lengths are metres, angles radians, times seconds; the world is Z up and a character at heading 0 faces
−Y, towards a camera at azimuth 0. Colours are `#rrggbb`, sRGB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from motionpair import fields
from motionpair.errors import InputError

SPEC_VERSION = 2
"""Version of the PairSpec's fields and of their meaning."""

Mode = Literal["animation", "replacement"]
Look = Literal["realistic", "animation_3d", "animation_2d"]
Split = Literal["train", "validation", "test"]
Style = Literal["realistic", "toon"]

PHENOTYPE_AXES = (
    "gender", "age", "muscle", "weight", "height", "proportions", "cupsize", "firmness",
    "african", "asian", "caucasian",
)  # fmt: skip
"""The body model's axes, each in [0, 1]. gender: 0 female, 1 male. age: 0 baby, 0.33 child, 0.67 young
adult, 1 old."""


@dataclass(frozen=True)
class Garment:
    """One piece of clothing (`catalog.GARMENT_KINDS`, `FABRICS`): its cut, its fabric, and its colours."""

    kind: str
    fabric: str
    colours: tuple[str, ...]


@dataclass(frozen=True)
class Hair:
    """Hair style, and the colour of hair, brows and beard; style `bald` has no hair."""

    style: str
    colour: str
    beard: str = "none"


@dataclass(frozen=True)
class Character:
    """A member of the cast: all that its body, clothes and look are made from."""

    character_id: str
    look: Look
    phenotype: Mapping[str, float]
    skin: str
    eyes: str
    hair: Hair
    garments: tuple[Garment, ...]
    seed: int


@dataclass(frozen=True)
class Phrase:
    """A stretch of one motion family; `params` are the family's own, all numbers."""

    family: str
    seconds: float
    params: Mapping[str, float]


@dataclass(frozen=True)
class MotionSpec:
    """One motion instance: phrases that are chained and blended, all randomness from `seed`.

    `start` is where in the chained motion the clip's window begins; frame f shows the chained motion at
    start + speed · f / fps, so a speed of 0.5 is slow motion. The phrases last for the whole window.
    `mirrored` swaps left and right. Two performers with an equal MotionSpec do the same motion; `motion_id`
    belongs to one split.
    """

    motion_id: str
    phrases: tuple[Phrase, ...]
    seed: int
    start: float = 0.0
    speed: float = 1.0
    mirrored: bool = False


@dataclass(frozen=True)
class Performer:
    """A character doing a motion at a place, bound to its counterpart by slot 1 to 6."""

    character: Character
    motion: MotionSpec
    slot: int
    position: tuple[float, float]
    heading: float


@dataclass(frozen=True)
class Environment:
    """Where a clip happens: light from an HDRI, and a procedural ground or room.

    `kind` names a builder (`plaza`, `room`, `studio`, ...); `params` are that builder's numbers and
    `colours` its palette (`catalog.ENVIRONMENTS`). `hdri_rotation` is the bearing of the key light, radians,
    measured like a camera's azimuth: a light within about 1.2 of the camera's azimuth lights the side that
    the picture shows, one behind the characters leaves their faces in shade. `hdri_strength` 1 exposes a
    character well with every HDRI. Equal environments give equal pixels where no character is.
    """

    kind: str
    hdri: str
    hdri_rotation: float
    hdri_strength: float
    colours: tuple[str, ...]
    params: Mapping[str, float]
    seed: int


@dataclass(frozen=True)
class Camera:
    """How a clip is filmed. The distance follows from the framing and the bodies it must hold.

    Azimuth: bearing of the camera, radians, from −Y towards +X. Elevation: radians, positive looks down.
    Focal length: of a full-frame camera, 36 mm along the picture's longer side. Margin: share of the picture
    kept free at each border. Move: how fast the camera moves, with a sign: `orbit`, radians a second around
    the target; `pan`, shares of the picture's width a second, to the right; `dolly`, shares of the distance a
    second, nearer; `zoom`, shares of the focal length a second, longer. Shake: 1 is a steady hand-held
    camera. F-stop: of a full-frame lens focused on the face; 0: everything is sharp.
    """

    kind: Literal["static", "pan", "dolly", "orbit", "handheld", "zoom"]
    framing: Literal["full_body", "close_up"]
    azimuth: float
    elevation: float
    focal_mm: float
    margin: float
    move: float
    shake: float
    seed: int
    f_stop: float = 0.0


@dataclass(frozen=True)
class Estimator:
    """The pose-estimator error model that a clip's motion passes through; `exact` changes nothing."""

    name: str
    seed: int


@dataclass(frozen=True)
class RenderSettings:
    """How frames are made. Denoise is Open Image Denoise's quality, or `none`.

    `style` is the picture's: `toon` (flat colours, display transform Standard) for a clip in which any
    performer has the look `animation_2d`, else `realistic` (display transform AgX). Planning fills it, and
    it is equal in both clips of a replacement pair, so that the environment's pixels do not depend on who
    is in the picture.
    """

    engine: str
    preset: str
    style: Style
    samples: int
    denoise: Literal["none", "fast", "balanced", "high"]
    bounces: int
    seed: int


@dataclass(frozen=True)
class ClipSpec:
    """One clip: performers somewhere, filmed and rendered somehow."""

    performers: tuple[Performer, ...]
    environment: Environment
    camera: Camera
    estimator: Estimator
    render: RenderSettings


@dataclass(frozen=True)
class Reference:
    """Where the reference image comes from; `in_clip`: frame `frame` of the target clip."""

    kind: Literal["in_clip"]
    frame: int


@dataclass(frozen=True)
class PairSpec:
    """All that decides one pair: driving clip, target clip and reference, for slot `slot`, candidate `k`.

    `formation` (`catalog.FORMATIONS`) says how the performers stand to each other, in both clips.
    """

    version: int
    pair_id: str
    slot: int
    k: int
    stratum: str
    mode: Mode
    split: Split
    width: int
    height: int
    frames: int
    fps: int
    formation: str
    driving: ClipSpec
    target: ClipSpec
    reference: Reference
    reverse_driven: bool

    def __post_init__(self) -> None:
        if self.version != SPEC_VERSION:
            raise InputError(f"version: expected {SPEC_VERSION}, got {self.version}")
        for name in ("width", "height"):
            if getattr(self, name) <= 0 or getattr(self, name) % 32:
                raise InputError(f"{name}: expected a multiple of 32, got {getattr(self, name)}")
        if self.frames < 1 or self.frames % 4 != 1:
            raise InputError(f"frames: expected 4n + 1 (17, 81, ...), got {self.frames}")
        if not 0 <= self.reference.frame < self.frames:
            raise InputError(f"reference.frame: expected 0 to {self.frames - 1}, got {self.reference.frame}")

    @property
    def spec_hash(self) -> str:
        """sha256, in hex, of the spec's canonical JSON."""
        return fields.content_hash(self)

    def to_json(self) -> str:
        """The spec's canonical JSON text."""
        return fields.canonical_json(self)
