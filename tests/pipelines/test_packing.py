"""Packing and finishing under kill -9 at every step that they take in the file system."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import drive
import pytest
import synthetic

from motionpair import verify
from motionpair.errors import DataError
from motionpair.plan import Plan, write_plan
from pipelines import finishing
from pipelines.job import Fault
from pipelines.ledger import Ledger
from pipelines.outdir import OutDir
from pipelines.packing import Packer

QUARANTINED = 6


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return synthetic.tiny_plan(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory, plan: Plan) -> Path:
    """An output folder whose every slot but one is committed and staged, and nothing packed."""
    out = OutDir(tmp_path_factory.mktemp("staged") / "out")
    out.make()
    out.bind(plan.hash)
    write_plan(plan, out.plan)
    out.staging.mkdir()
    job = drive.SyntheticJob(out.plan, out.staging, 0.0)
    job.setup()
    ledger = Ledger(out.ledger)
    for slot in range(len(plan)):
        record = job.run(slot)
        del record["seconds"]
        if slot == QUARANTINED:
            shutil.copytree(out.staged(slot), out.root.parent / "late")
            shutil.rmtree(out.staged(slot))
            ledger.fail(slot, Fault("item", "RuntimeError", "burst"))
            ledger.fail(slot, Fault("item", "RuntimeError", "burst"))
            (out.root.parent / "late.json").write_text(json.dumps(record))
        else:
            ledger.commit(slot, record)
    ledger.close()
    return out.root


def copy(staged: Path, to: Path) -> OutDir:
    shutil.copytree(staged, to)
    return OutDir(to)


def complete(out: OutDir, plan: Plan) -> None:
    """What a driver does once all slots are settled."""
    ledger = Ledger(out.ledger)
    packer = Packer(out, ledger, total=len(plan), size=plan.recipe.shard_pairs, plan_hash=plan.hash)
    packer.recover()
    packer.pack_all()
    assert all(ledger.is_settled(slot) for slot in range(len(plan)))
    characters = {c.character_id: synthetic.bake_hash(c.character_id) for c in plan.characters()}
    finishing.finish(out, plan, ledger, characters)
    ledger.close()


def retry(out: OutDir, plan: Plan, staged: Path) -> None:
    """A driver with --retry-quarantined whose worker now succeeds; may be run again after a death."""
    ledger = Ledger(out.ledger)
    if ledger.is_quarantined(QUARANTINED):
        ledger.retry([QUARANTINED])
    finishing.unfinish(out)
    packer = Packer(out, ledger, total=len(plan), size=plan.recipe.shard_pairs, plan_hash=plan.hash)
    packer.recover()
    if QUARANTINED not in ledger.committed:
        shutil.copytree(staged.parent / "late", out.staged(QUARANTINED))
        ledger.commit(QUARANTINED, json.loads((staged.parent / "late.json").read_text()))
    ledger.close()
    complete(out, plan)


def contents(root: Path) -> dict[str, str]:
    """Every file of a dataset, `runs/` left out, with its hash."""
    return {
        str(path.relative_to(root)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "runs" not in path.relative_to(root).parts
    }


def die_at(step: int, work: Callable[[], None]) -> bool:
    """Do some work in a child that kills itself -9 at its n-th step in the file system; whether it died."""
    pid = os.fork()
    if pid == 0:
        count = 0

        def count_steps(event: str, arguments: Any) -> None:
            nonlocal count
            writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wa+")
            if writes or event in (
                "os.rename",
                "os.remove",
                "os.rmdir",
                "os.mkdir",
                "shutil.rmtree",
                "os.truncate",
            ):
                count += 1
                if count > step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count_steps)
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    assert status in (0, signal.SIGKILL), "the work failed"
    return status != 0


def test_killed_at_any_step_packing_ends_in_the_same_bytes(tmp_path: Path, plan: Plan, staged: Path) -> None:
    reference = copy(staged, tmp_path / "reference")
    complete(reference, plan)
    expected = contents(reference.root)
    assert verify.verify(reference.root) == []
    assert not reference.staging.exists()
    step, died = 0, True
    while died:
        out = copy(staged, tmp_path / "out")
        died = die_at(step, partial(complete, out, plan))
        complete(out, plan)
        assert contents(out.root) == expected, f"after a death at step {step}"
        shutil.rmtree(out.root)
        step += 7 if step < 60 else 5
    assert step > 60


def test_killed_at_any_step_a_retry_ends_as_if_nothing_had_ever_failed(
    tmp_path: Path, plan: Plan, staged: Path
) -> None:
    finished = copy(staged, tmp_path / "finished")
    complete(finished, plan)
    reference = copy(finished.root, tmp_path / "reference")
    retry(reference, plan, staged)
    assert verify.verify(reference.root) == []
    never_failed = copy(staged, tmp_path / "never-failed")
    retry(never_failed, plan, staged)
    expected = contents(never_failed.root)
    assert contents(reference.root) == expected
    step, died = 0, True
    while died:
        out = copy(finished.root, tmp_path / "out")
        died = die_at(step, partial(retry, out, plan, staged))
        retry(out, plan, staged)
        assert contents(out.root) == expected, f"after a death at step {step}"
        shutil.rmtree(out.root)
        step += 3
    assert step > 15


def test_damaged_and_missing_files_are_released_and_strangers_removed(
    tmp_path: Path, plan: Plan, staged: Path
) -> None:
    out = copy(staged, tmp_path / "out")
    (out.staged(0) / "target.mp4").write_bytes(b"cut short")
    shutil.rmtree(out.staged(3))
    same_size = out.staged(5) / "driving.mp4"
    data = bytearray(same_size.read_bytes())
    data[100] ^= 1
    same_size.write_bytes(data)
    (out.staging / "000006").mkdir()  # committed by a worker whose driver never heard of it
    (out.staging / ".tmp-000007-123").mkdir()
    out.shards.mkdir()
    (out.shards / "shard-00001.parquet").write_bytes(b"without a ledger line")
    ledger = Ledger(out.ledger)
    packer = Packer(out, ledger, total=len(plan), size=plan.recipe.shard_pairs, plan_hash=plan.hash)
    packer.recover()
    packer.pack_all()
    assert sorted(ledger.committed) == [1, 2, 4, 7]
    assert sorted(p.name for p in out.staging.iterdir()) == ["000001", "000002", "000004", "000007"]
    assert list(out.shards.iterdir()) == []
    ledger.close()


def test_a_lost_shard_is_made_again(tmp_path: Path, plan: Plan, staged: Path) -> None:
    out = copy(staged, tmp_path / "out")
    complete(out, plan)
    (out.shards / "shard-00000.parquet").unlink()
    ledger = Ledger(out.ledger)
    packer = Packer(out, ledger, total=len(plan), size=plan.recipe.shard_pairs, plan_hash=plan.hash)
    packer.recover()
    assert sorted(ledger.committed) == [4, 5, 7]
    ledger.close()


def test_shards_without_a_ledger_are_never_thrown_away(tmp_path: Path, plan: Plan, staged: Path) -> None:
    out = copy(staged, tmp_path / "out")
    complete(out, plan)
    out.ledger.unlink()
    with pytest.raises(DataError, match="knows no pair"):
        complete(out, plan)
    assert len(list(out.shards.iterdir())) == 2
