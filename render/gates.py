"""The two quality gates of a candidate: one on geometry, before a frame is paid for, one on pixels.

Each gate measures figures (named as in the row, where the row holds them) and raises `Discard` with the
first limit that is broken. Limits are the recipe's (`motionpair.recipe.Limits`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from motionpair.cast import identity_distance
from motionpair.recipe import Limits
from motionpair.specs import ClipSpec, PairSpec
from render import footing, touch, wear
from render.characters.skinning import skin
from render.engines import Frames
from render.framing import hand_side
from render.scene import Actor, Scene
from render.skeleton import BODY_JOINTS, JOINT_INDEX
from render.stage import StagedClip

LIMBS = tuple(
    (JOINT_INDEX[f"{side}_{a}"], JOINT_INDEX[f"{side}_{b}"])
    for side in ("left", "right")
    for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
)
"""(start, end) joints of the limbs whose directions driving and target must share."""

_SPINE = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
BONES = tuple((JOINT_INDEX[a], JOINT_INDEX[b]) for a, b in pairwise(_SPINE)) + LIMBS
"""(start, end) joints of the bones that bodies are thick around."""
BALL_STEP, FEWEST = 6, 6
"""Every how many vertices tell how thick a bone is; how few tell nothing."""
MOST_OVERLAP = 0.04
"""Metres that two bodies may share before it shows: flesh and cloth give way."""
_ARMS = tuple(JOINT_INDEX[f"{s}_{j}"] for s in ("left", "right") for j in ("elbow", "wrist"))

LUMA = (0.2126, 0.7152, 0.0722)
"""Rec. 709 weights of R'G'B'."""


class Discard(Exception):
    """A candidate that a gate turned down. reason: a short name to count by; the text adds the figure."""

    def __init__(self, reason: str, figure: float, limit: str) -> None:
        super().__init__(f"{reason}: {figure:.4g}, accepted: {limit}")
        self.reason = reason
        self.figure = figure
        self.limit = limit


def judge_geometry(
    spec: PairSpec, driving: StagedClip, target: StagedClip, limits: Limits
) -> dict[str, float]:
    """Measure a staged pair and hold it against the limits that need no pixels.

    Raises:
        Discard: identities too alike, feet sliding or sunk, bodies in the ground or out of the picture, hands
            that miss what they touch or are too small in a close-up, clothes that tear, a motion too still,
            performers who run into each other, or limbs that point elsewhere in the two clips.
    """
    figures: dict[str, float] = {}
    figures |= _identity(spec)
    _at_least("identity shape", figures["identity_shape_distance"], limits.shape_distance)
    _at_least("identity colours", figures["identity_colour_distance"], limits.colour_distance)
    for side, clip, staged in (("driving", spec.driving, driving), ("target", spec.target, target)):
        feet = [footing.measure(a.character, a.pose, spec.fps) for a in staged.scene.actors]
        slide = max(f.slide_p95_mm for f in feet)
        sunk = max(f.penetration_mm for f in feet)
        figures[f"{side}_contact_slide_p95_mm"] = float(slide)
        figures[f"{side}_sole_penetration_mm"] = float(sunk)
        cast = [a.character for a in staged.scene.actors]
        poses = [a.pose for a in staged.scene.actors]
        missed = touch.touch_error_mm(staged.motions, cast, poses)
        figures[f"{side}_touch_error_mm"] = float(missed)
        _at_most("hands miss", missed, limits.touch_error_mm)
        deep = max(footing.body_penetration_mm(*each) for each in zip(cast, poses, strict=True))
        figures[f"{side}_body_penetration_mm"] = float(deep)
        if clip.estimator.name == "exact":  # an estimator's error may well slide or sink a foot
            _at_most("contact slide", slide, limits.contact_slide_mm)
            _at_most("sole penetration", sunk, limits.penetration_mm)
            _at_most("body penetration", deep, limits.body_penetration_mm)
        inside = _in_frame_share(clip, staged)
        figures[f"{side}_in_frame_share"] = inside
        _at_least("out of the picture", inside, limits.in_frame_share)
        seen = max(hand_side(staged.scene.camera, _hands(actor)) for actor in staged.scene.actors)
        figures[f"{side}_hand_side_px"] = seen
        if clip.camera.framing == "close_up":
            _at_least("hands too small", seen, limits.hand_side)
        poke, stretch = _wear(staged)
        figures[f"{side}_cloth_poke_share"] = poke
        figures[f"{side}_cloth_stretch"] = stretch
        _at_most("skin pokes through", poke, limits.cloth_poke_share)
        _at_most("cloth stretched", stretch, limits.cloth_stretch)
        apart = clearance(staged.scene, _embraced(staged))
        _at_least("performers collide", apart, limits.clearance)
        _at_most("performers overlap", overlap(staged.scene, _embraced(staged)), MOST_OVERLAP)
    figures["motion_energy"] = _motion_energy(target.scene)
    _at_least("too still", figures["motion_energy"], limits.motion_energy)
    _at_most("clips disagree", limb_disagreement(driving.scene, target.scene), limits.agreement_degrees)
    return figures


def judge_pixels(
    spec: PairSpec,
    driving: Frames,
    target: Frames,
    visible: Sequence[np.ndarray],
    limits: Limits,
) -> dict[str, float]:
    """Measure a rendered pair and hold it against the limits that need pixels.

    Args:
        spec: the pair.
        driving: frames of the driving clip.
        target: frames of the target clip.
        visible: `joint_visible` (T, K, 55) of both clips.
        limits: the recipe's.

    Raises:
        Discard: a performer too small or hidden, a frame too dark or too bright, or clips too alike.
    """
    figures: dict[str, float] = {}
    actors = len(spec.driving.performers)
    for side, frames, seen in (("driving", driving, visible[0]), ("target", target, visible[1])):
        shares = [float((frames.index == i + 1).mean()) for i in range(actors)]
        figures[f"{side}_mask_share"] = float((frames.performers() > 0).mean())
        _at_least("performer too small", min(shares), limits.mask_share)
        _at_least("performer hidden", float(seen.mean(axis=(0, 2)).min()), limits.visible_share)
        luma = mean_luma(frames.rgb)
        figures[f"{side}_mean_luma"] = float(luma.mean())
        low, high = (255 * v for v in limits.exposure)
        _at_least("too dark", float(luma.min()), low)
        _at_most("too bright", float(luma.max()), high)
    reference = target.index[spec.reference.frame]
    in_reference = min(float((reference == i + 1).mean()) for i in range(actors))
    _at_least("reference lacks a performer", in_reference, limits.mask_share)
    figures["pair_difference"] = _difference(driving, target)
    _at_least("driving too like target", figures["pair_difference"] / 255, limits.clip_difference)
    return figures


def mean_luma(rgb: np.ndarray) -> np.ndarray:
    """(T,) mean luma of each frame, 0 to 255.

    Channels are summed as whole numbers: a product of floats would round by where its arrays lie in memory,
    and a row's figures are the same in every run.
    """
    pixels = rgb.shape[1] * rgb.shape[2]
    red, green, blue = rgb.reshape(len(rgb), pixels, 3).sum(axis=1, dtype=np.int64).T / pixels
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


def limb_disagreement(driving: Scene, target: Scene) -> float:
    """Mean angle in degrees between the limbs' directions in the two scenes, over frames and performers."""
    start, end = (list(joints) for joints in zip(*LIMBS, strict=True))
    angles = []
    for a, b in zip(driving.actors, target.actors, strict=True):
        one, other = (
            (v := actor.pose.positions[:, end] - actor.pose.positions[:, start])
            / np.linalg.norm(v, axis=-1, keepdims=True)
            for actor in (a, b)
        )
        angles.append(np.arccos(np.clip((one * other).sum(-1), -1, 1)).mean())
    return float(np.degrees(np.mean(angles)))


def clearance(scene: Scene, touching: bool = False) -> float:
    """Least distance in metres between body joints of two performers, over frames; inf for one performer.

    touching: leave out elbows and wrists: hands that hold each other come close.
    """
    chosen = [j for j in range(len(BODY_JOINTS)) if not (touching and j in _ARMS)]
    nearest = np.inf
    for a, b in combinations(scene.actors, 2):
        one, other = (x.pose.positions[:, chosen] for x in (a, b))
        gaps = np.linalg.norm(one[:, :, None] - other[:, None], axis=-1)
        nearest = min(nearest, float(gaps.min()))
    return nearest


def overlap(scene: Scene, touching: bool = False) -> float:
    """How far two performers' bodies reach into each other, metres, over frames; 0 where they do not.

    A body is a row of balls along each bone, as thick as its skin and clothes are there; `touching` leaves
    out the forearms.
    """
    worst = 0.0
    if len(scene.actors) < 2:
        return worst
    balls = [_balls(actor, touching) for actor in scene.actors]
    for (one, thick), (other, wide) in combinations(balls, 2):
        gaps = np.linalg.norm(one[:, :, None] - other[:, None], axis=-1) - thick[:, None] - wide
        worst = max(worst, float(-gaps.min()))
    return worst


def _balls(actor: Actor, touching: bool) -> tuple[np.ndarray, np.ndarray]:
    """Centres (T, N, 3) of balls along the bones of an actor, and their radii (N,), metres."""
    rig, pose = actor.character.rig, actor.pose
    parts = [part for part in actor.character.parts if part.role in ("skin", "cloth")]
    points = np.concatenate([part.vertices[::BALL_STEP] for part in parts]).astype(float)
    owners = np.concatenate(
        [
            part.bones[np.arange(len(part.bones)), np.argmax(part.weights, axis=1)][::BALL_STEP]
            for part in parts
        ]
    )
    # A twist helper's skin belongs to the bone that it helps.
    owners = np.where(owners < len(BODY_JOINTS), owners, rig.parents[owners])
    centres, radii = [], []
    for start, end in BONES:
        if touching and start in _ARMS:
            continue
        along = rig.heads[end] - rig.heads[start]
        mine = points[owners == start] - rig.heads[start]
        share = np.clip(mine @ along / (along @ along), 0.0, 1.0)
        away = np.linalg.norm(mine - share[:, None] * along, axis=-1)
        if len(mine) < FEWEST:
            continue
        for at in (0.25, 0.75):
            near = away[np.abs(share - at) <= 0.25]
            if len(near):
                centres.append((1 - at) * pose.positions[:, start] + at * pose.positions[:, end])
                radii.append(float(np.percentile(near, 40)))
    if not centres:
        return np.zeros((len(pose.positions), 0, 3)), np.zeros(0)
    return np.stack(centres, axis=1), np.array(radii)


def _embraced(staged: StagedClip) -> bool:
    """Whether performers of the clip touch each other."""
    return any(contact.what != "ground" for motion in staged.motions for contact in motion.touches)


def _hands(actor: Actor) -> list[np.ndarray]:
    """Of each hand, (T, N, 3) some points of its skin, metres, world."""
    character = actor.character
    return [
        skin(character.part("body"), character.rig, actor.pose, vertices[::BALL_STEP])
        for vertices in character.hand_vertices
    ]


def _wear(staged: StagedClip) -> tuple[float, float]:
    """The largest share that pokes through a garment, and the largest stretch of one; 0 without any."""
    worn = [g for actor in staged.scene.actors for g in wear.measure(actor.character, actor.pose)]
    poke = max((max(g.skin, g.cloth) for g in worn), default=0.0)
    return float(poke), float(max((g.stretch for g in worn), default=0.0))


def _identity(spec: PairSpec) -> dict[str, float]:
    cast = [p.character for clip in (spec.driving, spec.target) for p in clip.performers]
    distances = np.array([identity_distance(a, b) for a, b in combinations(cast, 2)])
    shape, colour = distances.min(axis=0)
    return {"identity_shape_distance": float(shape), "identity_colour_distance": float(colour)}


def _in_frame_share(clip: ClipSpec, staged: StagedClip) -> float:
    """Share of the points that the framing is about inside the picture, of the performer with the least."""
    camera = staged.scene.camera
    size = np.array([camera.width, camera.height])
    shares = []
    for points in staged.faces if clip.camera.framing == "close_up" else staged.outlines:
        pixels, depth = camera.project(points)
        shares.append(float(((pixels >= 0) & (pixels <= size)).all(-1)[depth > 0].sum() / depth.size))
    return min(shares)


def _motion_energy(scene: Scene) -> float:
    """Mean speed of the body joints in m/s, of the performer with the least."""
    speeds = []
    for actor in scene.actors:
        path = actor.pose.positions[:, : len(BODY_JOINTS)]
        steps = np.linalg.norm(np.diff(path, axis=0), axis=-1)
        speeds.append(float(steps.mean() * scene.fps) if len(steps) else 0.0)
    return min(speeds)


def _difference(driving: Frames, target: Frames) -> float:
    """Mean absolute difference, 0 to 255, over the pixels where either clip shows a character."""
    characters = (driving.performers() > 0) | (target.performers() > 0)
    one, other = driving.rgb[characters].astype(np.int16), target.rgb[characters].astype(np.int16)
    return float(np.abs(one - other).mean()) if len(one) else 0.0


def _at_least(reason: str, figure: float, limit: float) -> None:
    if not figure >= limit:
        raise Discard(reason, figure, f"at least {limit:.4g}")


def _at_most(reason: str, figure: float, limit: float) -> None:
    if not figure <= limit:
        raise Discard(reason, figure, f"at most {limit:.4g}")
