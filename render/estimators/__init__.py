"""Pose estimators as error models: what a motion looks like after somebody estimated it from video.

From a body's exact points and a depth buffer of the clip to the points that an estimator would have given
(`sight`, `keypoints`), and back to the rotations of a body fitted to them (`fitting`, `hands`). What errs and
by how much: `model`. How large the errors are: `errors`, benchmarks/estimators.py and docs/estimators.md.

Contacts, face, events, touches, things held and supports pass unchanged: retargeting plants the feet of an
estimated motion, and brings its hands together, as it does those of an exact one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from motionpair.errors import InputError
from motionpair.specs import Estimator
from render import kinematics
from render import rotations as rot
from render.estimators import hands
from render.estimators.chance import draw
from render.estimators.fitting import fit
from render.estimators.keypoints import Seen, estimate_points
from render.estimators.model import ACCURATE, EXACT, WEAK, ErrorModel
from render.estimators.points import body_of
from render.estimators.sight import look
from render.estimators.view import View
from render.motion import Motion
from render.skeleton import PARENTS

__all__ = ["ACCURATE", "ESTIMATORS", "EXACT", "WEAK", "ErrorModel", "View", "estimate", "observe", "see"]

ESTIMATORS: Mapping[str, ErrorModel] = {"exact": EXACT, "accurate": ACCURATE, "weak": WEAK}
"""Name, as in a recipe, to the error model."""

_MOST_ROOT = 0.12
"""Hip heights that the estimated pelvis is away from the exact one, at most."""


def observe(motion: Motion, estimator: Estimator, view: View | None = None) -> Motion:
    """The motion as `estimator` sees it in `view`; the same object for `exact`, which needs no view.

    Raises:
        InputError: an estimator of another name.
        ValueError: no view, or one of another number of frames, for an estimator that errs.
    """
    if estimator.name not in ESTIMATORS:
        raise InputError(f"estimator.name: expected one of {', '.join(ESTIMATORS)}, got {estimator.name!r}")
    if estimator.name == "exact":
        return motion
    if view is None:
        raise ValueError(f"view: {estimator.name} needs the view that it estimates from")
    return estimate(motion, ESTIMATORS[estimator.name], estimator.seed, view)


def estimate(motion: Motion, model: ErrorModel, seed: int, view: View) -> Motion:
    """The motion as an estimator with the errors of `model` sees it in `view`; drawn by `seed`.

    Raises:
        ValueError: a view of another number of frames.
    """
    seen = see(motion, model, seed, view)
    body = body_of(view.character, view.position, view.heading)
    turns, root = body.turns(motion), body.root(motion)
    change, pelvis = fit(body, turns, seen)
    away = pelvis - root + seen.depth
    # As of an exact motion, the middle frame says where the performer stands.
    away[:, :2] -= away[len(away) // 2, :2].copy()
    size = np.linalg.norm(away, axis=-1, keepdims=True)
    away *= np.minimum(1.0, _MOST_ROOT * body.hip_height / np.maximum(size, 1e-9))

    back = rot.inverse(body.facing)
    globals_ = rot.mul(back, rot.mul(change, turns))
    local = kinematics.local_rotations(globals_, PARENTS)
    local = hands.settle(motion.rotations, local, seen)
    return replace(
        motion,
        rotations=rot.continuous(rot.normalised(local)),
        root=motion.root + rot.rotate(back, away) / body.hip_height,
    )


def see(motion: Motion, model: ErrorModel, seed: int, view: View) -> Seen:
    """What an estimator sees of a motion before a body is fitted to it: points in space, and its mistakes.

    Raises:
        ValueError: a view of another number of frames.
    """
    if len(view.depth) != motion.frames or len(view.camera.position) != motion.frames:
        raise ValueError(f"view: expected {motion.frames} frames, got {len(view.depth)}")
    chance = draw(np.random.default_rng(seed), motion.frames, motion.fps, model.memory)
    body = body_of(view.character, view.position, view.heading)
    places = body.places(body.turns(motion), body.root(motion))
    return estimate_points(places, look(view, body, motion.fps), body, model, chance, motion.fps)
