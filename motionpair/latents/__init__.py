"""Latents of a dataset: a folder of encoded pairs that `motionpair encode` makes and training reads.

    LATENTS/latents.json              what they are of: codec, encoders, source dataset, counts, files
    LATENTS/latents.sha256            its checksum
    LATENTS/metadata.parquet          a row a pair, and where its blob lies
    LATENTS/shards/shard-00000.parquet, ...   rows and one blob a pair: named tensors, bfloat16

Needs torch to read tensors, not to open.
"""

from motionpair.latents.dataset import LatentDataset

__all__ = ["LatentDataset"]
