"""Datasets made of datasets, without rendering or decoding anything.

`merge`, `filter_pairs`, `take` and `repack` each write a new dataset, whole or not at all, whose manifest
says what it was made from; `migrate` makes one of an older schema version current. Pairs keep their names,
slots, specs and bytes; what changes is which pairs there are and which shard they lie in.
docs/maintenance.md tells more.
"""

from motionpair.maintenance.merging import merge
from motionpair.maintenance.migration import migrate
from motionpair.maintenance.selection import filter_pairs, repack, take
from motionpair.maintenance.writing import Made

__all__ = ["Made", "filter_pairs", "merge", "migrate", "repack", "take"]
