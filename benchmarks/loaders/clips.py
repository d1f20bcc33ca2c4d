"""The samples: a dataset with real H.264 clips of about 0.73 MB a pair, and the same blobs as loose files.

Pairs and their rows are those of the tests (`tests/motionpair/synthetic.py`), with larger clips: grain over
drifting clouds, as hard to encode as a rendered picture with noise. A few clips are shared out among all
pairs; stores do not see that, and nobody has to wait for encoders.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from motionpair import durable, manifest, media, metadata, schema, shards
from motionpair.annotations import ARRAYS, CLIPS, pack
from motionpair.quarantine import write_quarantine
from motionpair.specs import PairSpec

WIDTH, HEIGHT, FRAMES, FPS = 448, 256, 81, 16
PAIRS = 256
SHARD_PAIRS = 32
_CLIPS = 8
_GRAIN = 0.8
"""Standard deviation of the grain, 8 bit; sets the size of a clip."""


def tests(name: str) -> ModuleType:
    """A module of the tests that makes datasets."""
    folder = str(Path(__file__).parents[2] / "tests" / "motionpair")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return __import__(name)


def make(folder: Path, pairs: int = PAIRS) -> tuple[Path, Path]:
    """The dataset and the loose files under a folder, made where they are missing.

    Returns:
        The dataset, and a folder with a folder a pair.
    """
    dataset, samples = folder / "dataset", folder / "samples"
    wanted = {"pairs": pairs, "clips": _CLIPS, "size": [WIDTH, HEIGHT, FRAMES], "grain": _GRAIN}
    stamp = folder / "clips.json"
    if not stamp.exists() or json.loads(stamp.read_text()) != wanted:
        for old in (dataset, samples, stamp):
            if old.exists():
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        _write(dataset, samples, pairs)
        durable.write_bytes(stamp, json.dumps(wanted).encode())
    return dataset, samples


def _write(dataset: Path, samples: Path, pairs: int) -> None:
    synthetic = tests("synthetic")
    rng = np.random.default_rng(5)
    clips = [media.encode_video(_clouds(rng), FPS) for _ in range(_CLIPS)]
    masks = [media.encode_mask(_figure(rng), FPS) for _ in range(_CLIPS)]
    pictures = [media.encode_reference(_clouds(rng, 1)[0]) for _ in range(_CLIPS)]
    labels = [media.encode_mask_image(_figure(rng, 1)[0]) for _ in range(_CLIPS)]
    arrays = [pack(_arrays(rng, synthetic.pair_spec(0))) for _ in range(_CLIPS)]
    (dataset / "shards").mkdir(parents=True)
    names = []
    for first in range(0, pairs, SHARD_PAIRS):
        made = []
        for slot in range(first, min(first + SHARD_PAIRS, pairs)):
            base = replace(synthetic.pair_spec(slot), width=WIDTH, height=HEIGHT, frames=FRAMES, fps=FPS)
            of = [slot * by % _CLIPS for by in (1, 3, 5, 7)]
            blobs = dict.fromkeys(schema.OPTIONAL_BLOBS, b"") | {
                "driving": clips[of[0]],
                "driving_mask": masks[of[1]],
                "target": clips[(of[2] + 1) % _CLIPS],
                "target_mask": masks[(of[3] + 1) % _CLIPS],
                "reference": pictures[of[0]],
                "reference_mask": labels[of[1]],
                "annotations": arrays[of[2]],
            }
            row = synthetic.row_of(base)
            made.append((row, lambda blobs=blobs: blobs))
            write_loose(samples / row["pair_id"], row, blobs)
        names.append(shards.shard_name(first // SHARD_PAIRS))
        shards.write_pairs(dataset / names[-1], made)
    metadata.build_metadata(dataset, names)
    write_quarantine(dataset, [])
    facts = manifest.Facts({"name": "clips"}, "0" * 64, 1, pairs, "0" * 64, {"motionpair": "0"}, {})
    manifest.write_manifest(dataset, facts)


def write_loose(folder: Path, row: dict[str, Any], blobs: dict[str, bytes]) -> None:
    """A pair as files: its caption, and its blobs but for empty ones."""
    folder.mkdir(parents=True)
    (folder / "caption.txt").write_text(row["caption"])
    for name, data in blobs.items():
        if data:
            (folder / f"{name}{Path(schema.BLOBS[name]).suffix}").write_bytes(data)


def _clouds(rng: np.random.Generator, frames: int = FRAMES) -> np.ndarray:
    """Coloured waves that drift over each other, with grain: (T, H, W, 3) uint8."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    count = 8
    waves = rng.uniform(0.005, 0.08, (count, 2)) * rng.choice([-1, 1], (count, 2))
    drift, tint = rng.uniform(-0.3, 0.3, count), rng.normal(0, 14, (count, 3))
    at = [np.float32(fx) * x + np.float32(fy) * y for fx, fy in waves]
    basis = np.stack([np.sin(at), np.cos(at)])  # sin(a + b) = sin a cos b + cos a sin b
    out = np.empty((frames, HEIGHT, WIDTH, 3), np.uint8)
    for t in range(frames):
        moved = np.stack([np.cos(drift * t), np.sin(drift * t)])[..., None] * tint
        picture = 128 + np.tensordot(basis, moved.astype(np.float32), axes=((0, 1), (0, 1)))
        grain = rng.normal(0, _GRAIN, (HEIGHT, WIDTH, 1))
        out[t] = np.clip(picture + grain, 0, 255)
    return out


def _figure(rng: np.random.Generator, frames: int = FRAMES) -> np.ndarray:
    """An ellipse that sways in front of the environment: labels (T, H, W) uint8."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    slot, speed = int(rng.integers(2, 8)), rng.uniform(0.05, 0.2)
    out = np.ones((frames, HEIGHT, WIDTH), np.uint8)
    for t in range(frames):
        left = WIDTH / 2 + 60 * np.sin(speed * t)
        out[t][((x - left) / 60) ** 2 + ((y - HEIGHT / 2) / 110) ** 2 < 1] = slot
    return out


def _arrays(rng: np.random.Generator, spec: PairSpec) -> dict[str, np.ndarray]:
    """Annotations of one performer; joints at random, which does not compress, make up their usual size."""
    sizes = {"T": FRAMES, "K": len(spec.target.performers)}
    arrays = {}
    for name, of in ARRAYS.items():
        shape = [sizes[n] if isinstance(n, str) else n for n in of.shape]
        for clip in CLIPS:
            values = rng.uniform(0, 200, shape) if name.startswith("joints") else np.zeros(shape)
            arrays[f"{clip}/{name}"] = values.astype(of.dtype)
    return arrays
