"""When a dataset counts as finished."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import synthetic

from pipelines.finishing import finish, is_finished
from pipelines.job import Fault
from pipelines.ledger import Ledger
from pipelines.outdir import OutDir


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = synthetic.tiny_plan(tmp_path_factory.mktemp("plan"))
    return synthetic.build_dataset(tmp_path_factory.mktemp("dataset"), plan, synthetic.tiny_pairs(plan))


def test_a_quarantined_slot_says_why_no_candidate_was_good(tmp_path: Path) -> None:
    plan = synthetic.tiny_plan(tmp_path)
    discards = [
        {"reason": "too dark", "figure": 5.25, "limit": "at least 20"}
    ] * plan.recipe.limits.candidates
    out = OutDir(tmp_path / "out")
    out.make()
    ledger = Ledger(out.ledger)
    for slot in range(len(plan)):
        ledger.fail(slot, Fault("verdict", "NoCandidateError", "none", details={"discards": discards}))
    manifest = finish(out, plan, ledger, {})
    ledger.close()
    assert manifest.discards == {"too dark": len(plan) * plan.recipe.limits.candidates}
    line = json.loads((out.root / "quarantine.jsonl").read_text().splitlines()[3])
    assert (line["slot"], line["reason"], line["discards"]) == (3, "NoCandidateError", discards)


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
