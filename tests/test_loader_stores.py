"""The stores of `benchmarks.loaders` whose libraries are here give the same samples."""

from __future__ import annotations

from pathlib import Path

import pytest
import synthetic

from benchmarks.loaders import clips
from benchmarks.loaders.compare import REJOINED, Result, table, verdict
from benchmarks.loaders.reader import Content, Reader
from benchmarks.loaders.stores import OURS, STORES, loose_files

HERE = [name for name, store in STORES.items() if not store.peers and name != OURS]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pairs with small clips, a folder a pair."""
    folder = tmp_path_factory.mktemp("stores") / "samples"
    for slot in range(6):
        row, blobs = synthetic.pair_files(synthetic.pair_spec(slot))
        clips.write_loose(folder / row["pair_id"], row, blobs)
    return folder


def content(samples: Path) -> dict:
    held = Content()
    for sample in loose_files.all_of(samples):
        held.add(sample)
    return held.plain()


@pytest.mark.parametrize("name", HERE)
def test_a_store_gives_each_sample_once(samples, tmp_path, name):
    reader = Reader(name, tmp_path, batch=4, workers=0)
    reader.write(str(samples))
    held, expected = reader.check(samples=6), content(samples)
    if name == REJOINED:  # clips without their files' headers
        assert [of["samples"] for of in held.values()] == [6, 6]
        assert 0 < held["fetch"]["bytes"] < expected["bytes"]
        assert held["fetch"] == held["epoch"]
    else:
        assert held == {"fetch": expected, "epoch": expected}
    for run, samples_read in ((reader.fetch(samples=6, seed=3), 24), (reader.epoch(), 6)):
        assert run["samples"] == samples_read
        assert run["wall"] > 0


def test_a_pair_with_other_bytes_is_seen(samples, tmp_path):
    before = content(samples)
    path = next(samples.rglob("target.mp4"))
    data = path.read_bytes()
    path.write_bytes(data[:-1] + b"x")
    after = content(samples)
    path.write_bytes(data)
    assert before["bytes"] == after["bytes"]
    assert before["sum"] != after["sum"]


def test_what_was_not_measured_is_said():
    ours, failed, other = (Result(STORES[name]) for name in (OURS, "lance_table", "webdataset_tars"))
    failed.failed = "not installed (no such host)"
    for result, rate in ((ours, 100.0), (other, 50.0)):
        result.rates["epoch"], result.cpu["epoch"] = [rate, rate], [1 / rate, 1 / rate]
    lines = list(table([ours, failed, other]))
    assert "not installed (no such host)" in lines[3]
    assert "no random access" in lines[4]
    assert "2.0 × (2.0–2.0)" in lines[4]
    said = list(verdict([ours, failed, other]))
    assert said[0].startswith("raw epoch: faster than every one of 1; the nearest by wall time is WebDataset")
    assert said[-1] == "not measured: Lance: not installed (no such host)"
    other.rates["epoch"] = [200.0, 200.0]
    assert "NOT faster" in next(verdict([ours, other]))
