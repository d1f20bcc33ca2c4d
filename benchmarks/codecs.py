"""What the DCT codec keeps of a dataset's clips, and what it takes.

`python -m benchmarks.codecs OUT...`: PSNR (dB) of targets, of all frames and of first frames alone, and CPU
seconds. With `--measure` first the 16 coefficients of most energy, with their means and deviations: the
constants of `model.codecs.dct`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from model.codecs.dct import YCBCR, DctCodec, cosines
from motionpair import media, shards


def clips(out: Path, column: str, every: int = 1) -> Iterator[torch.Tensor]:
    """Every so manyth pair's clip, (T, 3, H, W) uint8; from a dataset's shards, finished or not."""
    for path in sorted((out / "shards").glob("shard-*.parquet")):
        pairs = list(zip(shards.rows(path), shards.blob_table(path), strict=True))
        for row, places in pairs[::every]:
            data = shards.read_blob(path, places[column].offset, places[column].length)
            size = {name: row[name] for name in ("width", "height", "frames", "fps")}
            yield torch.from_numpy(media.decode_video(data, **size).transpose(0, 3, 1, 2))


def halved(clip: torch.Tensor) -> torch.Tensor:
    """A clip (T, 3, H, W) at half size."""
    length, _, height, width = clip.shape
    return clip.reshape(length, 3, height // 2, 2, width // 2, 2).mean((3, 5))


def coefficients(clip: torch.Tensor) -> np.ndarray:
    """All coefficients of every block: (blocks, 3, 4, 8, 8)."""
    frames = torch.cat([clip[:1].expand(3, -1, -1, -1), clip])
    length, _, height, width = frames.shape
    blocks = frames.reshape(length // 4, 4, 3, height // 8, 8, width // 8, 8).permute(0, 3, 5, 2, 1, 4, 6)
    flat = blocks.reshape(-1, 3, 4, 8, 8)
    for axis, matrix in ((1, YCBCR), (2, cosines(4)), (3, cosines(8)), (4, cosines(8))):
        flat = torch.tensordot(flat, torch.from_numpy(matrix), dims=([axis], [1])).movedim(-1, axis)
    return flat.numpy()


def moments(clip: torch.Tensor) -> np.ndarray:
    """Mean and mean square of every coefficient over a clip's blocks, (2, 3, 4, 8, 8)."""
    found = coefficients(clip)
    return np.stack([found.mean(axis=0), (found**2).mean(axis=0)])


def measure(outs: list[Path], every: int) -> None:
    """Print the constants; every clip weighs the same.

    Which coefficients: by their energy, in R, G and B, in targets. Means and deviations: of targets and of
    driving clips at half size, since both are encoded.
    """
    full = [moments(c.double() / 255) for out in outs for c in clips(out, "target", every)]
    half = [moments(halved(c.double() / 255)) for out in outs for c in clips(out, "driving", every)]
    energy = np.mean(full, axis=0)[1]
    first, second = np.mean([*full, *half], axis=0)
    seen = energy * (np.linalg.inv(YCBCR) ** 2).sum(axis=0)[:, None, None, None]
    best = [np.unravel_index(i, seen.shape) for i in np.argsort(-seen, axis=None)[:16]]
    kept = sorted(best, key=lambda at: (tuple(at[1:]) != (0, 0, 0), -seen[at] if any(at[1:]) else at[0]))
    print(f"{len(full)} pairs; {1 - sum(seen[at] for at in kept) / seen.sum():.4f} of the energy is left out")
    print("KEPT =", tuple(tuple(int(i) for i in at) for at in kept))
    print("MEAN =", tuple(round(float(first[at]), 4) for at in kept))
    print("STD =", tuple(round(float(np.sqrt(second[at] - first[at] ** 2)), 4) for at in kept))


def psnr(found: torch.Tensor, true: torch.Tensor) -> float:
    """Peak signal to noise ratio of uint8 frames, dB."""
    return float(-10 * torch.log10(((found.double() - true.double()) / 255).square().mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("outs", nargs="+", type=Path, metavar="OUT")
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="one of so many pairs")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.measure:
        measure(asked.outs, asked.every)
    codec = DctCodec()
    for out in asked.outs:
        whole, first, moving, seconds, pixels = [], [], [], 0.0, 0
        for clip in clips(out, "target", asked.every):
            start = time.process_time()
            latents = codec.encode(clip[None])
            decoded = codec.decode(latents)[0]
            seconds += time.process_time() - start
            pixels += clip.numel() // 3
            whole.append(psnr(decoded, clip))
            first.append(psnr(decoded[:1], clip[:1]))
            moving.append(float((clip[1:].double() - clip[:-1].double()).abs().mean()))
        slow = np.array(whole)[np.array(moving) <= np.median(moving)]
        facts = {
            "clips": len(whole),
            "psnr": round(float(np.mean(whole)), 2),
            "psnr_10_90": [round(float(p), 1) for p in np.percentile(whole, [10, 90])],
            "psnr_slower_half": round(float(slow.mean()), 2),
            "psnr_first_frames": round(float(np.mean(first)), 2),
            "cpu_ns_a_pixel": round(1e9 * seconds / pixels, 1),
        }
        print(out, json.dumps(facts))


if __name__ == "__main__":
    main()
