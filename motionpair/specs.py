"""The specs: what a pair is, before anything is rendered.

A `PairSpec` decides a pair completely: same spec, same versions, same device class, same pixels. Specs
hold no time, path or host. They are frozen, and round-trip through JSON (`motionpair.fields`).
Lengths are metres, angles radians, times seconds; the world is Z up and a character at heading 0 faces
−Y, towards a camera at azimuth 0. Colours are `#rrggbb`, sRGB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from motionpair import fields
from motionpair.errors import InputError

SPEC_VERSION = 4
"""Version of the PairSpec's fields and of their meaning."""

Mode = Literal["animation", "replacement"]
Look = Literal["realistic", "animation_3d", "animation_2d"]
Split = Literal["train", "validation", "test"]
Style = Literal["realistic", "toon"]
DrivingKind = Literal["clip", "pose", "body_mesh"]
"""What a driving clip shows: characters in a place; coloured bones on black; grey bodies on black."""

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


VOID = Environment("void", "none", 0.0, 0.0, (), {}, 0)
"""Where a driving clip of bones or grey bodies happens: nowhere, on black."""


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


DRIVING_ENGINES: Mapping[str, DrivingKind] = {"pose_map": "pose", "body_mesh": "body_mesh"}
"""Engines that draw performers' motion alone, and what a driving clip that they draw shows."""


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
    """Where the reference image comes from; it always shows the target's characters in its environment.

    `frame` is on the target clip's clock: frame f shows the motion at start + speed · f / fps. `in_clip`: a
    frame of the target clip. `out_of_clip`: before the clip's first frame (negative) or after its last.
    `other_camera`: a frame of the clip, seen from `turn` radians further round and `lift` radians higher.
    """

    kind: Literal["in_clip", "out_of_clip", "other_camera"]
    frame: int
    turn: float = 0.0
    lift: float = 0.0


@dataclass(frozen=True)
class ExtraReference:
    """An additional reference image of the target, at frame `frame` of its clip: everybody seen from the
    `back`, or a close-up of the `face` of performer `performer`."""

    kind: Literal["back", "face"]
    frame: int
    performer: int


@dataclass(frozen=True)
class Augmentation:
    """How a trainer may alter the driving clip when it loads or encodes it; the pixels on disk are plain.

    `window` (left, top, width, height), shares of the picture inside it: what is cut out and stretched to the
    whole picture. `skeleton`: of pose-driven pairs, how much longer the bones of each part
    (`catalog.SKELETON_PARTS`) are drawn; empty in others.
    """

    window: tuple[float, float, float, float]
    skeleton: Mapping[str, float]


PLAIN = Augmentation((0.0, 0.0, 1.0, 1.0), {})
"""The driving clip as it is."""


Region = Literal["hands"]
"""A part of the body that a rejected clip gets wrong: the wrists and the fingers."""
Cause = Literal["fingers", "swap", "jitter", "missed"]
"""Why a weak estimator's hands are wrong: fingers go to rest; hands are confused with each other; fingers are
seen coarsely and shake; hands are not found."""
CAUSES: tuple[Cause, ...] = get_args(Cause)
MOST_ROUNDS = 3


@dataclass(frozen=True)
class Rejected:
    """A preference item's third clip: the target again, with a part of the body as weak estimators leave it.

    `rounds`: how often a weak estimator looks, each time at the performer that does what the last one saw.
    `causes`: in which ways it errs more than the accurate one. `region`: where; the rest of the body moves as
    in the target. Its characters, place, camera and light are the target's.
    """

    rounds: int
    causes: tuple[Cause, ...]
    region: Region
    seed: int

    def __post_init__(self) -> None:
        if not 1 <= self.rounds <= MOST_ROUNDS:
            raise InputError(f"rounds: expected 1 to {MOST_ROUNDS}, got {self.rounds}")
        if list(self.causes) != [cause for cause in CAUSES if cause in self.causes] or not self.causes:
            raise InputError(
                f"causes: expected one or more of {', '.join(CAUSES)}, in this order, got "
                f"{', '.join(self.causes) or 'none'}"
            )


@dataclass(frozen=True)
class PairSpec:
    """All that decides one pair: driving clip, target clip and reference, for slot `slot`, candidate `k`.

    `formation` (`catalog.FORMATIONS`) says how the performers stand to each other, in both clips. A pair
    with `rejected` is a preference item: its clips both show what one estimator saw of an exact motion, and
    a third clip shows the target done worse.
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
    extra_references: tuple[ExtraReference, ...]
    augmentation: Augmentation
    reverse_driven: bool
    rejected: Rejected | None = None

    def __post_init__(self) -> None:
        if self.version != SPEC_VERSION:
            raise InputError(f"version: expected {SPEC_VERSION}, got {self.version}")
        for name in ("width", "height"):
            if getattr(self, name) <= 0 or getattr(self, name) % 32:
                raise InputError(f"{name}: expected a multiple of 32, got {getattr(self, name)}")
        if self.frames < 1 or self.frames % 4 != 1:
            raise InputError(f"frames: expected 4n + 1 (17, 81, ...), got {self.frames}")
        self._check_references()
        if self.rejected is not None:
            if self.driving.estimator != self.target.estimator or self.target.estimator.name == "exact":
                raise InputError(
                    "target.estimator: expected the driving clip's, and one that errs, of a pair "
                    "with a rejected clip"
                )
            if self.reverse_driven:
                raise InputError("reverse_driven: expected false of a pair with a rejected clip")

    def _check_references(self) -> None:
        within = 0 <= self.reference.frame < self.frames
        if within == (self.reference.kind == "out_of_clip"):
            expected = "a frame outside" if within else f"0 to {self.frames - 1}, a frame"
            raise InputError(
                f"reference.frame: expected {expected} of the clip for {self.reference.kind}, "
                f"got {self.reference.frame}"
            )
        kinds = [extra.kind for extra in self.extra_references]
        if len(set(kinds)) != len(kinds):
            raise InputError(f"extra_references: expected each kind once, got {', '.join(kinds)}")
        for i, extra in enumerate(self.extra_references):
            if not 0 <= extra.frame < self.frames:
                raise InputError(
                    f"extra_references[{i}].frame: expected 0 to {self.frames - 1}, got {extra.frame}"
                )
            if not 0 <= extra.performer < len(self.target.performers):
                raise InputError(
                    f"extra_references[{i}].performer: expected 0 to {len(self.target.performers) - 1}, "
                    f"got {extra.performer}"
                )
        left, top, width, height = self.augmentation.window
        if not (left >= 0 and top >= 0 and 0 < width <= 1 - left + 1e-9 and 0 < height <= 1 - top + 1e-9):
            raise InputError(
                "augmentation.window: expected left, top, width and height inside the picture, in shares, "
                f"got {list(self.augmentation.window)}"
            )

    @property
    def driving_kind(self) -> DrivingKind:
        """What the driving clip shows; its engine says so."""
        return DRIVING_ENGINES.get(self.driving.render.engine, "clip")

    @property
    def continues(self) -> bool:
        """Whether the clips' window begins in the middle of every performer's motion."""
        return all(p.motion.start > 0 for p in self.target.performers)

    @property
    def spec_hash(self) -> str:
        """sha256, in hex, of the spec's canonical JSON."""
        return fields.content_hash(self)

    def to_json(self) -> str:
        """The spec's canonical JSON text."""
        return fields.canonical_json(self)
