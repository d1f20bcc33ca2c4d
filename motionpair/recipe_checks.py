"""What a recipe may say beyond the types of its keys: ranges, sums, and names of the catalogue.

Each check raises one InputError that names the key by its path and says what would be accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, get_args

from motionpair import bounds, catalog, dealing, preference_recipes
from motionpair.errors import InputError
from motionpair.gate_limits import LIMIT_BOUNDS
from motionpair.specs import PHENOTYPE_AXES, Look

if TYPE_CHECKING:
    from motionpair.recipe import Augmentations, CameraRanges, Cast, Recipe, References, Stratum

MAX_PAIRS = 999_999
"""Slots are written with six digits."""
MAX_CAST = 99_999
MAX_PERFORMERS = 3
MAX_SIDE = 4096
MAX_FRAMES = 1001

NONE = "none"
"""The name, among things that may be worn, for wearing none of them."""

MOVING = ("pan", "dolly", "orbit", "zoom")
"""Camera kinds that go at a speed of their own."""
MOST_PANNED = 0.4
"""Widths of the picture that a clip's pan may go past."""
COMPANY = tuple(f for f in catalog.FORMATIONS if f != "alone")
DUETS = tuple(name for name, family in catalog.MOTION_FAMILIES.items() if family.duet)
WALKERS = ("walk", "march", "sneak")
"""Families whose performers can pass each other on the free ground."""
PAIRED = ("duet",)
"""Formations of exactly two performers."""

ANCESTRIES = ("african", "asian", "caucasian")
BUILD_AXES = tuple(a for a in PHENOTYPE_AXES if a not in (*ANCESTRIES, "gender", "age"))

_ANGLE = (-3.1416, 3.1416)
_CAMERA_BOUNDS = {
    "azimuth": _ANGLE, "focal_mm": (12, 200), "margin": (0, 0.4), "shake": (0, 3), "f_stop": (0.7, 32),
}  # fmt: skip


def check(recipe: Recipe) -> None:
    """Raise an InputError at the first thing in the recipe that cannot be."""
    from motionpair.recipe import RECIPE_VERSION

    if recipe.version != RECIPE_VERSION:
        raise InputError(f"version: expected {RECIPE_VERSION}, got {recipe.version}")
    bounds.named(recipe.name, "name")
    _picture(recipe)
    _strata(recipe)
    bounds.weights(
        {s: getattr(recipe.splits, s) for s in dealing.SPLITS}, "splits", dealing.SPLITS, "split", part=True
    )
    _cast(recipe.cast)
    _motions(recipe)
    bounds.within(recipe.stage.heading, 0, 3.1416, "stage.heading")
    bounds.span(recipe.stage.spacing, 0.6, 5, "stage.spacing")
    bounds.weights(recipe.stage.formations, "stage.formations", COMPANY, "formation of several")
    _places(recipe)
    for framing in ("full_body", "close_up"):
        _camera(getattr(recipe.cameras, framing), f"cameras.{framing}", recipe.frames / recipe.fps)
    bounds.within(recipe.cameras.view_gap, 0, 3.1416, "cameras.view_gap")
    bounds.within(recipe.estimators.reverse_driven, 0, 1, "estimators.reverse_driven")
    bounds.weights(recipe.estimators.models, "estimators.models", catalog.ESTIMATORS, "estimator")
    _references(recipe.references)
    _augmentation(recipe.augmentation)
    for key in ("target", "driving"):
        bounds.known(
            getattr(recipe.rendering, key), catalog.RENDER_PRESETS, f"rendering.{key}", "render preset"
        )
    bounds.within(recipe.rendering.crf, 0, 40, "rendering.crf")
    for key, (low, high) in LIMIT_BOUNDS.items():
        bounds.within(getattr(recipe.limits, key), low, high, f"limits.{key}")
    bounds.span(recipe.limits.exposure, 0, 1, "limits.exposure")
    if recipe.preferences is not None:
        preference_recipes.check(recipe, recipe.preferences)
    bounds.within(recipe.pair_seconds, 1, 1e6, "pair_seconds")
    bounds.within(recipe.shard_pairs, 1, 100_000, "shard_pairs")
    dealing.deal_cast(recipe)


def _references(references: References) -> None:
    kinds = references.kinds
    bounds.weights(kinds, "references.kinds", catalog.REFERENCE_KINDS, "kind of reference")
    if not any(weight > 0 for kind, weight in kinds.items() if kind != "out_of_clip"):
        raise InputError(
            "references.kinds: not every motion reaches out of its clip; expected in_clip or other_camera too"
        )
    bounds.span(references.apart, 0, 60, "references.apart")
    bounds.span(references.turn, 0, 3.1416, "references.turn")
    bounds.span(references.lift, -0.5, 1, "references.lift")
    for kind, share in references.extra.items():
        bounds.known(kind, catalog.EXTRA_REFERENCES, f"references.extra.{kind}", "additional reference")
        bounds.within(share, 0, 1, f"references.extra.{kind}")


def _augmentation(augmentation: Augmentations) -> None:
    bounds.span(augmentation.kept, 0.3, 1, "augmentation.kept")
    bounds.span(augmentation.stretch, 0.5, 2, "augmentation.stretch")
    for part in catalog.SKELETON_PARTS:
        if part not in augmentation.skeleton:
            raise InputError(f"augmentation.skeleton.{part}: missing; expected the span of its factor")
    for part, span in augmentation.skeleton.items():
        bounds.known(part, catalog.SKELETON_PARTS, f"augmentation.skeleton.{part}", "part of the skeleton")
        bounds.span(span, 0.5, 2, f"augmentation.skeleton.{part}")


def _camera(ranges: CameraRanges, where: str, seconds: float) -> None:
    bounds.weights(ranges.kinds, f"{where}.kinds", catalog.CAMERA_KINDS, "camera kind")
    for key, (low, high) in _CAMERA_BOUNDS.items():
        bounds.span(getattr(ranges, key), low, high, f"{where}.{key}")
    if not ranges.angles:
        raise InputError(f"{where}.angles: expected at least one angle, got none")
    bounds.positive_weights([angle.weight for angle in ranges.angles.values()], f"{where}.angles.*.weight")
    for name, angle in ranges.angles.items():
        bounds.span(angle.span, -0.5, 1.4, f"{where}.angles.{name}.span")
    for kind, span in ranges.moves.items():
        bounds.known(kind, MOVING, f"{where}.moves.{kind}", "camera kind that moves")
        # A pan that leaves what it must hold inside the margins has no distance that is far enough.
        most = min(MOST_PANNED, 0.8 * (1 - 2 * ranges.margin[1])) / seconds
        bounds.span(span, 0, most if kind == "pan" else 1, f"{where}.moves.{kind}")
    for kind, weight in ranges.kinds.items():
        if weight > 0 and kind in MOVING and kind not in ranges.moves:
            raise InputError(
                f"{where}.moves.{kind}: missing; a camera that moves needs the span of its speed"
            )
    bounds.within(ranges.blurred, 0, 1, f"{where}.blurred")


def _picture(recipe: Recipe) -> None:
    if not recipe.sizes:
        raise InputError("sizes: expected at least one size, got none")
    for i, size in enumerate(recipe.sizes):
        for key in ("width", "height"):
            side = getattr(size, key)
            if side % 32 or not 32 <= side <= MAX_SIDE:
                raise InputError(
                    f"sizes[{i}].{key}: expected a multiple of 32 from 32 to {MAX_SIDE}, got {side}"
                )
    if len({(s.width, s.height) for s in recipe.sizes}) != len(recipe.sizes):
        raise InputError("sizes: expected each width and height once, got one twice")
    bounds.positive_weights([s.weight for s in recipe.sizes], "sizes[].weight")
    if recipe.frames % 4 != 1 or not 5 <= recipe.frames <= MAX_FRAMES:
        raise InputError(f"frames: expected 4n + 1 (17, 81, ...) from 5 to {MAX_FRAMES}, got {recipe.frames}")
    bounds.within(recipe.fps, 1, 120, "fps")


def _strata(recipe: Recipe) -> None:
    if not recipe.strata:
        raise InputError("strata: expected at least one stratum, got none")
    for i, stratum in enumerate(recipe.strata):
        where = f"strata[{i}]"
        bounds.named(stratum.name, f"{where}.name")
        bounds.within(stratum.count, 0, MAX_PAIRS, f"{where}.count")
        bounds.span(stratum.performers, 1, MAX_PERFORMERS, f"{where}.performers")
        bounds.span(stratum.motion_speed, 0.1, 2, f"{where}.motion_speed")
        if stratum.framing == "close_up" and stratum.performers[1] > 1:
            raise InputError(f"{where}.performers: a close_up shows one performer; expected [1, 1]")
        bounds.weights(stratum.driving, f"{where}.driving", catalog.DRIVING_KINDS, "kind of driving")
        for kind, weight in stratum.driving.items():
            if weight > 0 and kind != "clip" and stratum.mode != "animation":
                raise InputError(
                    f"{where}.driving.{kind}: has no place to take over; expected mode animation, "
                    f"got {stratum.mode}"
                )
        if stratum.motions:
            bounds.weights(stratum.motions, f"{where}.motions", catalog.MOTION_FAMILIES, "motion family")
        _formations(recipe, stratum, where)
        if stratum.framing == "close_up":
            for family, weight in (stratum.motions or recipe.motions.families).items():
                if weight > 0 and family in catalog.MOTION_FAMILIES:
                    _close_up(family, where)
    names = [s.name for s in recipe.strata]
    if len(set(names)) != len(names):
        raise InputError("strata: expected names that differ, got one twice")
    if not 1 <= recipe.pairs <= MAX_PAIRS:
        raise InputError(f"strata: expected 1 to {MAX_PAIRS} pairs in all, got {recipe.pairs}")


def _formations(recipe: Recipe, stratum: Stratum, where: str) -> None:
    """What performers do together needs the families for it; one alone needs some that take no partner."""
    families = stratum.motions or recipe.motions.families
    used = {family for family, weight in families.items() if weight > 0}
    if stratum.performers[0] == 1 and used and used <= set(DUETS):
        raise InputError(f"{where}.motions: families of two need two performers; expected others too")
    if stratum.performers[1] == 1:
        if stratum.formations:
            raise InputError(f"{where}.formations: one performer stands alone; expected {{}}")
        return
    formations, key = stratum.formations, f"{where}.formations"
    if formations:
        bounds.weights(formations, key, COMPANY, "formation of several")
    else:
        formations, key = recipe.stage.formations, "stage.formations"
    count = stratum.performers[1]
    others = ", ".join(f for f in COMPANY if f not in PAIRED)
    if count > 2 and not any(weight > 0 and f not in PAIRED for f, weight in formations.items()):
        raise InputError(f"{key}: none is for {count} performers; accepted: {others}")
    if formations.get("duet", 0) > 0 and stratum.performers[0] <= 2 and not used & set(DUETS):
        raise InputError(f"{key}.duet: needs a family of two in {where}.motions: {', '.join(DUETS)}")
    if formations.get("passing", 0) > 0 and not used & set(WALKERS):
        raise InputError(f"{key}.passing: needs one of {', '.join(WALKERS)} in {where}.motions")
    if not used - set(DUETS) and any(w > 0 for f, w in formations.items() if f != "duet"):
        raise InputError(
            f"{where}.motions: families of two serve the formation duet alone; expected others too"
        )


def _close_up(family: str, where: str) -> None:
    if not catalog.MOTION_FAMILIES[family].close_up:
        good = ", ".join(n for n, f in catalog.MOTION_FAMILIES.items() if f.close_up)
        raise InputError(f"{where}.motions.{family}: does not read in a close_up; accepted: {good}")


def _cast(cast: Cast) -> None:
    bounds.within(cast.size, 2, MAX_CAST, "cast.size")
    bounds.within(cast.max_meetings, 1, MAX_PAIRS, "cast.max_meetings")
    bounds.weights(cast.looks, "cast.looks", get_args(Look), "look")
    if not cast.ages or not cast.genders:
        raise InputError(f"cast.{'genders' if cast.ages else 'ages'}: expected at least one group, got none")
    bounds.positive_weights([g.weight for g in cast.ages.values()], "cast.ages.*.weight")
    for name, age in cast.ages.items():
        bounds.span(age.span, 0.3, 1, f"cast.ages.{name}.span")
    bounds.positive_weights([g.weight for g in cast.genders.values()], "cast.genders.*.weight")
    for name, gender in cast.genders.items():
        where = f"cast.genders.{name}"
        bounds.span(gender.span, 0, 1, f"{where}.span")
        bounds.weights(gender.tops, f"{where}.tops", catalog.TOPS, "top")
        bounds.weights(gender.bottoms, f"{where}.bottoms", (*catalog.BOTTOMS, *catalog.DRESSES), "bottom")
        bounds.weights(gender.hair, f"{where}.hair", catalog.HAIR_STYLES, "hair style")
        bounds.weights(gender.beards, f"{where}.beards", catalog.BEARDS, "beard")
    if not cast.ancestries:
        raise InputError("cast.ancestries: expected at least one ancestry, got none")
    bounds.positive_weights([a.weight for a in cast.ancestries.values()], "cast.ancestries.*.weight")
    for name, ancestry in cast.ancestries.items():
        where = f"cast.ancestries.{name}"
        bounds.known(name, ANCESTRIES, where, "ancestry")
        bounds.span(ancestry.share, 0.34, 1, f"{where}.share")
        for key in ("skin", "eyes", "hair"):
            bounds.colours(getattr(ancestry, key), f"{where}.{key}")
    for axis in BUILD_AXES:
        if axis not in cast.build:
            raise InputError(f"cast.build.{axis}: missing; expected a lowest and a highest value in [0, 1]")
    for axis, span in cast.build.items():
        bounds.known(axis, BUILD_AXES, f"cast.build.{axis}", "axis")
        bounds.span(span, 0, 1, f"cast.build.{axis}")
    for key in ("grey_hair", "bold_hair", "denim", "leather"):
        bounds.colours(getattr(cast, key), f"cast.{key}")
    for key in ("grey_share", "bold_share"):
        bounds.within(getattr(cast, key), 0, 1, f"cast.{key}")
    _wardrobe(cast)


def _wardrobe(cast: Cast) -> None:
    bounds.weights(cast.footwear, "cast.footwear", catalog.FOOTWEAR, "footwear")
    for key, kinds in (
        ("outers", catalog.OUTERS), ("headwear", catalog.HEADWEAR), ("eyewear", catalog.EYEWEAR)
    ):  # fmt: skip
        bounds.weights(getattr(cast, key), f"cast.{key}", (NONE, *kinds), key)
    for kind, fabrics in cast.fabrics.items():
        bounds.known(kind, catalog.GARMENT_KINDS, f"cast.fabrics.{kind}", "garment kind")
        accepted = catalog.GARMENT_KINDS[kind].fabrics
        bounds.weights(fabrics, f"cast.fabrics.{kind}", accepted, f"fabric for {kind}")
    worn = [cast.outers, cast.footwear, cast.headwear, cast.eyewear]
    worn += [table for g in cast.genders.values() for table in (g.tops, g.bottoms)]
    for kind in {k for weights in worn for k, weight in weights.items() if weight > 0}:
        if kind != NONE and kind not in cast.fabrics:
            raise InputError(f"cast.fabrics.{kind}: missing; a garment that is worn needs weights of fabrics")
    if not cast.outfits:
        raise InputError("cast.outfits: expected at least one outfit, got none")
    for name, outfit in cast.outfits.items():
        for key in ("top", "bottom", "accent", "shoes"):
            bounds.colours(getattr(outfit, key), f"cast.outfits.{name}.{key}")


def _motions(recipe: Recipe) -> None:
    motions = recipe.motions
    bounds.weights(motions.families, "motions.families", catalog.MOTION_FAMILIES, "motion family")
    ranges = {name: family.params for name, family in catalog.MOTION_FAMILIES.items()}
    _params(motions.params, ranges, "motions.params", "motion family")
    bounds.span(motions.phrases, 1, 8, "motions.phrases")
    bounds.within(motions.mirrored, 0, 1, "motions.mirrored")
    bounds.within(motions.continues, 0, 1, "motions.continues")


def _places(recipe: Recipe) -> None:
    places = recipe.places
    bounds.weights(places.environments, "places.environments", catalog.ENVIRONMENTS, "environment")
    bounds.weights(places.hdris, "places.hdris", catalog.HDRIS, "HDRI")
    for kind, weight in places.environments.items():
        suitable = catalog.ENVIRONMENTS[kind].hdris
        if weight > 0 and not any(places.hdris.get(hdri, 0) > 0 for hdri in suitable):
            raise InputError(f"places.hdris: none suits environment {kind}; accepted: {', '.join(suitable)}")
    ranges = {name: kind.params for name, kind in catalog.ENVIRONMENTS.items()}
    _params(places.params, ranges, "places.params", "environment")
    bounds.span(places.light_strength, 0.05, 10, "places.light_strength")


def _params(
    given: Mapping[str, Mapping[str, tuple[float, float]]],
    ranges: Mapping[str, Mapping[str, catalog.Range]],
    where: str,
    what: str,
) -> None:
    """Ranges that replace the catalogue's may narrow them, not leave them."""
    for owner, params in given.items():
        bounds.known(owner, ranges, f"{where}.{owner}", what)
        for name, span in params.items():
            bounds.known(name, ranges[owner], f"{where}.{owner}.{name}", "parameter")
            widest = ranges[owner][name]
            bounds.span(span, widest.low, widest.high, f"{where}.{owner}.{name}")
