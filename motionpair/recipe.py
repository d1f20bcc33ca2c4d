"""Recipes: what a dataset is made of, as a YAML file; `docs/recipes.md` explains every key.

A recipe file is laid over its `base` (`motionpair.recipe_files`), and the result must be a whole `Recipe`:
unknown keys, wrong types and impossible numbers are one-line `InputError`s that name the file and the key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from motionpair import fields
from motionpair.errors import InputError
from motionpair.recipe_files import read_recipe, with_base
from motionpair.specs import Mode, Region

RECIPE_VERSION = 4
"""Version of the recipe's keys and of their meaning."""

Span = tuple[float, float]
"""Lowest and highest value of a number that is drawn evenly between them."""
Weights = Mapping[str, float]
"""Names drawn in proportion to their weights; 0 turns a name off."""


@dataclass(frozen=True)
class Size:
    """A picture size in pixels and how often it is used."""

    width: int
    height: int
    weight: float


@dataclass(frozen=True)
class Stratum:
    """A part of the dataset with an exact number of pairs.

    `motions` empty: the recipe's families. `formations` empty: the recipe's, where there are several
    performers. `driving`: what the driving clip shows (`catalog.DRIVING_KINDS`).
    """

    name: str
    count: int
    mode: Mode
    performers: tuple[int, int]
    framing: Literal["full_body", "close_up"]
    motion_speed: Span
    motions: Weights
    formations: Weights
    driving: Weights = field(default_factory=lambda: {"clip": 1.0})


@dataclass(frozen=True)
class Splits:
    """Shares of the pairs, and of the cast, that each split gets."""

    train: float
    validation: float
    test: float


@dataclass(frozen=True)
class AgeGroup:
    """An age group: its weight and its span on the body model's age axis."""

    weight: float
    span: Span


@dataclass(frozen=True)
class Gender:
    """A gender group: its weight, its span on the body model's axis, and what it wears.

    `bottoms` may hold dresses, which take the place of a top too. Beards grow on adults.
    """

    weight: float
    span: Span
    tops: Weights
    bottoms: Weights
    hair: Weights
    beards: Weights


@dataclass(frozen=True)
class Ancestry:
    """An ancestry: its weight, its share of a member's ancestry, and the colours that go with it."""

    weight: float
    share: Span
    skin: tuple[str, ...]
    eyes: tuple[str, ...]
    hair: tuple[str, ...]


@dataclass(frozen=True)
class Outfit:
    """Colours that go together."""

    top: tuple[str, ...]
    bottom: tuple[str, ...]
    accent: tuple[str, ...]
    shoes: tuple[str, ...]


@dataclass(frozen=True)
class Cast:
    """The finite cast: how many members, and what they are drawn from.

    Of `outers`, `headwear` and `eyewear`, `none` is one of the names.
    """

    size: int
    max_meetings: int
    looks: Weights
    ages: Mapping[str, AgeGroup]
    genders: Mapping[str, Gender]
    ancestries: Mapping[str, Ancestry]
    build: Mapping[str, Span]
    grey_hair: tuple[str, ...]
    grey_share: float
    bold_hair: tuple[str, ...]
    bold_share: float
    outers: Weights
    footwear: Weights
    headwear: Weights
    eyewear: Weights
    fabrics: Mapping[str, Weights]
    denim: tuple[str, ...]
    leather: tuple[str, ...]
    outfits: Mapping[str, Outfit]


@dataclass(frozen=True)
class Motions:
    """Motion families, how they are chained, and the shares that are mirrored and that go on from before.

    `continues`: share of the pairs whose window begins in the middle of the motions, not at their start.
    """

    families: Weights
    params: Mapping[str, Mapping[str, Span]]
    phrases: tuple[int, int]
    mirrored: float
    continues: float


@dataclass(frozen=True)
class Stage:
    """How performers stand: alone, and with each other."""

    heading: float
    spacing: Span
    formations: Weights


@dataclass(frozen=True)
class Places:
    """Environments and their light; an environment takes those HDRIs that suit it."""

    environments: Weights
    hdris: Weights
    params: Mapping[str, Mapping[str, Span]]
    light_strength: Span


@dataclass(frozen=True)
class CameraAngle:
    """A camera angle: its weight, and its span of elevations, radians."""

    weight: float
    span: Span


@dataclass(frozen=True)
class CameraRanges:
    """What cameras of one framing are drawn from.

    `moves`: of each kind that moves, the span of its speed, either way (`specs.Camera.move`). `blurred`: the
    share of cameras with a depth of field, at an aperture from `f_stop`.
    """

    kinds: Weights
    azimuth: Span
    angles: Mapping[str, CameraAngle]
    focal_mm: Span
    margin: Span
    moves: Mapping[str, Span]
    shake: Span
    blurred: float
    f_stop: Span


@dataclass(frozen=True)
class Cameras:
    """Camera ranges by framing.

    `view_gap`: radians, at most, between the azimuths of the two clips of an animation pair.
    """

    full_body: CameraRanges
    close_up: CameraRanges
    view_gap: float


@dataclass(frozen=True)
class Estimators:
    """Reverse driving, and the pose-estimator error models that synthesised clips pass through."""

    reverse_driven: float
    models: Weights


@dataclass(frozen=True)
class References:
    """Reference images.

    kinds: weights of `catalog.REFERENCE_KINDS`. apart: seconds that an `out_of_clip` frame is away from the
    clip. turn, lift: radians that another camera stands further round (either way) and higher. extra: share
    of the pairs with each additional reference (`catalog.EXTRA_REFERENCES`).
    """

    kinds: Weights
    apart: Span
    turn: Span
    lift: Span
    extra: Mapping[str, float]


@dataclass(frozen=True)
class Augmentations:
    """Driving augmentation: planned and stored, applied by who loads or encodes (`motionpair.augmentation`).

    kept: share of the picture, along its less cropped side, that a crop keeps. stretch: how much wider than
    high what is left is stretched. skeleton: span of each part's factor (`catalog.SKELETON_PARTS`).
    """

    kept: Span
    stretch: Span
    skeleton: Mapping[str, Span]


@dataclass(frozen=True)
class Rendering:
    """Render presets of the two clips, and the videos' quality."""

    target: str
    driving: str
    crf: int


@dataclass(frozen=True)
class Preferences:
    """Makes each pair a preference item: a third clip, with a part of the body as weak estimators leave it.

    region: which part. rounds: weights of `one`, `two` and `three` rounds of weak estimation: how severe the
    errors are. causes: in which ways weak estimators err (`specs.CAUSES`), each on or off.
    """

    region: Region
    rounds: Weights
    causes: Mapping[str, bool]


@dataclass(frozen=True)
class Limits:
    """Quality limits of the two gates; a candidate that breaks one is discarded (`gate_limits.CHECKS`)."""

    contact_slide_mm: float
    penetration_mm: float
    body_penetration_mm: float
    touch_error_mm: float
    cloth_poke_share: float
    cloth_stretch: float
    hand_side: float
    in_frame_share: float
    hands_in_frame_share: float
    self_overlap_mm: float
    overlap_mm: float
    visible_share: float
    hands_visible_share: float
    motion_energy: float
    agreement_degrees: float
    clearance: float
    mask_share: float
    pose_share: float
    mask_pop: float
    exposure: Span
    black_share: float
    white_share: float
    lost_share: float
    flicker: float
    clip_difference: float
    likeness: float
    shape_distance: float
    colour_distance: float
    hand_cells_share: float
    gap_fingertip_mm: float
    gap_fingertip_px: float
    gap_body_mm: float
    gap_difference: float
    gap_elsewhere: float
    candidates: int


@dataclass(frozen=True)
class Recipe:
    """All that a plan is drawn from, given a seed."""

    version: int
    name: str
    description: str
    sizes: tuple[Size, ...]
    frames: int
    fps: int
    strata: tuple[Stratum, ...]
    splits: Splits
    cast: Cast
    motions: Motions
    stage: Stage
    places: Places
    cameras: Cameras
    estimators: Estimators
    references: References
    augmentation: Augmentations
    rendering: Rendering
    limits: Limits
    pair_seconds: float
    shard_pairs: int
    preferences: Preferences | None = None

    def __post_init__(self) -> None:
        from motionpair import recipe_checks

        recipe_checks.check(self)

    @cached_property
    def json(self) -> str:
        """The recipe's canonical JSON text."""
        return fields.canonical_json(self)

    @cached_property
    def hash(self) -> str:
        """sha256, in hex, of the recipe's canonical JSON."""
        return fields.content_hash(self)

    @property
    def pairs(self) -> int:
        """How many pairs the recipe plans."""
        return sum(s.count for s in self.strata)


def load_recipe(name_or_path: str | Path) -> Recipe:
    """The recipe of a built-in name (`demo`, `motionpair-60k`), or of a YAML file.

    Raises:
        InputError: no such recipe or file, too large, not YAML, or a key that is not as documented; the
            message names the file and the key.
    """
    where, data = read_recipe(name_or_path)
    try:
        return _recipe(with_base(where, data))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def recipe_from_json(text: str) -> Recipe:
    """The recipe of a canonical JSON text, as plans carry it.

    Raises:
        InputError: the text is not JSON, or not a recipe of this version.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"recipe: not JSON: {error}") from None
    return _recipe(data)


def _recipe(data: Any) -> Recipe:
    """A recipe of this version: another's keys would only be told one by one."""
    version = data.get("version", RECIPE_VERSION) if isinstance(data, Mapping) else RECIPE_VERSION
    if version != RECIPE_VERSION:
        raise InputError(
            f"version: expected {RECIPE_VERSION}, got {str(version)[:20]}; docs/recipes.md has the keys of "
            f"version {RECIPE_VERSION}"
        )
    return fields.from_plain(Recipe, data)
