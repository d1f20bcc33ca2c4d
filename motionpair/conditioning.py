"""What conditions a pair beside its clips: reference images, and how the driving clip may be augmented."""

from __future__ import annotations

import math
from collections.abc import Sequence

from motionpair import choreography
from motionpair.choreography import AFTER, BEFORE
from motionpair.draws import DIGITS, Draws, Table
from motionpair.recipe import Recipe, Stratum
from motionpair.specs import PLAIN, Augmentation, ExtraReference, Mode, MotionSpec, Reference


class Conditioning:
    """Draws the references and the augmentation of a recipe's pairs."""

    def __init__(self, recipe: Recipe) -> None:
        self._frames, self._fps = recipe.frames, recipe.fps
        self._references = recipe.references
        self._augmentation = recipe.augmentation
        self._kinds = Table(recipe.references.kinds)
        self._within = Table({k: w for k, w in recipe.references.kinds.items() if k != "out_of_clip"})
        self._back, self._face = (recipe.references.extra.get(kind, 0.0) for kind in ("back", "face"))

    def reference(self, motions: Sequence[MotionSpec], draws: Draws) -> Reference:
        """The reference of a pair whose target performers do the motions.

        Where they do not reach far enough out of the clip, one of the other kinds than `out_of_clip` is drawn
        by its weight.
        """
        kind = self._kinds.draw(draws)
        if kind == "out_of_clip":
            frame = self._outside(motions, draws)
            if frame is not None:
                return Reference("out_of_clip", frame)
            kind = self._within.draw(draws)
        frame = draws.whole(0, self._frames - 1)
        if kind == "in_clip":
            return Reference("in_clip", frame)
        turn = draws.between(*self._references.turn) * draws.one_of((-1, 1))
        return Reference("other_camera", frame, turn, draws.between(*self._references.lift))

    def _outside(self, motions: Sequence[MotionSpec], draws: Draws) -> int | None:
        """A frame `apart` seconds before or after the clip, either way if the motions allow it; or None."""
        least, most = (seconds * self._fps for seconds in self._references.apart)
        least = max(1, math.ceil(round(least, DIGITS)))
        last = self._frames - 1
        for side in draws.sample((BEFORE, AFTER), 2):
            room = min(choreography.frames_outside(m, self._frames, self._fps)[side] for m in motions)
            if room >= least:
                away = draws.whole(least, max(least, min(int(most), room)))
                return -away if side == BEFORE else last + away
        return None

    def extra_references(self, stratum: Stratum, count: int, draws: Draws) -> tuple[ExtraReference, ...]:
        """The additional references of a pair of `count` performers.

        A close-up has no `back`: nothing of a back is ever seen in its clips, and a model would only learn
        to overlook the additional reference.
        """
        extra = []
        last = self._frames - 1
        if stratum.framing != "close_up" and draws.chance(self._back):
            extra.append(ExtraReference("back", draws.whole(0, last), 0))
        if draws.chance(self._face):
            extra.append(ExtraReference("face", draws.whole(0, last), draws.whole(0, count - 1)))
        return tuple(extra)

    def augmentation(self, kind: str, mode: Mode, draws: Draws) -> Augmentation:
        """How a trainer may alter a driving clip of this kind.

        Bones (`pose`) are drawn longer and shorter and stay where they are in the picture, as the paper has
        it; all else is cropped and stretched. A mesh's bones cannot be drawn anew from joints alone. In
        replacement mode the driving clip is left as it is: the target shows all of its place, where it is.
        """
        if kind == "pose":
            factors = {part: draws.between(*span) for part, span in self._augmentation.skeleton.items()}
            return Augmentation(PLAIN.window, factors)
        kept = draws.between(*self._augmentation.kept)
        stretch = draws.between(*self._augmentation.stretch)
        width = round(kept / max(stretch, 1.0), DIGITS)
        height = round(kept * min(stretch, 1.0), DIGITS)
        left, top = draws.between(0.0, 1.0 - width), draws.between(0.0, 1.0 - height)
        return PLAIN if mode == "replacement" else Augmentation((left, top, width, height), {})
