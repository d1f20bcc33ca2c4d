"""PairLoader: batches of any datasets in one order, whatever the ranks, workers and interruptions."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import many_rows
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from motionpair import PairDataset, PairLoader
from motionpair.dataset import Dataset
from motionpair.errors import InputError
from motionpair.loading.index import Index
from motionpair.loading.skipping import Skipped, collate
from motionpair.loading.sources import Source, order_of
from motionpair.loading.state import State


@dataclass
class Facts:
    """Samples that are no more than what the order needs to know, such as a trainer's own latents."""

    pair_ids: np.ndarray
    stratum: np.ndarray
    bucket: np.ndarray
    mode: np.ndarray
    driving_kind: np.ndarray
    strata: tuple[str, ...] = ("one", "swap", "bones")
    modes: tuple[str, ...] = ("animation", "replacement")
    driving_kinds: tuple[str, ...] = ("clip", "pose")
    buckets: tuple[Any, ...] = ("wide", "tall", "long")

    def __len__(self) -> int:
        return len(self.pair_ids)


def facts(count: int, seed: int, name: str = "p") -> Facts:
    rng = np.random.default_rng(seed)
    stratum = rng.choice(3, count, p=[0.7, 0.2, 0.1])
    ids = np.array([f"{name}{i}" for i in range(count)])
    return Facts(ids, stratum, rng.integers(0, 3, count), stratum == 1, stratum == 2)


class Asked:
    """A dataset whose samples say which pair they are."""

    def __init__(self, index: Source) -> None:
        self.index = index

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, item: tuple[int, int]) -> dict[str, Any]:
        return {"pair_id": str(self.index.pair_ids[item[0]]), "seed": item[1]}


def sequence(datasets: list[Asked], batches: int, **order: Any) -> list[tuple[list[str], list[int]]]:
    """The first batches of training by the pure order: names and seeds."""
    ordered, _, _ = order_of([dataset.index for dataset in datasets], **order)
    names = np.concatenate([dataset.index.pair_ids for dataset in datasets])
    found, epoch = [], 0
    while len(found) < batches:
        of = ordered.epoch(epoch)
        for numbers, seeds in (of.batch(i) for i in range(len(of))):
            found.append((names[numbers].tolist(), seeds.tolist()))
        epoch += 1
    return found[:batches]


def plain(batch: dict[str, Any]) -> tuple[list[str], list[int]]:
    return batch["pair_id"], batch["seed"].tolist()


@st.composite
def orders(draw) -> tuple[list[Asked], dict[str, Any]]:
    """One to three datasets, shares, mix and batch size."""
    counts = draw(st.lists(st.integers(1, 60), min_size=1, max_size=3))
    datasets = [Asked(facts(n, draw(st.integers(0, 99)), f"{k}-")) for k, n in enumerate(counts)]
    weights = st.floats(0.1, 1)
    mix = draw(st.none() | st.lists(weights, min_size=len(counts), max_size=len(counts)))
    shares = draw(
        st.none() | st.fixed_dictionaries(dict.fromkeys(("animation", "replacement", "pose_driven"), weights))
    )
    sizes = {"batch_size": draw(st.sampled_from([1, 3, 8])), "seed": draw(st.integers(0, 2**63 - 1))}
    return datasets, {**sizes, "shares": shares, "mix": mix}


@settings(max_examples=40)
@given(orders(), st.lists(st.tuples(st.integers(1, 6), st.integers(0, 9)), min_size=1, max_size=4))
def test_datasets_ranks_and_resumes_give_one_sequence(given_order, lives: list[tuple[int, int]]):
    """Each life has its ranks, trains some steps, saves, and dies amid an epoch."""
    datasets, order = given_order
    saved: dict[str, Any] | None = None
    trained: list[Any] = []
    for world, steps in lives:
        ranks = [PairLoader(datasets, rank=r, world=world, **order) for r in range(world)]
        for rank in ranks:
            if saved is not None:
                rank.load_state_dict(saved)
        by_rank = [run(rank, steps) for rank in ranks]
        trained += [batch for step in zip(*by_rank, strict=True) for batch in step]
        states = [rank.state_dict() for rank in ranks]
        assert all(state == states[0] for state in states)
        saved = states[0]
    assert trained == sequence(datasets, len(trained), **order)


def run(loader: PairLoader, steps: int) -> list[Any]:
    """The batches of so many steps, epoch after epoch."""
    found: list[Any] = []
    while len(found) < steps:
        for batch in loader:
            found.append(plain(batch))
            if len(found) == steps:
                break
    return found


@settings(max_examples=40)
@given(orders(), st.integers(0, 4))
def test_an_epoch_draws_as_often_as_there_are_pairs_and_starves_nobody(given_order, epoch: int):
    datasets, order = given_order
    drawn = [name for names, _ in sequence_of_epoch(datasets, epoch, **order) for name in names]
    assert len(drawn) == sum(len(dataset) for dataset in datasets)
    sources = [dataset.index for dataset in datasets]
    _, sharing, _ = order_of(sources, **order)
    assert sum(sharing.shares) == pytest.approx(1)
    bucket_of = {
        name: source.buckets[code]
        for source in sources
        for name, code in zip(source.pair_ids.tolist(), source.bucket.tolist(), strict=True)
    }
    for names, seeds in sequence_of_epoch(datasets, epoch, **order):
        assert len({bucket_of[name] for name in names}) == 1
        assert 1 <= len(names) == len(seeds) <= order["batch_size"]


def sequence_of_epoch(datasets: list[Asked], epoch: int, **order: Any) -> list[Any]:
    loader = PairLoader(datasets, **order)
    loader.load_state_dict({**loader.state_dict(), "epoch": epoch})
    return [plain(batch) for batch in loader]


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_give_the_same_batches_and_are_kept(start: str):
    datasets = [Asked(facts(60, 1, "a-")), Asked(facts(30, 2, "b-"))]
    order: dict[str, Any] = {"batch_size": 4, "seed": 3, "shares": None, "mix": [2, 1]}
    loader = PairLoader(datasets, workers=2 if start == "fork" else 1, multiprocessing_context=start, **order)
    trained = run(loader, 7)  # left in the middle of an epoch, with batches that workers fetched
    while loader.state.epoch < 2:
        trained += [plain(batch) for batch in loader]
    assert trained == sequence(datasets, len(trained), **order)
    assert loader.state == State(2, 0)


def test_the_state_counts_what_the_loop_was_given():
    loader = PairLoader(Asked(facts(50, 1)), batch_size=4, seed=3, workers=2)
    for step, _ in enumerate(loader, 1):
        assert loader.state == State(0, step)
        if step == 3:
            break
    assert len(loader) == len(list(loader))
    assert loader.state == State(1, 0)


def test_a_loop_that_is_overtaken_ends_with_an_error():
    loader = PairLoader(Asked(facts(50, 1)), batch_size=4, seed=3)
    first = iter(loader)
    next(first)
    saved = loader.state_dict()
    next(iter(loader))
    with pytest.raises(RuntimeError, match="another loop begun"):
        next(first)
    second = iter(loader)
    next(second)
    loader.load_state_dict(saved)
    with pytest.raises(RuntimeError, match="state was loaded"):
        next(second)
    assert loader.state == State(0, 1)


def test_the_trainers_random_numbers_are_its_own():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    next(iter(PairLoader(Asked(facts(50, 1)), batch_size=4, seed=3, workers=1)))
    assert torch.equal(torch.rand(3), expected)


class TestRanks:
    """Which of the processes this is; nobody trains on another's batches unawares."""

    def test_those_of_torch_distributed(self, tmp_path: Path):
        store = torch.distributed.FileStore(str(tmp_path / "store"), 1)
        torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
        try:
            loader = PairLoader(Asked(facts(9, 1)), batch_size=4, seed=3)
        finally:
            torch.distributed.destroy_process_group()
        assert (loader.rank, loader.world) == (0, 1)

    def test_a_launcher_with_several_processes_is_not_overlooked(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("WORLD_SIZE", "4")
        with pytest.raises(InputError, match="WORLD_SIZE=4; expected them as arguments"):
            PairLoader(Asked(facts(9, 1)), batch_size=4, seed=3)
        assert PairLoader(Asked(facts(9, 1)), batch_size=4, seed=3, rank=1, world=4).world == 4

    @pytest.mark.parametrize(
        ("given", "message"), [({"rank": 1}, "both or neither"), ({"rank": 2, "world": 2}, "2 of 2")]
    )
    def test_half_of_it_is_refused(self, given: dict[str, int], message: str):
        with pytest.raises(InputError, match=message):
            PairLoader(Asked(facts(9, 1)), batch_size=4, seed=3, **given)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": "2"}, "batch_size: expected a whole number from 1, got '2'"),
        ({"batch_size": 2.0}, "batch_size: expected a whole number from 1, got 2.0"),
        ({"batch_size": True}, "batch_size: expected a whole number from 1, got True"),
        ({"seed": "1"}, "seed: expected a whole number from 0 to 9223372036854775807, got '1'"),
        ({"seed": 1.5}, "seed: expected a whole number"),
        ({"seed": -1}, "seed: expected a whole number"),
        ({"shares": [1, 2]}, "shares: expected numbers by stratum or kind"),
        ({"mix": 3}, "mix: expected a number a dataset"),
        ({"mix": [1, 2]}, "mix: expected 1 numbers, one a dataset, got 2"),
        ({"datasets": "OUT"}, "datasets: expected a motionpair.PairDataset, .* got 'OUT'"),
        ({"datasets": ["OUT"]}, r"datasets\[0\]: expected a motionpair.PairDataset"),
        ({"datasets": [[Asked(facts(9, 1))]]}, r"datasets\[0\]: expected a motionpair.PairDataset"),
        ({"datasets": iter([Asked(facts(9, 1))])}, "datasets: .* or a list of them"),
        ({"datasets": facts(9, 1)}, "datasets: expected datasets that give samples"),
        ({"workers": -1}, "workers: expected a whole number from 0, got -1"),
        ({"workers": "2"}, "workers: expected a whole number from 0, got '2'"),
        ({"rank": 0, "world": 2.0}, "world: expected a whole number from 1, got 2.0"),
        ({"rank": "0", "world": 2}, "rank: expected a whole number from 0, got '0'"),
        ({"rank": -1, "world": 2}, "rank: expected a whole number from 0, got -1"),
        ({"collate": "list"}, "collate: expected a function"),
        ({"num_workers": 2}, "num_workers: expected workers="),
        ({"collate_fn": list}, "collate_fn: expected collate="),
        ({"shuffle": True}, "shuffle: expected none"),
        ({"sampler": [0]}, "sampler: expected none"),
        ({"batch_sampler": [[0]]}, "batch_sampler: expected none"),
        ({"drop_last": False}, "drop_last: expected none"),
        ({"in_order": False}, "in_order: expected none"),
        ({"generator": None}, "generator: expected none"),
        ({"worker": 2}, "worker: no such option; did you mean workers?"),
        ({"nonsense": 2}, "nonsense: no such option; accepted: pin_memory, timeout"),
        ({"prefetch_factor": 2}, "options: prefetch_factor: torch's DataLoader says: "),
    ],
)
def test_wrong_arguments_are_refused_by_name(arguments: dict[str, Any], message: str):
    right = {"datasets": Asked(facts(9, 1)), "batch_size": 4, "seed": 3}
    with pytest.raises(InputError, match=message):
        PairLoader(**{**right, **arguments})


@pytest.mark.parametrize("state", [None, 3, "state", {"order": 1}, {"epoch": 0, "consumed": 0}])
def test_what_is_no_state_is_refused(state: Any):
    with pytest.raises(InputError, match="state"):
        PairLoader(Asked(facts(9, 1)), batch_size=4, seed=3).load_state_dict(state)


def test_numpys_whole_numbers_give_the_same_order():
    one = PairLoader(Asked(facts(9, 1)), batch_size=4, seed=3)
    other = PairLoader(Asked(facts(9, 1)), batch_size=np.int64(4), seed=np.int32(3))
    assert other.state_dict() == one.state_dict()


class Damaged(Asked):
    """Pair p3 cannot be read, p4 stands in for it."""

    def __getitems__(self, items: list[tuple[int, int]]) -> list[Any]:
        skipped = [Skipped("p3", "pair p3: is damaged") for number, _ in items if number == 3]
        return [*(self[4, seed] if number == 3 else self[number, seed] for number, seed in items), *skipped]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("others", [0, 20])
def test_skipped_pairs_are_counted_whatever_the_workers(workers, others, caplog):
    datasets = [Damaged(facts(30, 1)), *([Asked(facts(others, 2, "b-"))] if others else [])]
    loader = PairLoader(
        datasets, batch_size=4, seed=3, shares={"one": 1, "swap": 1, "bones": 1}, workers=workers
    )
    drawn: list[str] = []
    with caplog.at_level(logging.WARNING):
        while loader.state.epoch < 6:
            for batch in loader:
                assert set(batch) == {"pair_id", "seed"}
                drawn += batch["pair_id"]
    assert "p3" not in drawn
    assert len(drawn) == 6 * (30 + others)
    assert loader.skipped["p3"] > 1
    assert [r.getMessage() for r in caplog.records].count("skipped: pair p3: is damaged") == 1


class TestPairs:
    """With the real dataset."""

    def test_batches_of_one_pair_each_survive_a_damaged_one(self, tiny_dataset: Path, tmp_path: Path):
        out = Path(shutil.copytree(tiny_dataset, tmp_path / "copy"))
        rows = list(Dataset(out).rows())
        place = rows[1]["target"]
        with (out / place["shard"]).open("rb+") as file:
            file.seek(place["offset"])
            file.write(b"\0" * place["length"])
        dataset = PairDataset(out, ["target", "pair_id"], None, on_error="skip")
        loader = PairLoader(dataset, batch_size=1, seed=1, workers=1)
        drawn = [batch["pair_id"][0] for batch in loader]
        assert len(drawn) == len(rows)
        assert rows[1]["pair_id"] not in drawn
        assert set(loader.skipped) <= {rows[1]["pair_id"]}

    def test_tensors_of_a_batch_are_whole_and_in_shared_memory(self, tiny_dataset: Path):
        fields = ("driving", "driving_mask", "target", "reference", "joints2d", "slot", "caption")
        dataset = PairDataset(tiny_dataset, fields, None, colour="rgb", augment={"clip": 0.5})
        for batch in PairLoader(dataset, batch_size=2, seed=1, workers=1):
            tensors = {name: value for name, value in batch.items() if isinstance(value, torch.Tensor)}
            numbers = {"slot", "seed", "augmented"}
            assert {"driving", "driving_mask", "target"} | numbers <= set(tensors)
            for name, tensor in tensors.items():
                assert tensor.is_contiguous()
                assert tensor.is_shared() == (name not in numbers), (
                    name
                )  # a file each costs more than sending
            assert [tensors[name].dtype for name in ("slot", "seed", "augmented")] == [
                *[torch.int64] * 2,
                torch.bool,
            ]
            assert all(isinstance(text, str) for text in batch["caption"])

    def test_augmentation_belongs_to_the_draw(self, tiny_dataset: Path):
        dataset = PairDataset(tiny_dataset, ["pair_id"], None, augment={"clip": 0.5, "body_mesh": 0.5})
        alone, ranks = [
            [
                (batch["pair_id"], batch["augmented"].tolist(), batch["seed"].tolist())
                for step in zip(
                    *(PairLoader(dataset, 1, 1, rank=r, world=world) for r in range(world)), strict=True
                )
                for batch in step
            ]
            for world in (1, 3)
        ]
        assert ranks[: len(alone)] == alone

    def test_one_may_go_on_with_another_source_of_the_same_pairs(self, tiny_dataset: Path):
        """Latents of the same pairs, whose buckets have other names, have the same order."""
        index = Index(tiny_dataset)
        latents = Facts(
            index.pair_ids,
            index.stratum,
            index.bucket,
            index.mode,
            index.driving_kind,
            index.strata,
            index.modes,
            index.driving_kinds,
            tuple(f"latents of {bucket}" for bucket in index.buckets),
        )
        videos = PairLoader(PairDataset(tiny_dataset, ["pair_id"], None), batch_size=2, seed=4)
        seen = [plain(batch) for _, batch in zip(range(2), videos, strict=False)]
        rest = PairLoader(Asked(latents), batch_size=2, seed=4)
        rest.load_state_dict(videos.state_dict())
        seen += [plain(batch) for batch in rest]
        assert seen == [plain(batch) for batch in PairLoader(Asked(latents), batch_size=2, seed=4)]
        other = Facts(**{**vars(latents), "pair_ids": np.char.add(index.pair_ids, "x")})
        with pytest.raises(InputError, match="another order"):
            PairLoader(Asked(other), batch_size=2, seed=4).load_state_dict(videos.state_dict())

    def test_an_epoch_of_60_000_pairs_by_two_workers(self, many_pairs: Path):
        """Every draw has its own pair's bytes, and all shards are read with few open files."""
        dataset = PairDataset(many_pairs, ["reference_mask", "slot"], None, decode=False, check=True)
        loader = PairLoader(dataset, batch_size=100, seed=1, workers=2)
        opened = len(list(Path("/proc/self/fd").iterdir()))
        slots: list[int] = []
        for step, batch in enumerate(loader):
            numbers = batch["slot"].tolist()
            slots += numbers
            if step % 50 == 0:
                expected = [many_rows.blob_of(slot, "reference_mask") for slot in numbers]
                assert [bytes(data) for data in batch["reference_mask"]] == expected
                assert len(list(Path("/proc/self/fd").iterdir())) <= opened + 64
        assert len(slots) == many_rows.PAIRS
        assert loader.state == State(1, 0)
        kinds = [many_rows.kind_of(slot) for slot in slots]
        share = np.mean([kind.mode == "replacement" for kind in kinds])
        assert share == pytest.approx(0.2, abs=1e-4)


def test_what_a_batch_is_made_of():
    one = {"a": torch.zeros(2), "b": None, "c": "x", "d": 1.5, "e": torch.zeros(1)}
    other = {"a": torch.ones(2), "b": torch.zeros(1), "c": "y", "d": 2, "e": torch.zeros(3)}
    batch = collate([one, Skipped("p", "m"), other])
    assert torch.equal(batch["a"], torch.tensor([[0.0, 0], [1, 1]]))
    assert batch["b"][0] is None
    assert batch["c"] == ["x", "y"]
    assert batch["d"].tolist() == [1.5, 2]
    assert [len(tensor) for tensor in batch["e"]] == [1, 3]
    assert batch["skipped"] == [Skipped("p", "m")]
