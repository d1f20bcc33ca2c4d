"""Reading datasets for training.

What a trainer uses: `motionpair.PairDataset` (`pairs`), `motionpair.PairLoader` (`loader`) and
`decoding.to_rgb`. Two halves that know nothing of each other meet in the loader:

- Order: which samples, in which batches, on which rank. `sources` says what must be known of samples,
  whatever is read of them (videos, latents); `shares` which are drawn together and how often; `order` makes
  of that one sequence of batches, a pure function; `state` is a place in it; `batches` deals it to a
  DataLoader.
- Content: what a sample is. `index` is the metadata as arrays; `blobs` reads bytes by place, with
  `open_files`, `mapped`, `file_bytes` and `cache`; `samples` makes fields of them, with `fields`, `videos`,
  `decoding` and `redrawn`.

A dataset of another kind needs an `index` that is a `sources.Source`, and `__getitem__((number, seed))`:
then `PairLoader`, several datasets at once (`mixture`), resume and skipping (`skipping`) hold for it too.

What users hand over is held against what is accepted by `arguments`.
"""
