"""docs/loading.md: its snippets run as written, each on the same small dataset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import synthetic

from motionpair.dataset import Dataset

PAGE = Path(__file__).parents[2] / "docs" / "loading.md"
SECTIONS = {
    title: re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for title, text in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.DOTALL | re.MULTILINE)
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = synthetic.tiny_plan(tmp_path_factory.mktemp("plan"))
    return synthetic.build_dataset(tmp_path_factory.mktemp("dataset"), plan, synthetic.tiny_pairs(plan))


@pytest.fixture(scope="module")
def ray_here() -> Iterator[None]:
    """Ray on this machine alone, small."""
    import ray

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, object_store_memory=80 << 20)
    yield
    ray.shutdown()


def run(section: str, out: Path) -> dict[str, Any]:
    """What a section's only snippet leaves behind."""
    (snippet,) = SECTIONS[section]
    names: dict[str, Any] = {}
    exec(snippet.replace('"OUT', f'"{out}').replace("'OUT", f"'{out}"), names)
    return names


def shape(row: dict[str, Any]) -> tuple[int, int, int, int]:
    return row["frames"], row["height"], row["width"], 3


def test_pytorch(out: Path) -> None:
    from motionpair import PairLoader

    names = run("PyTorch", out)
    rows = [row for row in Dataset(out).rows() if row["split"] == "train"]
    frames, height, width, _ = shape(rows[0])
    size = len(names["batch"]["caption"])
    assert names["target"].shape == (size, frames, 3, height, width)
    assert names["labels"].shape == (size, frames, height, width)
    caption, stored = names["batch"]["caption"][-1], {row["caption"]: row for row in rows}
    expected = Dataset(out).video(stored[caption], "target").astype(int)
    decoded = names["target"][-1].numpy().transpose(0, 2, 3, 1)
    assert abs(decoded - expected).max() <= 1
    resumed = PairLoader(names["dataset"], batch_size=2, seed=1, rank=2, world=3)
    resumed.load_state_dict(names["checkpoint"])
    assert resumed.state == names["loader"].state
    assert resumed.state.epoch == 1


def test_ray_data(out: Path, ray_here: None, capsys: pytest.CaptureFixture[str]) -> None:
    run("Ray Data", out)
    rows = [row for row in Dataset(out).rows() if row["split"] == "train"]
    assert rows
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("tiny-")]
    assert sorted(printed) == [f"{row['pair_id']} {shape(row)}" for row in rows]


def test_duckdb(out: Path) -> None:
    pytest.importorskip("duckdb")
    names = run("DuckDB", out)
    rows = {row["pair_id"]: row for row in Dataset(out).rows()}
    expected = {
        name
        for name, row in rows.items()
        if (row["split"], row["performers"], row["driving_kind"]) == ("train", 1, "clip")
    }
    assert {pair_id for (pair_id,) in names["chosen"]} == expected
    assert names["target"].shape == shape(rows[names["pair_id"]])
    assert sum(size for _, size in names["bytes_of"]) == sum(r["target"]["length"] for r in rows.values())
