"""Several datasets as one, numbered one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from motionpair.loading.skipping import Skipped


class Mixture:
    """Several datasets as one, for a DataLoader; numbered one after the other, as in torch's `ConcatDataset`.

    A number, or `(number, seed)` with a seed that the dataset takes, gives a sample.
    """

    def __init__(self, datasets: Sequence[Any]) -> None:
        self.datasets = tuple(datasets)
        self._ends = np.cumsum([len(dataset) for dataset in self.datasets])

    def __len__(self) -> int:
        return int(self._ends[-1]) if self.datasets else 0

    def __getitem__(self, item: int | tuple[int, int]) -> Any:
        of, inner = self._place(item)
        return self.datasets[of][inner]

    def __getitems__(self, items: Sequence[int | tuple[int, int]]) -> list[Any]:
        """The samples of a batch, then what was skipped; each dataset that can reads its own at once."""
        places = [self._place(item) for item in items]
        samples: dict[int, Any] = {}
        skipped: list[Skipped] = []
        for of in dict.fromkeys(of for of, _ in places):
            dataset, own = self.datasets[of], [i for i, place in enumerate(places) if place[0] == of]
            inner = [places[i][1] for i in own]
            together = hasattr(dataset, "__getitems__")
            found = dataset.__getitems__(inner) if together else [dataset[item] for item in inner]
            if together:  # for what is skipped another pair stands in
                skipped += [sample for sample in found if isinstance(sample, Skipped)]
                found = [sample for sample in found if not isinstance(sample, Skipped)]
            samples |= dict(zip(own, found, strict=True))
        return [*(samples[i] for i in range(len(items))), *skipped]

    def _place(self, item: int | tuple[int, int]) -> tuple[int, int | tuple[int, int]]:
        """The dataset of an item, and what it is to that dataset."""
        number, *seed = item if isinstance(item, tuple) else (item,)
        if not 0 <= number < len(self):
            raise IndexError(f"sample {number} of {len(self)}")
        of = int(np.searchsorted(self._ends, number, side="right"))
        inner = number - (int(self._ends[of - 1]) if of else 0)
        return of, (inner, seed[0]) if seed else inner
