"""How often each value of every recipe axis was drawn, against its weight.

An observation is a value and the weights that it was drawn from, so that draws that depend on others (a
fabric on its garment, a light on its place) are held against what they were drawn from.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from motionpair import catalog
from motionpair.cast import CHILD_BELOW
from motionpair.recipe import Recipe, Stratum
from motionpair.recipe_checks import DUETS, PAIRED
from motionpair.specs import Character, ClipSpec, PairSpec


@dataclass
class Axis:
    """Counts of one axis: how often each value was seen, and how often its weights foretold it."""

    seen: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    expected: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, value: str, weights: Mapping[str, float]) -> None:
        """Count a value that was drawn from some weights."""
        total = sum(weights.values())
        self.seen[value] += 1
        for name, weight in weights.items():
            self.expected[name] += weight / total

    @property
    def total(self) -> int:
        """How many draws."""
        return sum(self.seen.values())

    @property
    def values(self) -> list[str]:
        """Values that were drawn or could have been, the likeliest first."""
        names = {n for n, e in self.expected.items() if e > 0} | set(self.seen)
        return sorted(names, key=lambda n: (-self.expected.get(n, 0.0), n))

    def chi_square(self) -> tuple[float, int]:
        """Pearson's statistic, and its degrees of freedom; values that are hardly foretold count together."""
        rare = [n for n in self.values if self.expected.get(n, 0.0) < 5]
        groups = [[n] for n in self.values if n not in rare] + ([rare] if rare else [])
        pairs = [
            (sum(self.seen.get(n, 0) for n in group), sum(self.expected.get(n, 0.0) for n in group))
            for group in groups
        ]
        statistic = sum((s - e) ** 2 / e if e > 0 else math.inf * bool(s) for s, e in pairs)
        return statistic, max(len(groups) - 1, 0)

    def chance(self) -> float:
        """The chance of a statistic at least as large if the draws follow the weights."""
        from scipy.stats import chi2

        statistic, freedom = self.chi_square()
        return float(chi2.sf(statistic, freedom)) if freedom else 1.0

    def deviation(self) -> tuple[float, str]:
        """The largest difference between share and weight, in points of a hundred, and whose it is."""
        gaps = [
            (100 * abs(self.seen.get(n, 0) - self.expected.get(n, 0.0)) / max(self.total, 1), n)
            for n in self.values
        ]
        return max(gaps, default=(0.0, ""))


Axes = dict[str, Axis]


def of_pairs(recipe: Recipe, specs: Iterable[PairSpec]) -> Axes:
    """The axes that planning draws for each pair."""
    axes: Axes = defaultdict(Axis)
    strata = {s.name: s for s in recipe.strata}
    for spec in specs:
        stratum = strata[spec.stratum]
        axes["stratum"].add(spec.stratum, {s.name: s.count for s in recipe.strata})
        axes["split"].add(spec.split, {n: getattr(recipe.splits, n) for n in ("train", "validation", "test")})
        sizes = {f"{s.width}x{s.height}": s.weight for s in recipe.sizes}
        axes["size"].add(f"{spec.width}x{spec.height}", sizes)
        _conditioned(axes, recipe, stratum, spec)
        _company(axes, recipe, stratum, spec)
        _looks(axes, recipe, spec)
        # Places, lights and cameras are the target's; the driving clip of an animation has its own.
        weights = dict(recipe.places.environments)
        _filmed(axes, recipe, stratum, spec.target, weights)
        if spec.mode == "animation" and spec.driving_kind == "clip":
            others = {k: w for k, w in weights.items() if k != spec.target.environment.kind}
            beside = spec.target.camera.azimuth, recipe.cameras.view_gap
            _filmed(axes, recipe, stratum, spec.driving, others if any(others.values()) else weights, beside)
    return dict(axes)


def of_characters(recipe: Recipe, characters: Iterable[Character]) -> Axes:
    """The axes that the cast is drawn from."""
    axes: Axes = defaultdict(Axis)
    cast = recipe.cast
    for who in characters:
        age, sex = who.phenotype["age"], who.phenotype["gender"]
        group = next(n for n, g in cast.ages.items() if g.span[0] <= age <= g.span[1])
        name = next(n for n, g in cast.genders.items() if g.span[0] <= sex <= g.span[1])
        gender = cast.genders[name]
        axes["age"].add(group, {n: g.weight for n, g in cast.ages.items()})
        axes["gender"].add(name, {n: g.weight for n, g in cast.genders.items()})
        main = max(cast.ancestries, key=lambda a: who.phenotype[a])
        axes["ancestry"].add(main, {n: a.weight for n, a in cast.ancestries.items()})
        styles = {s: w for s, w in gender.hair.items() if not (age < CHILD_BELOW and s == "bald")}
        axes["hair"].add(who.hair.style, styles)
        if age >= CHILD_BELOW:
            axes["beard"].add(who.hair.beard, gender.beards)
        worn = {catalog.GARMENT_KINDS[g.kind].place: g for g in who.garments}
        lower = worn.get("dress") or worn["bottom"]
        axes["bottom or dress"].add(lower.kind, gender.bottoms)
        if "top" in worn:
            axes["top"].add(worn["top"].kind, gender.tops)
        places = {"outer": cast.outers, "feet": cast.footwear, "eyes": cast.eyewear}
        if who.hair.style in catalog.HAIR_UNDER_HATS:
            places["head"] = cast.headwear
        for place, weights in places.items():
            axes[_WORN[place]].add(worn[place].kind if place in worn else "none", weights)
        for garment in who.garments:
            axes[f"fabric of {garment.kind}"].add(garment.fabric, cast.fabrics[garment.kind])
    return dict(axes)


_WORN = {"outer": "outer garment", "feet": "footwear", "eyes": "eyewear", "head": "headwear"}


def _conditioned(axes: Axes, recipe: Recipe, stratum: Stratum, spec: PairSpec) -> None:
    """What the driving clip shows and who estimated it, and the reference images."""
    if sum(weight > 0 for weight in stratum.driving.values()) > 1:
        axes[f"driving kind, {spec.stratum}"].add(spec.driving_kind, stratum.driving)
    if spec.driving_kind == "clip":
        axes["reverse driven"].add(_yes(spec.reverse_driven), _share(recipe.estimators.reverse_driven))
    estimated = spec.driving if spec.reverse_driven else spec.target
    axes["estimator"].add(estimated.estimator.name, recipe.estimators.models)
    # One out of the clip becomes another where the motion does not reach far enough: counted where it is.
    kinds = recipe.references.kinds
    if spec.reference.kind != "out_of_clip":
        within = {kind: weight for kind, weight in kinds.items() if kind != "out_of_clip"}
        axes["reference kind, but out of clip"].add(spec.reference.kind, within)
    extra = {each.kind for each in spec.extra_references}
    if stratum.framing != "close_up":
        axes["additional reference, back"].add(_yes("back" in extra), _share(recipe.references.extra["back"]))
    axes["additional reference, face"].add(_yes("face" in extra), _share(recipe.references.extra["face"]))


def _company(axes: Axes, recipe: Recipe, stratum: Stratum, spec: PairSpec) -> None:
    count = len(spec.target.performers)
    low, high = stratum.performers
    if high > low:
        axes["performers"].add(str(count), {str(n): 1.0 for n in range(low, high + 1)})
    if count > 1:
        weights = stratum.formations or recipe.stage.formations
        possible = {f: w for f, w in weights.items() if count == 2 or f not in PAIRED}
        axes["formation"].add(spec.formation, possible)
    families = dict(stratum.motions or recipe.motions.families)
    led = spec.target.performers[:1] if spec.formation == "mirrored" else spec.target.performers
    for performer in led:
        motion = performer.motion
        axes["motion speed"].add(*_quarter(motion.speed, stratum.motion_speed))
        if spec.formation in ("passing", "duet"):
            continue
        pool = {f: w for f, w in families.items() if f not in DUETS}
        axes[f"leading family, {spec.stratum}"].add(motion.phrases[0].family, pool)
        axes["mirrored"].add(_yes(motion.mirrored), _share(recipe.motions.mirrored))


def _looks(axes: Axes, recipe: Recipe, spec: PairSpec) -> None:
    """Looks of the performers that are drawn from a whole split: the rest take a style from them."""
    free = [spec.driving.performers[0]]
    if spec.mode == "animation":
        free.append(spec.target.performers[0])
    for performer in free:
        axes["look"].add(performer.character.look, recipe.cast.looks)


def _filmed(
    axes: Axes,
    recipe: Recipe,
    stratum: Stratum,
    clip: ClipSpec,
    environments: Mapping[str, float],
    beside: tuple[float, float] | None = None,
) -> None:
    """A clip's place, light and camera. beside: an azimuth and how far from it at most the camera may be."""
    place, camera = clip.environment, clip.camera
    axes["environment"].add(place.kind, environments)
    lights = {h: recipe.places.hdris.get(h, 0.0) for h in catalog.ENVIRONMENTS[place.kind].hdris}
    axes["HDRI"].add(place.hdri, lights)
    axes["light strength"].add(*_quarter(place.hdri_strength, recipe.places.light_strength))
    ranges = getattr(recipe.cameras, stratum.framing)
    framing = stratum.framing.replace("_", " ")
    axes[f"camera, {framing}"].add(camera.kind, ranges.kinds)
    axes[f"depth of field, {framing}"].add(_yes(camera.f_stop > 0), _share(ranges.blurred))
    if beside is None:
        # A driving clip's camera is of its target's angle.
        fits = [n for n, a in ranges.angles.items() if a.span[0] <= camera.elevation <= a.span[1]]
        axes[f"angle, {framing}"].add(fits[0], {n: a.weight for n, a in ranges.angles.items()})
        axes[f"azimuth, {framing}"].add(*_quarter(camera.azimuth, ranges.azimuth))
    else:
        azimuth, gap = beside
        span = max(ranges.azimuth[0], azimuth - gap), min(ranges.azimuth[1], azimuth + gap)
        share = (camera.azimuth - span[0]) / (span[1] - span[0]) if span[1] > span[0] else 0.0
        axes[f"azimuth of the driving camera beside the target's, {framing}"].add(
            *_quarter(share, (0.0, 1.0))
        )
    axes[f"focal length, {framing}"].add(*_quarter(camera.focal_mm, ranges.focal_mm))


def _quarter(value: float, span: Sequence[float]) -> tuple[str, dict[str, float]]:
    """Which quarter of its span a number is in; all are as likely."""
    low, high = span
    if high <= low:
        return "all", {"all": 1.0}
    quarter = min(int(4 * (value - low) / (high - low)), 3)
    names = [f"{low + k * (high - low) / 4:.3g} to {low + (k + 1) * (high - low) / 4:.3g}" for k in range(4)]
    return names[quarter], dict.fromkeys(names, 1.0)


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _share(share: float) -> dict[str, float]:
    return {"yes": share, "no": 1 - share}
