"""What ordering an epoch of 60,000 pairs costs, and how closely the shares hold."""

from __future__ import annotations

import time
from statistics import median

import numpy as np

from motionpair.loading.order import Order
from motionpair.loading.state import State

_PAIRS = 60_000
_LIMIT = 0.2
"""CPU seconds."""
_SHARES = (0.6, 0.2, 0.2)


def main() -> None:
    rng = np.random.default_rng(0)
    groups = rng.choice(3, _PAIRS, p=[0.7, 0.1, 0.2])
    for batch_size, kinds in ((1, 4), (8, 4), (8, 40)):
        buckets = rng.integers(0, kinds, _PAIRS)
        made, ordered, dealt = [], [], []
        for seed in range(5):
            start = time.process_time()
            order = Order(groups, buckets, _SHARES, batch_size, seed)
            built = time.process_time()
            epoch = order.epoch(seed)
            sorted_ = time.process_time()
            for _ in order.batches(0, 1, State(seed, 0)):
                pass
            made.append(built - start)
            ordered.append(sorted_ - built)
            dealt.append(time.process_time() - sorted_)
        drawn = groups[epoch.numbers]
        so_far = np.stack([np.cumsum(drawn == group) for group in range(3)], axis=1)[epoch.starts[1:] - 1]
        off = np.abs(so_far - epoch.starts[1:, None] * np.array(_SHARES)).max() / batch_size
        print(
            f"{kinds} buckets, batches of {batch_size}: set-up {median(made):.3f}, an epoch "
            f"{median(ordered):.3f} (limit {_LIMIT}), all its batches one by one {median(dealt):.3f} CPU s; "
            f"shares off by at most {off:.1f} batches"
        )


if __name__ == "__main__":
    main()
