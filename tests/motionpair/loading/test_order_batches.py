"""Batches for a DataLoader: workers fetch ahead, ranks share, training resumes."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import many_rows
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.utils.data import ConcatDataset, DataLoader

from motionpair.errors import InputError
from motionpair.loading.batches import PairBatches
from motionpair.loading.index import Index
from motionpair.loading.mixture import Mixture
from motionpair.loading.state import State


@pytest.fixture(scope="module")
def index(many_pairs: Path) -> Index:
    return Index(many_pairs, blobs=())


@pytest.fixture(scope="module")
def small(index: Index) -> Index:
    """The 600 pairs of the test split."""
    return index.take("test")


class Asked:
    """A dataset that gives back what it was asked for."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, item: Any) -> Any:
        return item


def loader(batches: PairBatches, workers: int = 0) -> DataLoader:
    return DataLoader(
        Asked(100_000),  # type: ignore[arg-type]
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=list,
        prefetch_factor=3 if workers else None,
    )


def sequence(index: Index, count: int, **kwargs: Any) -> list[list[int]]:
    """The first batches of one process, without any loader."""
    batches = PairBatches(index, **kwargs)
    found: list[list[int]] = []
    while len(found) < count:
        found += [numbers.tolist() for numbers, _ in batches.order.batches(0, 1, batches.state)]
        batches.advance(len(batches))
    return found[:count]


def test_a_loop_over_epochs_trains_on_the_sequence(small: Index):
    batches = PairBatches(small, batch_size=7, seed=3)
    trained = []
    while batches.state.epoch < 3:
        for batch in loader(batches):
            trained.append(batch)
            batches.advance()
    assert batches.state == State(3, 0)
    assert trained == sequence(small, len(trained), batch_size=7, seed=3)
    assert sum(map(len, trained)) == 3 * len(small)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2), st.integers(1, 12)), min_size=2, max_size=3))
def test_workers_ranks_and_resumes_give_one_sequence(small: Index, lives: list[tuple[int, int, int]]):
    """Each life has its ranks and workers, trains some steps, saves amid what workers fetched, and dies."""
    few = small.pick(np.arange(40))
    checkpoint: dict[str, Any] | None = None
    trained: list[list[int]] = []
    for world, workers, steps in lives:
        ranks = [PairBatches(few, batch_size=4, seed=8, rank=r, world=world) for r in range(world)]
        for rank in ranks:
            if checkpoint is not None:
                rank.load_state_dict(checkpoint)
        by_rank = [_train(rank, workers, steps) for rank in ranks]
        trained += [batch for step in zip(*by_rank, strict=True) for batch in step]
        states = [rank.state_dict() for rank in ranks]
        assert all(state == states[0] for state in states)
        checkpoint = states[0]
    assert trained == sequence(few, len(trained), batch_size=4, seed=8)


def _train(batches: PairBatches, workers: int, steps: int) -> list[list[int]]:
    trained: list[list[int]] = []
    while True:
        for batch in loader(batches, workers):
            trained.append(batch)
            batches.advance()
            if len(trained) == steps:
                return trained


def test_the_state_counts_what_was_trained_not_what_workers_fetched(small: Index):
    batches = PairBatches(small, batch_size=5, seed=3)
    for steps, _ in enumerate(loader(batches, workers=2), 1):
        batches.advance()
        if steps == 4:
            break
    assert batches.state_dict() == {"epoch": 0, "consumed": 4, "order": batches.fingerprint}


def test_an_epoch_that_nobody_reports_is_not_given_twice(small: Index):
    batches = PairBatches(small, batch_size=50, seed=3)
    first = list(batches)
    with pytest.raises(RuntimeError, match=r"call advance\(\) after every training step"):
        next(iter(batches))
    batches.set_state(State(0, 0))
    assert list(batches) == first


def test_the_length_is_what_is_left_of_the_epoch(small: Index):
    batches = PairBatches(small, batch_size=50, seed=3, rank=1, world=3)
    assert len(batches) == len(list(batches)) == -(-len(batches.order.epoch(0)) // 3)
    batches.advance(2)
    assert len(batches) == len(list(batches)) == -(-(len(batches.order.epoch(0)) - 6) // 3)


def test_batches_hold_the_shares_and_one_size_of_clips(index: Index):
    train = index.take("train")
    batches = PairBatches(train, batch_size=16, seed=1)
    seen = list(batches)
    assert sum(map(len, seen)) == len(train)
    assert all(len(set(train.bucket[numbers])) == 1 for numbers in seen)
    drawn = np.concatenate(seen)
    kinds = np.array([_kind(train, code) for code in range(len(train.strata))])[train.stratum[drawn]]
    so_far = 0
    for numbers in seen[:200]:
        so_far += len(numbers)
        counts = Counter(kinds[:so_far])
        assert abs(counts["animation"] - 0.6 * so_far) <= 32
        assert abs(counts["replacement"] - 0.2 * so_far) <= 32
    assert Counter(kinds)["pose_driven"] == pytest.approx(0.2 * len(train), abs=1)


def _kind(index: Index, stratum: int) -> str:
    kind = next(k for k in many_rows.KINDS if k.stratum == index.strata[stratum])
    return kind.mode if kind.driving_kind == "clip" else "pose_driven"


def test_several_datasets_are_numbered_one_after_the_other_and_mixed(index: Index):
    test, validation = index.take("test"), index.take("validation")
    batches = PairBatches([test, validation], batch_size=8, seed=1, mix=[0.9, 0.1])
    numbers = np.concatenate(list(batches))
    assert len(numbers) == len(test) + len(validation)
    assert (numbers >= len(test)).sum() == pytest.approx(0.1 * len(numbers), abs=2)
    first = [("test", i) for i in range(len(test))]
    both = [first, [("validation", i) for i in range(len(validation))]]
    mixture, concatenated = Mixture(both), ConcatDataset(both)
    for number in (0, len(test) - 1, len(test), len(mixture) - 1):
        assert mixture[number] == concatenated[number]
    mixed = [3, len(test) + 3, 5, len(mixture) - 1, 5]
    assert mixture.__getitems__(mixed) == [concatenated[number] for number in mixed]
    with pytest.raises(IndexError, match="sample 1200 of 1200"):
        mixture[len(mixture)]


def test_seeds_belong_to_the_draw_whatever_the_ranks(small: Index):
    alone = list(PairBatches(small, batch_size=8, seed=1, seeds=True))
    ranks = [list(PairBatches(small, batch_size=8, seed=1, seeds=True, rank=r, world=4)) for r in range(4)]
    dealt = [batch for step in zip(*ranks, strict=True) for batch in step]
    assert dealt[: len(alone)] == alone
    number, seed = alone[0][0]
    mixture = Mixture([Asked(100), Asked(100_000)])
    assert mixture[number + 100, seed] == (number, seed)
    assert mixture.__getitems__([(number + 100, seed), 7]) == [(number, seed), 7]


class AskedTogether(Asked):
    """A dataset that says how many it was asked for at once."""

    def __getitems__(self, items: list[Any]) -> list[Any]:
        return [(item, len(items)) for item in items]


def test_a_mixture_reads_a_batch_of_each_dataset_at_once():
    mixture = Mixture([AskedTogether(10), Asked(10), AskedTogether(10)])
    loaded = next(iter(DataLoader(mixture, batch_sampler=[[2, 15, 4, 29, 3]], collate_fn=list)))  # type: ignore[arg-type]
    assert loaded == [(2, 3), 5, (4, 3), (9, 1), (3, 3)]


def test_a_split_may_lack_what_has_a_share(small: Index, caplog: pytest.LogCaptureFixture):
    replacement = small.pick(np.flatnonzero(small.stratum == small.strata.index("multi-replacement")))
    with caplog.at_level(logging.WARNING):
        batches = PairBatches([replacement, replacement.take("train")], batch_size=4, seed=1)
        PairBatches(replacement, batch_size=4, seed=1, rank=1, world=2)
    assert sorted(np.concatenate(list(batches))) == list(range(len(replacement)))
    assert [record.getMessage() for record in caplog.records] == [
        "shares: no pair of animation, pose_driven; shares are now replacement 1"
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"batch_size": 3},
        {"shares": {"animation": 1, "replacement": 1, "pose_driven": 1}},
    ],
)
def test_a_state_of_another_order_is_refused(small: Index, change: dict[str, Any]):
    saved = PairBatches(small, batch_size=4, seed=1).state_dict()
    other = PairBatches(small, **{"batch_size": 4, "seed": 1, **change})
    with pytest.raises(InputError, match="state is of another order"):
        other.load_state_dict(saved)
    with pytest.raises(InputError, match="consumed: expected 0 to"):
        other.load_state_dict({"epoch": 0, "consumed": 10_000, "order": other.fingerprint})
    with pytest.raises(InputError, match="order: missing"):
        other.load_state_dict({"epoch": 0, "consumed": 0})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rank": 2, "world": 2}, "rank, world: expected a rank from 0 to world - 1, got 2 of 2"),
        ({"mix": [1, 2]}, "mix: expected 1 numbers, one a dataset, got 2"),
        ({"batch_size": 0}, "batch_size: expected a whole number from 1, got 0"),
        ({"batch_size": 2.0}, "batch_size: expected a whole number from 1, got 2.0"),
        ({"shares": {"animation": 1}}, "shares: stratum"),
        ({"datasets": "OUT"}, "datasets: expected a motionpair.PairDataset, .* got 'OUT'"),
        ({"datasets": [None]}, r"datasets\[0\]: expected a motionpair.PairDataset, .* got None"),
        ({"rank": 0.0}, "rank: expected a whole number from 0, got 0.0"),
        ({"world": "2"}, "world: expected a whole number from 1, got '2'"),
        ({"seeds": "yes"}, "seeds: expected True or False, got 'yes'"),
    ],
)
def test_wrong_arguments_are_refused(small: Index, change: dict[str, Any], message: str):
    with pytest.raises(InputError, match=message):
        PairBatches(**{"datasets": small, "batch_size": 4, "seed": 1, **change})


def test_what_is_no_step_or_state_is_refused(small: Index):
    batches = PairBatches(small, batch_size=4, seed=1)
    for steps in (-1, 1.5, "1", None):
        with pytest.raises(InputError, match="steps: expected a whole number from 0"):
            batches.advance(steps)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="state: expected a State, got None"):
        batches.set_state(None)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="epoch: expected a whole number from 0"):
        batches.set_state(State(1.0, 0))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"state: expected what state_dict\(\) gave, got None"):
        batches.load_state_dict(None)  # type: ignore[arg-type]


def test_a_split_without_pairs_is_refused(small: Index):
    with pytest.raises(InputError, match="expected at least one pair"):
        PairBatches(small.take("train"), batch_size=4, seed=1)
