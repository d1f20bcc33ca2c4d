"""Planning: from a recipe and a seed to the specs of every pair.

`candidate` is a pure function: the k-th candidate of a slot depends on recipe, seed, slot and k alone.
The plan stores k = 0; a candidate that fails a quality gate is replaced by the next one, which keeps
the slot's stratum, split, mode and sub-task and is drawn anew in everything else.

Driving and target show different characters that do equal motions, performer by performer. In animation
mode each clip has an environment and a camera of its own; in replacement mode both clips share
environment, camera, style and render settings. A driving clip of bones or of grey bodies happens nowhere, on
black, and is filmed by the target's camera, so that bones lie where the target's limbs are.

A reverse-driven pair's driving clip passes through an estimator's error model and its target is exact; in the
other pairs (`estimators.reverse_driven`) the driving clip is exact and the target is the synthesised one.
Pose-driven pairs are all reverse-driven.

In a preference item both clips pass through one estimator, and a third clip shows the target's characters
with hands as weak estimators leave them (`specs.Rejected`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache

from motionpair import catalog, dealing, preference_recipes, recipe_checks
from motionpair.cast import Member, members
from motionpair.casting import Casting
from motionpair.choreography import Choreographer
from motionpair.conditioning import Conditioning
from motionpair.draws import CANDIDATE, SLOT, Draws, Table, stream
from motionpair.errors import InputError
from motionpair.palette import MAX_SLOTS
from motionpair.plan import Plan, plan_of
from motionpair.presets import RENDER_PRESETS
from motionpair.recipe import CameraAngle, CameraRanges, Recipe, Span, Stratum, recipe_from_json
from motionpair.specs import (
    CAUSES,
    DRIVING_ENGINES,
    SPEC_VERSION,
    VOID,
    Camera,
    ClipSpec,
    Environment,
    Estimator,
    PairSpec,
    Performer,
    Rejected,
    RenderSettings,
    Style,
)

MAX_SEED = 2**63 - 1
ENGINE = "cycles"
_POSE_ENGINES: dict[str, str] = {kind: engine for engine, kind in DRIVING_ENGINES.items()}


def candidate(recipe: Recipe, seed: int, slot: int, k: int) -> PairSpec:
    """The k-th candidate for a slot of the plan; pure.

    Raises:
        InputError: slot or k out of range, or the split's cast has no characters far enough apart.
    """
    return planner(recipe, seed).candidate(slot, k)


def make_plan(recipe: Recipe, seed: int, limit: int | None = None) -> Plan:
    """The plan: candidate 0 of every slot, or of the first `limit` slots.

    Raises:
        InputError: seed or limit out of range, or a recipe whose cast cannot fill its pairs.
    """
    if limit is not None and not 1 <= limit <= recipe.pairs:
        raise InputError(f"limit: expected 1 to {recipe.pairs}, got {limit}")
    if not 0 <= seed <= MAX_SEED:
        raise InputError(f"seed: expected 0 to {MAX_SEED}, got {seed}")
    plans = planner(recipe, seed)

    def rows() -> Iterator[tuple[PairSpec, str, str]]:
        for slot in range(limit or recipe.pairs):
            spec = plans.candidate(slot, 0)
            text = spec.to_json()
            yield spec, text, hashlib.sha256(text.encode()).hexdigest()

    return plan_of(recipe, seed, rows())


def planner(recipe: Recipe, seed: int) -> Planner:
    """The planner of a recipe and seed; kept, so that asking again is cheap."""
    return _planner(recipe.json, seed)


@lru_cache(maxsize=2)
def _planner(recipe_json: str, seed: int) -> Planner:
    return Planner(recipe_from_json(recipe_json), seed)


class Planner:
    """What all candidates of one recipe and seed share: the deal, the cast and the weights as tables."""

    def __init__(self, recipe: Recipe, seed: int) -> None:
        self.recipe = recipe
        self.seed = seed
        self._slots = dealing.deal_slots(recipe)
        self._casting = Casting(recipe, members(recipe, seed))
        self._sizes = Table({(s.width, s.height): s.weight for s in recipe.sizes})
        self._choreographers = [Choreographer(recipe, s) for s in recipe.strata]
        self._environments = Table(recipe.places.environments)
        self._lights = {
            kind: Table({h: recipe.places.hdris.get(h, 0.0) for h in catalog.ENVIRONMENTS[kind].hdris})
            for kind in self._environments.values
        }
        framings = {f: getattr(recipe.cameras, f) for f in ("full_body", "close_up")}
        self._kinds = {f: Table(ranges.kinds) for f, ranges in framings.items()}
        self._angles = {
            f: Table({name: angle.weight for name, angle in ranges.angles.items()})
            for f, ranges in framings.items()
        }
        self._estimators = Table(recipe.estimators.models)
        self._driving = [Table(s.driving) for s in recipe.strata]
        self._conditioning = Conditioning(recipe)
        self._rounds = Table(recipe.preferences.rounds) if recipe.preferences else None

    def candidate(self, slot: int, k: int) -> PairSpec:
        """The k-th candidate for a slot; see `motionpair.planning.candidate`."""
        recipe = self.recipe
        if not 0 <= slot < recipe.pairs:
            raise InputError(f"slot: expected 0 to {recipe.pairs - 1}, got {slot}")
        if k < 0:
            raise InputError(f"k: expected 0 or more, got {k}")
        number = int(self._slots.stratum[slot])
        stratum, split = recipe.strata[number], dealing.SPLITS[self._slots.split[slot]]
        draws = Draws(stream(CANDIDATE, self.seed, slot, k))
        # The number of performers and their formation belong to the sub-task: they are the slot's own, and
        # not the candidate's.
        choreographer, count, formation = self._choreographers[number], 1, "alone"
        if stratum.performers[1] > 1:
            of_slot = Draws(stream(SLOT, self.seed, slot))
            count = of_slot.whole(*stratum.performers)
            formation = choreographer.formation(count, of_slot)

        width, height = self._sizes.draw(draws)
        drivers, targets = self._casting.draw(split, stratum.mode, count, draws)
        binding = draws.sample(range(1, MAX_SLOTS + 1), count)
        ids = [f"m{slot:06d}k{k}p{i}" for i in range(count)]
        choreography = choreographer.draw(formation, ids, draws)

        def performers(who: list[Member]) -> tuple[Performer, ...]:
            return tuple(
                Performer(w.character, motion, colour, position, heading)
                for w, motion, colour, (position, heading) in zip(
                    who, choreography.motions, binding, choreography.spots, strict=True
                )
            )

        kind = self._driving[number].draw(draws)
        reverse = kind != "clip" or draws.chance(recipe.estimators.reverse_driven)
        exact = Estimator("exact", 0)
        estimated = Estimator(self._estimators.draw(draws), draws.seed())
        target_kind = self._environments.draw(draws)
        environment = self._environment(target_kind, draws)
        ranges: CameraRanges = getattr(recipe.cameras, stratum.framing)
        angle = ranges.angles[self._angles[stratum.framing].draw(draws)]
        camera = self._camera(stratum, ranges.azimuth, angle, draws)
        settings = _settings(recipe.rendering.target, _style(targets), draws.seed())
        item = recipe.preferences is not None
        seen = exact if reverse else estimated
        target = ClipSpec(performers(targets), environment, camera, seen, settings)
        if kind != "clip":
            environment = VOID
            settings = RenderSettings(_POSE_ENGINES[kind], "flat", "realistic", 1, "none", 0, 0)
        elif stratum.mode == "animation":
            environment = self._environment(self._another_kind(target_kind, draws), draws)
            if not item:  # of which both clips are drawn from one estimate, as the paper's are
                beside = _beside(camera.azimuth, ranges.azimuth, recipe.cameras.view_gap)
                camera = self._camera(stratum, beside, angle, draws)
            # A clip that is the exact one is the pair's best picture, whichever side it is on.
            preset = recipe.rendering.driving if reverse or item else recipe.rendering.target
            settings = _settings(preset, _style(drivers), draws.seed())
        seen = estimated if reverse or item else exact
        driving = ClipSpec(performers(drivers), environment, camera, seen, settings)
        return PairSpec(
            version=SPEC_VERSION,
            pair_id=f"{recipe.name}-{self.seed}-{slot:06d}",
            slot=slot,
            k=k,
            stratum=stratum.name,
            mode=stratum.mode,
            split=split,
            width=width,
            height=height,
            frames=recipe.frames,
            fps=recipe.fps,
            formation=formation,
            driving=driving,
            target=target,
            reference=self._conditioning.reference(choreography.motions, draws),
            extra_references=self._conditioning.extra_references(stratum, count, draws),
            augmentation=self._conditioning.augmentation(kind, stratum.mode, draws),
            reverse_driven=reverse,
            rejected=self._rejected(draws),
        )

    def _rejected(self, draws: Draws) -> Rejected | None:
        """The third clip of a preference item; drawn last, so that other pairs stay as they are."""
        preferences = self.recipe.preferences
        if preferences is None or self._rounds is None:
            return None
        causes = tuple(cause for cause in CAUSES if preferences.causes.get(cause, False))
        rounds = 1 + preference_recipes.ROUNDS.index(self._rounds.draw(draws))
        return Rejected(rounds, causes, preferences.region, draws.seed())

    def _another_kind(self, kind: str, draws: Draws) -> str:
        """An environment kind that is not `kind`, where the recipe has another."""
        others = {v: self.recipe.places.environments[v] for v in self._environments.values if v != kind}
        return Table(others).draw(draws) if others else kind

    def _environment(self, kind: str, draws: Draws) -> Environment:
        builder = catalog.ENVIRONMENTS[kind]
        given = self.recipe.places.params.get(kind, {})
        return Environment(
            kind=kind,
            hdri=self._lights[kind].draw(draws),
            hdri_rotation=draws.between(catalog.LIGHT_BEARING.low, catalog.LIGHT_BEARING.high),
            hdri_strength=draws.between(*self.recipe.places.light_strength),
            colours=tuple([draws.one_of(colours) for colours in builder.colours.values()]),
            params={
                name: draws.between(*given.get(name, (span.low, span.high)))
                for name, span in builder.params.items()
            },
            seed=draws.seed(),
        )

    def _camera(self, stratum: Stratum, azimuth: Span, angle: CameraAngle, draws: Draws) -> Camera:
        ranges: CameraRanges = getattr(self.recipe.cameras, stratum.framing)
        kind = self._kinds[stratum.framing].draw(draws)
        move = 0.0
        if kind in recipe_checks.MOVING:
            move = draws.between(*ranges.moves[kind]) * draws.one_of((-1, 1))
        blurred = draws.chance(ranges.blurred)
        return Camera(
            kind=kind,
            framing=stratum.framing,
            azimuth=draws.between(*azimuth),
            elevation=draws.between(*angle.span),
            focal_mm=round(draws.between(*ranges.focal_mm), 1),
            margin=draws.between(*ranges.margin),
            move=move,
            shake=draws.between(*ranges.shake) if kind == "handheld" else 0.0,
            seed=draws.seed(),
            f_stop=round(draws.between(*ranges.f_stop), 1) if blurred else 0.0,
        )


def _beside(azimuth: float, span: Span, gap: float) -> Span:
    """From where the driving clip of an animation pair is filmed: within `gap` of the target's azimuth, and
    within the framing's own.

    SCAIL-2's driving clips are made again from the target's own estimated pose, so both show the motion from
    nearly one side. A view from far off would hide hands that the target shows, and a model cannot learn to
    follow what it is not shown.
    """
    return max(span[0], azimuth - gap), min(span[1], azimuth + gap)


def _style(who: list[Member]) -> Style:
    return "toon" if any(member.style == "toon" for member in who) else "realistic"


def _settings(preset: str, style: Style, seed: int) -> RenderSettings:
    numbers = RENDER_PRESETS[preset]
    return RenderSettings(
        engine=ENGINE,
        preset=preset,
        style=style,
        samples=numbers.samples,
        denoise=numbers.denoise,
        bounces=numbers.bounces,
        seed=seed,
    )
