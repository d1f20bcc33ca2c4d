"""What a staged clip shows of its performers, measured on posed bodies: the facts that captions tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from motionpair.postures import Happening, Observed
from render.carriage import Body, body_of, posture_at, unit
from render.characters.skinning import skin
from render.motion import Motion
from render.scene import Actor, CameraTrack
from render.stage import StagedClip

TURN = (30.0, 330.0)
"""Degrees of a turn between the first and the last frame that is worth words."""
FAR = 0.75
"""Metres between the first and the last frame's place that are worth words."""
ALONG = 0.85
"""Cosine between a way and a direction of the picture that it is said to go in."""
SEEN = 0.1
"""Share of a garment's vertices inside the picture, in the first, middle and last frame, that shows it."""
TOWARDS = (60.0, 2 / 3)
"""Degrees that one who is turned to somebody is turned away at most; share of the frames, at least."""
_SAMPLE = 7
"""Every how many vertices of a garment are looked at."""


def observe_performers(staged: StagedClip) -> tuple[Observed, ...]:
    """The facts of each performer of a clip, in the scene's order."""
    actors = staged.scene.actors
    return tuple(_observe(staged, k, [a for a in actors if a is not actor]) for k, actor in enumerate(actors))


def _observe(staged: StagedClip, k: int, others: Sequence[Actor]) -> Observed:
    scene, motion = staged.scene, staged.motions[k]
    actor = scene.actors[k]
    body, camera, last = body_of(actor), scene.camera, scene.frames - 1
    pixels, depth = camera.project(np.array(body.at("spine2"))[:, None])
    across = pixels[:, 0, 0] / camera.width
    way = body.joints[last, 0] - body.joints[0, 0]
    length = max(last / scene.fps, 1e-9)
    return Observed(
        first=posture_at(actor, motion, body, camera, 0, others, scene.fps),
        last=posture_at(actor, motion, body, camera, last, others, scene.fps),
        happenings=tuple(
            Happening(min(a / length, 1.0), min(b / length, 1.0), words) for a, b, words in motion.events
        ),
        turned=_turned(motion, body),
        travelled=_travelled(way),
        way=_way(way, camera),
        raises=(_raises(body, motion, "left", scene.fps), _raises(body, motion, "right", scene.fps)),
        hidden=_hidden(actor, camera),
        across=(round(float(across[0]), 4), round(float(across[last]), 4)),
        depth=(round(float(depth[0, 0]), 4), round(float(depth[last, 0]), 4)),
        looks_down=round(math.asin(max(-1.0, min(1.0, float(camera.rotation[last // 2, 2, 2])))), 4),
        towards=_towards(body, others),
    )


def _turned(motion: Motion, body: Body) -> float:
    """Degrees from the first frame to the last, left positive, where the way there is one turn."""
    if motion.support == "trunk":
        return 0.0
    headings = [math.atan2(float(v[1]), float(v[0])) for v in body.ahead]
    way = np.degrees(np.unwrap(np.array(headings)))
    total = float(way[-1] - way[0])
    if not TURN[0] <= abs(total) <= TURN[1] or float(np.ptp(way)) > 1.25 * abs(total):
        return 0.0
    return round(total, 1)


def _travelled(way: np.ndarray) -> float:
    far = math.hypot(float(way[0]), float(way[1]))
    return round(far, 3) if far >= FAR else 0.0


def _way(way: np.ndarray, camera: CameraTrack) -> Literal["", "left", "right", "towards", "away"]:
    far = math.hypot(float(way[0]), float(way[1]))
    if far < FAR:
        return ""
    axes = camera.rotation[len(camera.rotation) // 2]
    across = float(way[0] * axes[0, 0] + way[1] * axes[1, 0]) / far
    back = unit(axes[:, 2] * np.array([1.0, 1.0, 0.0]))
    near = float(way[0] * back[0] + way[1] * back[1]) / far
    if abs(across) > ALONG:
        return "right" if across > 0 else "left"
    if abs(near) > ALONG:
        return "towards" if near > 0 else "away"
    return ""


def _towards(body: Body, others: Sequence[Actor]) -> bool:
    """Whether the body is turned to one of the others, whichever, in most of the frames."""
    turned = np.zeros(len(body.joints), bool)
    for other in others:
        way = np.array(other.pose.positions[:, 0], dtype=float) - body.joints[:, 0]
        cosine = (unit(way * (1.0, 1.0, 0.0)) * body.ahead).sum(axis=-1)
        turned |= cosine >= math.cos(math.radians(TOWARDS[0]))
    return bool(turned.mean() >= TOWARDS[1])


def _raises(body: Body, motion: Motion, side: str, fps: int) -> bool:
    """Whether a hand is above the head for a while after it was below the shoulder."""
    if motion.support != "feet":
        return False
    palm = (body.at(f"{side}_wrist") + body.at(f"{side}_middle1"))[:, 2] / 2
    trunk = np.sqrt(((body.at("neck") - body.at("pelvis")) ** 2).sum(axis=-1))
    over = palm > body.at("head")[:, 2] + 0.4 * trunk
    below = palm < body.at(f"{side}_shoulder")[:, 2]
    first = int(np.argmax(over)) if over.any() else 0
    return bool(over.sum() >= 0.2 * fps and below[:first].any())


def _hidden(actor: Actor, camera: CameraTrack) -> tuple[int, ...]:
    """Which of the character's garments the picture does not show, or shows a corner of."""
    character, last = actor.character, len(camera.position) - 1
    frames = np.array([0, last // 2, last])
    view = CameraTrack(
        camera.position[frames], camera.rotation[frames], camera.focal[frames], camera.width, camera.height
    )
    shown: dict[int, bool] = {}
    for part in character.parts:
        if part.garment < 0:
            continue
        vertices = np.arange(0, len(part.vertices), _SAMPLE)
        points = skin(part, character.rig, actor.pose, vertices, frames)
        pixels, depth = view.project(points)
        inside = (depth > 0) & (pixels >= 0).all(axis=-1)
        inside &= (pixels[..., 0] < view.width) & (pixels[..., 1] < view.height)
        enough = float(inside.mean(axis=1).min()) >= SEEN
        shown[part.garment] = shown.get(part.garment, False) or enough
    return tuple(sorted(k for k, seen in shown.items() if not seen))
