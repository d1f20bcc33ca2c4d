"""How far estimated motions are from the exact ones, beside the published accuracies that they stand for.

Every family of the motion library, on bodies of different builds, filmed in full and in close-up. Prints
the table of docs/estimators.md. `--seeds N` takes N motions of each family (1).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.garments import character
from motionpair.catalog import MOTION_FAMILIES
from motionpair.specs import Camera, MotionSpec, Phrase
from pipelines.generate import rendering
from render import cameras, mannequin
from render import rotations as rot
from render.characters.baked import BakedCharacter
from render.characters.skinning import skin
from render.characters.store import CharacterStore
from render.depth import depth_buffer
from render.estimators import ACCURATE, WEAK, ErrorModel, View, estimate, see
from render.estimators.errors import measure
from render.estimators.points import HANDS, WRISTS, Body, body_of
from render.motion import Motion
from render.motions import perform
from render.retarget import retarget
from render.scene import Actor
from render.skeleton import BODY_JOINTS, JOINT_INDEX

FPS, FRAMES = 16, 49
WIDTH, HEIGHT = 512, 896
CAST = (
    ("average woman", ("tee", "trousers", "shoes")),
    ("athletic man", ("polo", "jacket", "trousers", "boots")),
    ("child", ("dress", "shoes")),
)
FRAMINGS = ("full_body", "close_up")
THRESHOLDS = np.arange(0.5, 0.96, 0.05)
"""Of OKS, over which COCO's AP is averaged."""

_NOSE = (0.0, -0.112, 0.004)
_COCO = tuple(f"{side}_{n}" for n in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
              for side in ("left", "right"))  # fmt: skip
_OKS = np.array([0.026, 0.025, 0.025, 0.035, 0.035] + [
    k for k in (0.079, 0.072, 0.062, 0.107, 0.087, 0.089) for _ in (0, 1)])  # fmt: skip
"""COCO's constants of nose, eyes, ears, and _COCO."""

PUBLISHED = """\
published (source)
  accurate: SDPose, lifted as by NLF
    COCO val AP: on a par with Sapiens-1B and -2B (SDPose, arXiv 2509.24980, abstract), which reach 82 (from
      memory); crops of 1024 x 768 (its model card)
    NLF-L+fit: MPJPE / PA-MPJPE 54.9 / 33.6 mm on 3DPW, 68.4 / 40.9 on EMDB; PCK@0.05 74.9 on COCO (SAM 3D
      Body, table 2)
    hands: 5.5 (WiLoR) and 6.0 mm (HaMeR) PA-MPJPE on FreiHAND, crops of the hand (SAM 3D Body, table 4)
  weak: ViTPose, lifted as by HMR 2.0
    COCO val AP 79.1 (ViTPose-H, 256 x 192; its README); COCO-WholeBody AP 61.2 (ViTPose+-H; its README)
    HMR 2.0: 70.0 / 44.5 mm on 3DPW (model a; Humans in 4D, table 1), 81.3 / 54.3 on 3DPW and 118.5 / 79.2
      on EMDB, PCK@0.05 86.1 on COCO (model b; SAM 3D Body, table 2)
    hands of one whole-body network: 15.9 mm PA-PVE on EHF (OSX, CVPR 2023; from memory)"""


@dataclass(frozen=True)
class Figures:
    """Means over the frames of a clip. Shares are of frames, of hands in frames, or of joints in frames."""

    body_mm: float
    body_pa_mm: float
    body_px: float
    oks_ap: float
    pck: float
    limb_degrees: float
    hand_pa_mm: float
    fingertip_mm: float
    fingertip_px: float
    relaxed: float
    missed: float
    swapped: float
    dropped: float


LABELS = {
    "body_mm": "body MPJPE, mm, pelvis on pelvis",
    "body_pa_mm": "body PA-MPJPE, mm",
    "body_px": f"body, px at {WIDTH} x {HEIGHT}",
    "oks_ap": "AP of OKS, 17 COCO keypoints",
    "pck": "PCK@0.05, 17 COCO keypoints",
    "limb_degrees": "directions of limbs, degrees",
    "hand_pa_mm": "hand PA-MPJPE, mm",
    "fingertip_mm": "fingertips, mm, wrist on wrist",
    "fingertip_px": f"fingertips, px at {WIDTH} x {HEIGHT}",
    "relaxed": "hands whose fingers are at rest, %",
    "missed": "hands not found, %",
    "swapped": "frames with hands swapped, %",
    "dropped": "body joints missing, %",
}


def view_of(motion: Motion, baked: BakedCharacter, framing: str, azimuth: float, seed: int) -> View:
    """The motion on a body that stands at the origin, before a still camera."""
    pose = retarget(motion, baked, (0.0, 0.0), 0.0)
    body = baked.part("body")
    worn = [part for part in baked.parts if part.role in ("skin", "cloth", "shoe")]
    outline = [skin(part, baked.rig, pose, np.arange(0, len(part.vertices), 24)) for part in worn]
    face = skin(body, baked.rig, pose, baked.face_vertices[::24])
    hands = skin(body, baked.rig, pose, np.concatenate(baked.hand_vertices)[::24])
    how = Camera("static", framing, azimuth, 0.08, 40.0, 0.05, 0.0, 0.0, seed)  # type: ignore[arg-type]
    track = cameras.solve(how, outline, face, WIDTH, HEIGHT, motion.frames, motion.fps, hands=hands)
    depth, index = depth_buffer([Actor(baked, pose, 1)], track)
    return View(baked, pose, (0.0, 0.0), 0.0, track, depth, index, 0)


def figures(motion: Motion, model: ErrorModel, seed: int, view: View) -> Figures:
    """The errors of one estimate."""
    estimated = estimate(motion, model, seed, view)
    seen = see(motion, model, seed, view)
    errors = measure(motion, estimated, view)
    body = body_of(view.character, view.position, view.heading)
    turns = [body.turns(m) for m in (motion, estimated)]
    one, other = (body.places(q, body.root(m)) for q, m in zip(turns, (motion, estimated), strict=True))
    joints = slice(0, len(BODY_JOINTS))
    hands = [[wrist, *hand] for wrist, hand in zip(WRISTS, HANDS, strict=True)]
    oks, pck = _keypoints(_coco(body, turns[0], one), _coco(body, turns[1], other), view)
    return Figures(
        body_mm=errors.body_mm,
        body_pa_mm=_aligned_mm(one[:, joints], other[:, joints]),
        body_px=errors.body_px,
        oks_ap=100 * float(np.mean(oks[:, None] > THRESHOLDS)),
        pck=100 * pck,
        limb_degrees=errors.limb_degrees,
        hand_pa_mm=float(np.mean([_aligned_mm(one[:, hand], other[:, hand]) for hand in hands])),
        fingertip_mm=errors.fingertip_mm,
        fingertip_px=errors.fingertip_px,
        relaxed=100 * float(np.mean(seen.rest > 0.5)),
        missed=100 * float(np.mean(seen.missed > 0.5)),
        swapped=100 * float(np.mean(seen.swapped > 0.5)),
        dropped=100 * float(np.mean(seen.dropped[:, joints])),
    )


def _coco(body: Body, turns: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(T, 17, 3) COCO's keypoints; nose and ears are the mannequin's, as large as the head."""
    head, eyes = JOINT_INDEX["head"], [JOINT_INDEX[f"{s}_eye_smplhf"] for s in ("left", "right")]
    size = body.lengths[eyes[0]] / np.linalg.norm(mannequin.OFFSETS[eyes[0]])
    ear = np.array(mannequin.EAR)
    own = size * np.stack([_NOSE, ear, ear * np.array([-1.0, 1.0, 1.0])])
    nose, left, right = np.moveaxis(places[:, head, None] + rot.rotate(turns[:, head, None], own), 1, 0)
    rest = places[:, [*eyes, *(JOINT_INDEX[n] for n in _COCO)]]
    return np.concatenate([nose[:, None], rest[:, :2], left[:, None], right[:, None], rest[:, 2:]], axis=1)


def _keypoints(one: np.ndarray, other: np.ndarray, view: View) -> tuple[np.ndarray, float]:
    """OKS (T,) of each frame's performer, of the keypoints inside the picture; and PCK at 0.05 of the box."""
    camera = view.camera
    pixels, depth = camera.project(one)
    guess, _ = camera.project(other)
    size = np.array([camera.width, camera.height])
    labelled = (depth > 0) & (pixels >= 0).all(-1) & (pixels < size).all(-1)
    mine = view.index == view.ordinal + 1
    area = mine.sum(axis=(1, 2)) * (camera.height / view.index.shape[1]) ** 2
    away = np.linalg.norm(guess - pixels, axis=-1)
    unit = 2 * _OKS * np.sqrt(np.maximum(area, 1.0))[:, None]
    score = np.exp(-0.5 * (away / unit) ** 2)
    rows, columns = mine.any(axis=2).sum(axis=1), mine.any(axis=1).sum(axis=1)
    box = np.maximum(rows, columns) * camera.height / view.index.shape[1]
    right = away < 0.05 * box[:, None]
    count = np.maximum(labelled.sum(axis=1), 1)
    return (score * labelled).sum(axis=1) / count, float(right[labelled].mean())


def _aligned_mm(one: np.ndarray, other: np.ndarray) -> float:
    """Mean distance in mm after the best similarity (Umeyama 1991) takes `other` to `one`, (T, N, 3) each."""
    a, b = (p - p.mean(axis=1, keepdims=True) for p in (other, one))
    left, size, right = np.linalg.svd(np.einsum("tni,tnj->tij", b, a))
    sign = np.ones_like(size)
    sign[:, 2] = np.linalg.det(left) * np.linalg.det(right)
    turn = (left * sign[:, None]) @ right
    scale = (size * sign).sum(axis=1) / (a**2).sum(axis=(1, 2))
    fitted = scale[:, None, None] * np.einsum("tij,tnj->tni", turn, a)
    return 1e3 * float(np.linalg.norm(fitted - b, axis=-1).mean())


def cases(store: CharacterStore, seeds: int) -> Iterator[tuple[str, int, Motion, View]]:
    """Framing, seed, motion and view of every clip."""
    cast = [character(*who) for who in CAST]
    store.ensure(cast)
    for seed in range(seeds):
        for k, family in enumerate(MOTION_FAMILIES):
            rng = np.random.default_rng([seed, k])
            params = {n: float(rng.uniform(r.low, r.high)) for n, r in MOTION_FAMILIES[family].params.items()}
            spec = MotionSpec("estimators", (Phrase(family, FRAMES / FPS, params),), seed)
            motion = perform(spec, FPS, FRAMES)
            who = store.load(cast[(k + seed) % len(cast)])
            for framing in FRAMINGS:
                azimuth = float(rng.uniform(-0.9, 0.9))
                yield framing, 1000 * seed + k, motion, view_of(motion, who, framing, azimuth, k)


def main() -> None:
    seeds = int(sys.argv[sys.argv.index("--seeds") + 1]) if "--seeds" in sys.argv else 1
    store = CharacterStore(rendering(Path(tempfile.gettempdir()), None).cache)
    found: dict[tuple[str, str], list[Figures]] = {}
    spent, frames = 0.0, 0
    for framing, seed, motion, view in cases(store, seeds):
        for name, model in (("accurate", ACCURATE), ("weak", WEAK)):
            start = time.process_time()
            estimate(motion, model, seed, view)
            spent, frames = spent + time.process_time() - start, frames + motion.frames
            found.setdefault((name, framing), []).append(figures(motion, model, seed, view))
    columns = [(name, framing) for framing in FRAMINGS for name in ("accurate", "weak")]
    clips = len(found[columns[0]])
    print(f"{clips} clips of {FRAMES} frames in each framing, {len(MOTION_FAMILIES)} families")
    print(f"{'':38s}" + "".join(f"{framing.replace('_', ' '):>12s}" for _, framing in columns))
    print(f"{'':38s}" + "".join(f"{name:>12s}" for name, _ in columns))
    for key, label in LABELS.items():
        means = [np.mean([asdict(f)[key] for f in found[column]]) for column in columns]
        print(f"{label:38s}" + "".join(f"{mean:12.1f}" for mean in means))
    print(f"estimating: {81 * spent / frames:.3f} CPU s for 81 frames of one performer")
    print(PUBLISHED)


if __name__ == "__main__":
    main()
