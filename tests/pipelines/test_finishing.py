"""When a dataset counts as finished."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import synthetic

from pipelines.finishing import is_finished
from pipelines.ledger import Ledger
from pipelines.outdir import OutDir


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = synthetic.tiny_plan(tmp_path_factory.mktemp("plan"))
    return synthetic.build_dataset(tmp_path_factory.mktemp("dataset"), plan, synthetic.tiny_pairs(plan))


@pytest.mark.parametrize("lost", ["manifest.json", "metadata.parquet", "shards/shard-00000.parquet"])
@pytest.mark.parametrize("how", ["gone", "cut"])
def test_a_dataset_that_lost_a_file_is_not_finished(
    tmp_path: Path, finished: Path, lost: str, how: str
) -> None:
    out = OutDir(Path(shutil.copytree(finished, tmp_path / "out")))
    out.runs.mkdir(exist_ok=True)
    ledger = Ledger(out.ledger)
    ledger.finish({})
    assert is_finished(out, ledger)
    path = out.root / lost
    whole = path.read_bytes()
    path.unlink()
    if how == "cut":
        path.write_bytes(whole[:-1])
    assert not is_finished(out, ledger)
    ledger.close()
