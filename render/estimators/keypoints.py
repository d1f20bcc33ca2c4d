"""From exact points to those that an estimator would give: noise, gaps, wrong depth, swapped hands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render import rotations as rot
from render.estimators.chance import Chance, happens, smoothed
from render.estimators.model import ErrorModel
from render.estimators.points import HANDS, LIMBS, POINT_PARENTS, POINTS, SIGMAS, WRISTS, Body
from render.estimators.sight import Sight
from render.skeleton import JOINT_INDEX, JOINTS

_FINE = 0.6
"""Pixels: what no heatmap is finer than."""
_HAND_SIZE = 0.75
"""Square root of a hand's area, as a share of its length."""
_NEAR, _NEAR_HIDDEN = (1.2, 0.6), (2.5, 1.5)
"""Lengths of a hand between the wrists at which hands are not yet, and easily, confused; and hidden ones."""
_PAIRS = tuple(
    (JOINT_INDEX[middle], [JOINT_INDEX[f"{side}_{end}"] for side in ("left", "right")])
    for middle, end in (("pelvis", "hip"), ("spine3", "shoulder"))
)
_COMMON = 0.6
"""Share of the variance that left and right hips, and shoulders, err by together: the trunk holds them."""
_HAND_POINTS = np.array(HANDS[0] + HANDS[1])
_OF_HAND = np.isin(np.arange(len(POINTS)), _HAND_POINTS)


@dataclass(frozen=True)
class Seen:
    """What was estimated of a performer.

    points: (T, 65, 3) metres, world, the pelvis's distance from the camera as it is. clear: (T, 65) from 0 to
    1: how well they show. precision: (T, 65)
    metres: deviation that the estimator expects of a point in plain view, which its body prior is weighed
    against. depth: (T, 3) metres, world: what the whole body's distance is wrong by. tilt: (T, 4) turn of
    the whole body. twist: (T, 55) radians that bones are turned about their own length. dropped: (T, 65)
    bool: missing points, filled in. swapped: (T,), missed: (T, 2), rest: (T, 2) from 0 to 1: hands that are
    confused, not found, or whose fingers are at rest.
    """

    points: np.ndarray
    clear: np.ndarray
    precision: np.ndarray
    depth: np.ndarray
    tilt: np.ndarray
    twist: np.ndarray
    dropped: np.ndarray
    swapped: np.ndarray
    missed: np.ndarray
    rest: np.ndarray


def estimate_points(
    places: np.ndarray, sight: Sight, body: Body, model: ErrorModel, chance: Chance, fps: int
) -> Seen:
    """Estimated points from the exact ones `places` (T, 65, 3)."""
    hard = np.maximum(sight.hidden, sight.outside)
    plain = _plain_view(sight, model)
    tilt = _tilt(sight, model, chance)
    error = _in_picture(plain, sight, model, chance)
    error += _along_rays(places, sight, body, model, chance)
    error += _flips(places, sight, model, chance)
    error += _tilted(places, sight, tilt)
    points = places + error

    dropped = happens(chance.drop, model.drop + model.drop_hidden * hard)
    dropped[:, 0] = dropped[:, _OF_HAND] = False
    _interpolate(points, dropped)
    swapped = _swap(points, sight, model, chance)
    missed = _missed(sight, model, chance)
    middle = points[:, :1]
    # What switches from frame to frame is blurred by the filter as the points are.
    width = model.smoothing * fps
    steady = smoothed(points - middle, width)
    missed = np.clip(smoothed(missed, 0.6), 0.0, 1.0)
    return Seen(
        points=np.concatenate([middle, middle + steady[:, 1:]], axis=1),
        clear=1 - hard,
        precision=plain * sight.metres,
        depth=(model.root_depth * sight.distance * chance.whole[:, 4])[:, None] * sight.rays[:, 0],
        tilt=tilt,
        twist=np.radians(model.twist_degrees) * chance.turn[:, : len(JOINTS)],
        dropped=dropped,
        swapped=np.clip(smoothed(swapped, width), 0.0, 1.0),
        missed=missed,
        rest=_at_rest(missed, sight, model),
    )


def _units(sight: Sight) -> np.ndarray:
    """(T, 65) pixels: OKS's unit of each point, by the size of the body, and of the hands for fingers."""
    unit = sight.size[:, None] * SIGMAS
    for side, hand in enumerate(HANDS):
        unit[:, list(hand)] = _HAND_SIZE * sight.hand_px[:, side, None] * SIGMAS[list(hand)]
    return unit


def _plain_view(sight: Sight, model: ErrorModel) -> np.ndarray:
    """(T, 65) pixels: deviation of a keypoint that nothing hides."""
    share = np.where(_OF_HAND, model.hand_noise, model.noise)
    return np.hypot(_units(sight) * share, _grain(sight, model)[:, None])


def _grain(sight: Sight, model: ErrorModel) -> np.ndarray:
    """(T,) pixels: deviation by the heatmap's grid; none without `cell`."""
    grid = model.cell * sight.tall / model.heatmap_rows
    return np.hypot(grid, _FINE) if model.cell > 0 else grid


def _in_picture(plain: np.ndarray, sight: Sight, model: ErrorModel, chance: Chance) -> np.ndarray:
    """(T, 65, 3) metres: errors across the picture; fingers err against the wrist, and by as much as it."""
    harder = 1 + model.hidden_gain * sight.hidden + model.outside_gain * sight.outside
    unit = _units(sight)
    share = np.where(_OF_HAND, model.hand_noise, model.noise)
    noise = chance.drift[..., :2].copy()
    for middle, pair in _PAIRS:
        noise[:, pair] = np.sqrt(_COMMON) * noise[:, middle, None] + np.sqrt(1 - _COMMON) * noise[:, pair]
    drift = (unit * share * harder)[..., None] * noise
    quick = np.hypot(model.jitter * unit, _grain(sight, model)[:, None])
    pixels = drift + quick[..., None] * chance.jitter
    metres = pixels * sight.metres[..., None]
    for wrist, hand in zip(WRISTS, HANDS, strict=True):
        metres[:, list(hand)] += metres[:, wrist, None]
    return metres[..., :1] * sight.right[:, None] - metres[..., 1:] * sight.up[:, None]


def _along_rays(
    places: np.ndarray, sight: Sight, body: Body, model: ErrorModel, chance: Chance
) -> np.ndarray:
    """(T, 65, 3) metres: wrong depth against the pelvis, which every bone adds to."""
    size = np.where(_OF_HAND, model.hand_depth, model.depth) * body.lengths
    at_camera = 1 + model.foreshortened_gain * _foreshortened(places, sight) ** 2
    harder = 1 + model.hidden_gain * sight.hidden + model.outside_gain * sight.outside
    own = size * at_camera * harder * chance.drift[..., 2]
    own[:, 0] = 0.0
    return _accumulated(own)[..., None] * sight.rays


def _flips(places: np.ndarray, sight: Sight, model: ErrorModel, chance: Chance) -> np.ndarray:
    """(T, 65, 3) metres: limbs taken to point at the camera where they point away, or the reverse."""
    own = np.zeros(places.shape[:2])
    slant = _foreshortened(places, sight)
    for k, (start, hinge, end) in enumerate(LIMBS):
        for bone, (above, below) in enumerate(((start, hinge), (hinge, end))):
            share = model.flip * slant[:, below] * (1 + sight.hidden[:, below])
            taken = smoothed(happens(chance.flip[:, k, bone], share).astype(float), 0.7)
            ray = sight.rays[:, above]
            own[:, below] = -2 * taken * np.einsum("ti,ti->t", places[:, below] - places[:, above], ray)
    return _accumulated(own)[..., None] * sight.rays


def _foreshortened(places: np.ndarray, sight: Sight) -> np.ndarray:
    """(T, 65) from 0, across the picture, to 1, along the viewing ray: the bone that ends at each point."""
    above = np.maximum(np.array(POINT_PARENTS), 0)
    bones = places - places[:, above]
    length = np.maximum(np.linalg.norm(bones, axis=-1), 1e-9)
    return np.abs(np.sum(bones * sight.rays, axis=-1)) / length


def _accumulated(own: np.ndarray) -> np.ndarray:
    """(T, 65) the sum of each point's own value and of all above it."""
    out = own.copy()
    for point, parent in enumerate(POINT_PARENTS):
        if parent >= 0:
            out[:, point] += out[:, parent]
    return out


def _tilt(sight: Sight, model: ErrorModel, chance: Chance) -> np.ndarray:
    """(T, 4) a turn of the whole body about the picture's axes."""
    size = np.radians(model.tilt_degrees)
    return rot.exp(size * (chance.whole[:, :1] * sight.right + chance.whole[:, 1:2] * sight.up))


def _tilted(places: np.ndarray, sight: Sight, tilt: np.ndarray) -> np.ndarray:
    """(T, 65, 3) metres: what a turn of the whole body does to depth; in the picture points stay."""
    relative = places - places[:, :1]
    way = rot.rotate(tilt[:, None], relative) - relative
    return np.sum(way * sight.rays[:, :1], axis=-1, keepdims=True) * sight.rays


def _interpolate(points: np.ndarray, dropped: np.ndarray) -> None:
    """Fill in body joints where they are missing, between the frames before and after, against the pelvis."""
    frames = np.arange(len(points))
    for joint in np.flatnonzero(dropped.any(axis=0)):
        known = ~dropped[:, joint]
        if not known.any():
            continue  # never seen: where the body prior has it
        way = points[:, joint] - points[:, 0]
        filled = np.stack([np.interp(frames, frames[known], way[known, k]) for k in range(3)], axis=-1)
        shift = filled - way
        points[:, joint] += shift
        if joint in WRISTS:
            points[:, list(HANDS[WRISTS.index(joint)])] += shift[:, None]


def _swap(points: np.ndarray, sight: Sight, model: ErrorModel, chance: Chance) -> np.ndarray:
    """Exchange the hands' places in frames that confuse them; (T,) 1.0 in those frames."""
    seen, hidden = (
        np.clip((far - sight.hands_apart) / (far - close), 0.0, 1.0) for far, close in (_NEAR, _NEAR_HIDDEN)
    )
    unclear = np.maximum(seen, hidden * np.minimum(sight.hand_hidden.min(axis=1) * 2, 1.0))
    swapped = happens(chance.swap, model.swap * unclear)
    left, right = WRISTS
    shift = np.where(swapped[:, None], points[:, right] - points[:, left], 0.0)
    for wrist, way in ((left, shift), (right, -shift)):
        points[:, [wrist, *HANDS[WRISTS.index(wrist)]]] += way[:, None]
    return swapped.astype(float)


def _missed(sight: Sight, model: ErrorModel, chance: Chance) -> np.ndarray:
    """(T, 2) 1.0 where a hand is not found."""
    small = np.clip(1.5 - sight.hand_px / model.small_px, 0.0, 1.0)
    fast = np.clip(sight.hand_step / sight.hand_px / model.blur - 0.5, 0.0, 1.0)
    hard = 1 - (1 - sight.hand_hidden) * (1 - 0.5 * small) * (1 - 0.5 * fast)
    return happens(chance.missed, model.missed + model.missed_hidden * hard).astype(float)


def _at_rest(missed: np.ndarray, sight: Sight, model: ErrorModel) -> np.ndarray:
    """(T, 2) from 0 to 1: how far the fingers of each hand go to rest; missed: (T, 2)."""
    small = _about(model.small_px / sight.hand_px)
    fast = _about(sight.hand_step / sight.hand_px / model.blur)
    kept = (1 - model.fingers_small * small) * (1 - model.fingers_fast * fast)
    kept = kept * (1 - model.fingers_hidden * sight.hand_hidden) * (1 - missed)
    return np.clip(smoothed(1 - kept, 1.0), 0.0, 1.0)


def _about(ratio: np.ndarray) -> np.ndarray:
    """0 for a small ratio, 1/2 at 1, to 1 for a large one."""
    cube = ratio**3
    return cube / (1 + cube)
