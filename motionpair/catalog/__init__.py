"""What a recipe may name: motion families, garments, fabrics, hair, places, and the ranges they take.

The catalogue is data: planning reads it without importing the renderer, and a test holds that `render`
implements exactly these names.
"""

from __future__ import annotations

from motionpair.catalog.motions import GROUPS, MOTION_FAMILIES, MotionFamily
from motionpair.catalog.places import ENVIRONMENTS, HDRIS, INDOOR, LIGHT_BEARING, EnvironmentKind
from motionpair.catalog.ranges import Range
from motionpair.catalog.wardrobe import (
    BEARDS,
    BOTTOMS,
    DRESSES,
    EYEWEAR,
    FABRICS,
    FOOTWEAR,
    GARMENT_KINDS,
    HAIR_STYLES,
    HAIR_UNDER_HATS,
    HEADWEAR,
    OUTERS,
    PROPS,
    TOPS,
    GarmentKind,
)

ESTIMATORS = ("exact", "accurate", "weak")
DRIVING_KINDS = ("clip", "pose", "body_mesh")
REFERENCE_KINDS = ("in_clip", "out_of_clip", "other_camera")
EXTRA_REFERENCES = ("back", "face")
SKELETON_PARTS = ("torso", "shoulders", "hips", "arms", "legs", "head", "hands")
"""Parts of the skeleton whose bones a pose-driven clip may draw longer or shorter."""
RENDER_PRESETS = ("draft", "demo", "production")
FORMATIONS = ("alone", "beside", "facing", "mirrored", "passing", "duet")
"""How the performers of a clip stand to each other; `duet`: they touch (`MotionFamily.duet`)."""
CAMERA_KINDS = ("static", "pan", "dolly", "orbit", "handheld", "zoom")

__all__ = [
    "BEARDS",
    "BOTTOMS",
    "CAMERA_KINDS",
    "DRESSES",
    "DRIVING_KINDS",
    "ENVIRONMENTS",
    "ESTIMATORS",
    "EXTRA_REFERENCES",
    "EYEWEAR",
    "FABRICS",
    "FOOTWEAR",
    "FORMATIONS",
    "GARMENT_KINDS",
    "GROUPS",
    "HAIR_STYLES",
    "HAIR_UNDER_HATS",
    "HDRIS",
    "HEADWEAR",
    "INDOOR",
    "LIGHT_BEARING",
    "MOTION_FAMILIES",
    "OUTERS",
    "PROPS",
    "REFERENCE_KINDS",
    "RENDER_PRESETS",
    "SKELETON_PARTS",
    "TOPS",
    "EnvironmentKind",
    "GarmentKind",
    "MotionFamily",
    "Range",
]
