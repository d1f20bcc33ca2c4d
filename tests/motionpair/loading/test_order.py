"""The order of an epoch: who is drawn, when, in which batch, and on which rank."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionpair.errors import InputError
from motionpair.loading.order import LEFT_OUT, EpochOrder, Order, draws_by_group
from motionpair.loading.state import START, State

quickly = settings(max_examples=60, deadline=None)


@dataclass(frozen=True)
class Samples:
    """What an order is made of."""

    groups: np.ndarray
    buckets: np.ndarray
    shares: tuple[float, ...]
    batch_size: int
    seed: int

    def order(self) -> Order:
        return Order(self.groups, self.buckets, self.shares, self.batch_size, self.seed)

    def draws(self) -> list[int]:
        """Draws of each group in an epoch."""
        return draws_by_group(int((self.groups != LEFT_OUT).sum()), self.shares).tolist()


@st.composite
def some_samples(draw, most: int = 120) -> Samples:
    """One to four groups from tiny to many times the others, one bucket to one a sample, any batch size."""
    sizes = draw(st.lists(st.integers(1, most), min_size=1, max_size=4))
    groups = np.repeat(np.arange(len(sizes)), sizes)
    left_out = draw(st.integers(0, 5))
    groups = np.concatenate([groups, np.full(left_out, LEFT_OUT)])
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rng.shuffle(groups)
    kinds = draw(st.sampled_from([1, 2, 4, 30, len(groups)]))
    weights = rng.random(kinds) ** 4  # some buckets have next to nothing
    buckets = rng.choice(kinds, len(groups), p=weights / weights.sum())
    shares = draw(st.lists(st.floats(0.001, 1), min_size=len(sizes), max_size=len(sizes)))
    return Samples(
        groups,
        buckets,
        tuple(shares),
        draw(st.sampled_from([1, 2, 3, 8, 64, 500])),
        draw(st.integers(0, 2**63 - 1)),
    )


def numbers_of(order: Order, first: int, epochs: int) -> np.ndarray:
    return np.concatenate([order.epoch(epoch).numbers for epoch in range(first, first + epochs)])


def one_kind(count: int, batch_size: int = 1, seed: int = 0) -> Order:
    """Samples of one group and one bucket."""
    return Order(np.zeros(count, int), np.zeros(count, int), [1], batch_size, seed)


@quickly
@given(some_samples(), st.integers(0, 1000))
def test_an_epoch_is_a_function_of_its_arguments(samples: Samples, epoch: int):
    order = samples.order()
    order.epoch(epoch + 1)  # what was asked before does not matter
    for one, other in zip(_arrays(order.epoch(epoch)), _arrays(samples.order().epoch(epoch)), strict=True):
        assert np.array_equal(one, other)


def _arrays(order: EpochOrder) -> tuple[np.ndarray, ...]:
    return order.numbers, order.starts, order.seeds


def test_the_order_is_the_same_for_good():
    """Runs that are going on must be resumable with another version of numpy and of this package."""
    order = Order(np.arange(12) % 2, np.arange(12) // 8, [0.75, 0.25], 4, seed=5)
    batches = [order.epoch(7).batch(i)[0].tolist() for i in range(len(order.epoch(7)))]
    assert batches == [[0, 7, 6, 4], [8, 10, 9, 8], [6, 1, 2, 0]]
    assert order.epoch(7).seeds[:2].tolist() == [3392789773835212979, 295134805847087213]
    assert order.fingerprint == "fee4dbaad9b38dbe"


@quickly
@given(some_samples(), st.integers(0, 50))
def test_an_epoch_has_as_many_draws_as_samples_in_proportion_to_the_shares(samples: Samples, epoch: int):
    drawn = samples.groups[samples.order().epoch(epoch).numbers]
    assert len(drawn) == (samples.groups != LEFT_OUT).sum()
    assert np.bincount(drawn, minlength=len(samples.shares)).tolist() == samples.draws()


@quickly
@given(st.integers(4, 10**6), st.lists(st.floats(0.001, 1), min_size=1, max_size=4))
def test_draws_of_a_group_are_its_share_to_within_one(count: int, shares: list[float]):
    draws = draws_by_group(count, shares)
    quotas = np.array(shares) / sum(shares) * count
    assert draws.sum() == count
    assert (draws >= 1).all()
    lifted = int((quotas < 1).sum())  # a group of almost no share gets a draw from the others
    assert (np.abs(draws - quotas) < 1 + lifted).all()


@quickly
@given(some_samples(), st.integers(0, 6))
def test_nothing_is_drawn_twice_before_its_group_is_exhausted(samples: Samples, first: int):
    """Counts of a group's members differ by at most 1: in one epoch, and over all epochs from the start."""
    order = samples.order()
    for numbers in (order.epoch(first).numbers, numbers_of(order, 0, first + 1)):
        times = np.bincount(numbers, minlength=len(samples.groups))
        for group in range(len(samples.shares)):
            of = times[samples.groups == group]
            assert of.max() - of.min() <= 1
        assert not times[samples.groups == LEFT_OUT].any()


@quickly
@given(some_samples(), st.integers(0, 3))
def test_a_batch_is_of_one_bucket_and_whole_but_for_the_last_of_its_bucket(samples: Samples, epoch: int):
    order = samples.order().epoch(epoch)
    short: Counter[int] = Counter()
    for i in range(len(order)):
        numbers, seeds = order.batch(i)
        assert len(set(samples.buckets[numbers])) == 1
        assert 1 <= len(numbers) == len(seeds) <= samples.batch_size
        if len(numbers) < samples.batch_size:
            short[samples.buckets[numbers[0]]] += 1
    assert set(short.values()) <= {1}


@quickly
@given(some_samples(), st.integers(0, 3))
def test_shares_hold_over_any_beginning_of_an_epoch(samples: Samples, epoch: int):
    order = samples.order().epoch(epoch)
    drawn = samples.groups[order.numbers]
    buckets = len(set(samples.buckets[order.numbers]))
    for group, draws in enumerate(samples.draws()):
        so_far = np.concatenate([[0], np.cumsum(drawn == group)])[order.starts]
        expected = order.starts * draws / len(drawn)
        most = min(samples.batch_size, len(drawn)) * buckets / 2 + len(samples.shares) + 1
        assert np.abs(so_far - expected).max() <= most


@pytest.mark.parametrize("batch_size", [1, 4, 8, 32])
@pytest.mark.parametrize("kinds", [1, 4, 12])
def test_shares_hold_to_two_batches_over_any_beginning_of_training(batch_size: int, kinds: int):
    rng = np.random.default_rng(kinds)
    groups, buckets = rng.choice(3, 3000, p=[0.77, 0.2, 0.03]), rng.integers(0, kinds, 3000)
    order = Order(groups, buckets, [0.6, 0.2, 0.2], batch_size, seed=4)
    drawn = groups[numbers_of(order, 0, 3)]
    starts = np.concatenate([order.epoch(epoch).starts[1:] + 3000 * epoch for epoch in range(3)])
    for group, share in enumerate([0.6, 0.2, 0.2]):
        so_far = np.cumsum(drawn == group)[starts - 1]
        assert np.abs(so_far - share * starts).max() <= 2 * batch_size


@quickly
@given(some_samples())
def test_no_sample_starves(samples: Samples):
    """All of a group come within as many epochs as its draws need, whatever their buckets."""
    order = samples.order()
    for group, draws in enumerate(samples.draws()):
        members = np.flatnonzero(samples.groups == group)
        epochs = -(-len(members) // draws)
        if epochs <= 40:
            assert set(members) <= set(numbers_of(order, 3, epochs))


def test_no_bucket_waits_for_long():
    """Also a small bucket that is in one stratum comes evenly."""
    groups = np.repeat([0, 1], [1800, 200])
    buckets = np.concatenate([np.arange(1800) % 3, np.full(200, 3)])
    buckets[:40] = 4
    order = Order(groups, buckets, [0.8, 0.2], 4, seed=1)
    for epoch in range(3):
        batches = [buckets[order.epoch(epoch).batch(i)[0][0]] for i in range(len(order.epoch(epoch)))]
        for bucket, count in Counter(batches).items():
            at = np.flatnonzero(np.array(batches) == bucket)
            longest = np.diff(at, prepend=-1, append=len(batches)).max()
            assert longest <= 3 * len(batches) / count
        assert set(batches) == set(range(5))


def test_a_tiny_stratum_with_a_large_share_is_drawn_over_and_over():
    groups = np.repeat([0, 1], [999, 1])
    order = Order(groups, np.zeros(1000, int), [0.5, 0.5], 10, seed=2).epoch(3)
    alone = np.add.reduceat(order.numbers == 999, order.starts[:-1])
    assert alone.sum() == 500
    assert alone.min() >= 3
    assert alone.max() <= 7


def test_a_bucket_smaller_than_a_batch_gives_one_batch_of_what_it_has():
    buckets = np.repeat([0, 1], [20, 3])
    order = Order(np.zeros(23, int), buckets, [1], 8, seed=2).epoch(0)
    assert sorted(len(order.batch(i)[0]) for i in range(len(order))) == [3, 4, 8, 8]


def test_epochs_and_seeds_have_orders_of_their_own():
    assert not np.array_equal(one_kind(500).epoch(0).numbers, one_kind(500).epoch(1).numbers)
    assert not np.array_equal(one_kind(500).epoch(0).numbers, one_kind(500, seed=1).epoch(0).numbers)


def test_an_epoch_is_well_mixed():
    """Neighbours in a dataset are no neighbours in training: rank correlation and steps as of chance."""
    numbers = one_kind(4000, seed=9).epoch(2).numbers
    assert abs(np.corrcoef(numbers, np.arange(4000))[0, 1]) < 0.06
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.06
    assert (np.abs(np.diff(numbers)) == 1).mean() < 0.003


def test_ranks_do_not_lock_to_buckets():
    """With as many ranks as buckets, every rank sees every bucket about as often."""
    buckets = np.arange(4000) % 2
    order = Order(np.zeros(4000, int), buckets, [1], 2, seed=3)
    first = [buckets[numbers[0]] for numbers, _ in order.batches(0, 2, START)]
    assert 0.4 < np.mean(first) < 0.6


def test_every_draw_has_a_random_number_of_its_own():
    order = one_kind(2000)
    seeds = np.concatenate([order.epoch(epoch).seeds for epoch in range(3)])
    assert len(set(seeds.tolist())) == 6000
    assert seeds.min() >= 0
    assert abs(seeds.mean() / 2**63 - 0.5) < 0.02


def stream(order: Order, batches: int) -> list[list[int]]:
    """The first batches of training, as one process has them."""
    state, found = START, []
    while len(found) < batches:
        found += [numbers.tolist() for numbers, _ in order.batches(0, 1, state)]
        state = order.moved(state, order.steps(state, 1))
    return found[:batches]


@quickly
@given(
    some_samples(most=25),
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 12)), min_size=1, max_size=5),
)
def test_ranks_and_resumes_give_one_sequence(samples: Samples, lives: list[tuple[int, int]]):
    """Training dies after some steps and goes on with another number of ranks, again and again."""
    order, state, trained = samples.order(), START, []
    for world, steps in lives:
        ranks = [_endless(order, rank, world, state) for rank in range(world)]
        for _ in range(steps):
            trained += [next(rank) for rank in ranks]
        state = State.read(order.moved(state, steps * world).plain())
    assert trained == stream(order, len(trained))
    assert len(trained) == sum(len(order.epoch(e)) for e in range(state.epoch)) + state.consumed


def _endless(order: Order, rank: int, world: int, state: State):
    while True:
        for numbers, _ in order.batches(rank, world, state):
            yield numbers.tolist()
        state = order.moved(state, order.steps(state, world) * world)


@quickly
@given(some_samples(most=25), st.integers(1, 9), st.integers(0, 30))
def test_every_rank_has_as_many_steps(samples: Samples, world: int, consumed: int):
    order = samples.order()
    state = order.moved(START, consumed)
    counts = {len(list(order.batches(rank, world, state))) for rank in range(world)}
    assert counts == {order.steps(state, world)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"groups": [0, 2, 0]}, "groups: expected every number from 0 to 1"),
        ({"groups": [-1, -1, -1], "shares": []}, "groups: expected"),
        ({"groups": [0, 1]}, "one number a sample"),
        ({"buckets": [0, -1, 0]}, "buckets: expected numbers from 0"),
        ({"shares": [1, 0]}, "shares: expected numbers above 0"),
        ({"shares": [1, float("nan")]}, "shares: expected numbers above 0"),
        ({"batch_size": 0}, "batch_size: expected a whole number from 1, got 0"),
        ({"seed": -1}, "seed: expected a whole number from 0 to 9223372036854775807"),
        ({"seed": 1 << 63}, "seed: expected a whole number from 0 to 9223372036854775807"),
    ],
)
def test_what_is_no_order_is_refused(change: dict[str, object], message: str):
    good = {"groups": [0, 1, 0], "buckets": [0, 0, 1], "shares": [1, 1], "batch_size": 2, "seed": 0}
    with pytest.raises(InputError, match=message):
        Order(**{**good, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ({"epoch": 1}, "state.consumed: missing"),
        ({"epoch": -1, "consumed": 0}, "epoch: expected a whole number from 0"),
        ({"epoch": 0, "consumed": 0.5}, "state.consumed: expected a whole number"),
        ({"epoch": 0, "consumed": 0, "rank": 1}, "state.rank: unknown key"),
        ([1, 2], "state: expected a mapping"),
    ],
)
def test_what_is_no_state_is_refused(plain: object, message: str):
    with pytest.raises(InputError, match=message):
        State.read(plain)  # type: ignore[arg-type]
