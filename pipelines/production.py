"""Producing a dataset: from a plan to a finished folder, resuming whatever an earlier run left.

Everything here holds for any job that stages an item a slot: `pipelines.generate` names the one that renders
a plan's pairs, `pipelines.encoding` the one that encodes a dataset's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from motionpair import lease
from motionpair.errors import EXIT_DONE, EXIT_QUARANTINED, MachineError
from motionpair.forms import Form
from motionpair.plan import Plan, write_plan
from motionpair.schema import PAIRS
from pipelines import connection, finishing, state
from pipelines.job import MEND, Job, is_machine_error
from pipelines.ledger import Ledger
from pipelines.outdir import DATASET, Kind, OutDir
from pipelines.packing import Packer
from pipelines.progress import Reporter, duration
from pipelines.runner import Limits, Runner
from pipelines.state import Phase, SetAside


class Source(Protocol):
    """What makes the pairs of a plan."""

    def job(self, out: OutDir) -> Job:
        """The job that stages slot i's pair in `out.staged(i)`; its record names files with size and hash."""
        ...

    def prepare(self, plan: Plan, out: OutDir, note: Callable[[str], None]) -> Mapping[str, str]:
        """Make what all slots share; returns character_id → sha256 of its bake, for the manifest."""
        ...


@dataclass(frozen=True)
class Options:
    """How to produce. Nothing in here changes a byte of the dataset.

    workers: None for one a core. address: of a Ray cluster, None for this machine.
    allow_device_classes: admitted beside the one that the folder was begun on. pair_seconds: instead of the
    recipe's.
    """

    workers: int | None = None
    address: str | None = None
    retry_quarantined: bool = False
    allow_device_classes: tuple[str, ...] = ()
    pair_seconds: float | None = None


@dataclass(frozen=True)
class Result:
    """What a run left. set_aside: slots still undone; while there are any, no manifest is written."""

    rows: int
    quarantined: int
    set_aside: tuple[SetAside, ...] = ()

    @property
    def exit_status(self) -> int:
        """0 where every slot of the plan has its pair, else 3."""
        return EXIT_QUARANTINED if self.quarantined or self.set_aside else EXIT_DONE

    def line(self) -> str:
        """The result for people, with what to do next."""
        text = f"{self.rows} pairs"
        if self.quarantined:
            text += f", {self.quarantined} quarantined (quarantine.jsonl; --retry-quarantined tries again)"
        if self.set_aside:
            text += f", {len(self.set_aside)} set aside: to try them again, run the same command again"
        return text


class Work(Protocol):
    """What is made in a folder: numbered items, packed into shards, and what stands beside these.

    Attributes:
        kind, form: of the folder, and of its shards.
        hash: of what the folder belongs to: a resume with another is refused. parts: hashes of what that is
            made of, by name, to say which one differs; may be empty.
        total: items. shard_items: items a shard. limits: how far to go along with an item or a worker.
    """

    kind: Kind
    form: Form
    hash: str
    parts: Mapping[str, str]
    total: int
    shard_items: int
    limits: Limits

    def job(self, out: OutDir) -> Job:
        """The job that stages item i in `out.staged(i)`; its record names files with size and hash."""
        ...

    def begin(self, out: OutDir) -> None:
        """Write what stands there before any item."""
        ...

    def prepare(self, out: OutDir, note: Callable[[str], None]) -> Mapping[str, str]:
        """Make what all items share; returns the name and hash of each, which are pinned."""
        ...

    def is_finished(self, out: OutDir, ledger: Ledger) -> bool:
        """Whether nothing has happened since `finish`, and what it wrote still stands."""
        ...

    def unfinish(self, out: OutDir) -> None:
        """Take away what says that the folder is finished."""
        ...

    def finish(self, out: OutDir, ledger: Ledger, prepared: Mapping[str, str]) -> None:
        """Write what stands beside the shards, once every item is settled and packed."""
        ...


class _Generation:
    """The work of a plan."""

    kind, form = DATASET, PAIRS

    def __init__(self, plan: Plan, source: Source) -> None:
        self._plan, self._source = plan, source
        self.hash, self.total = plan.hash, len(plan)
        self.parts: Mapping[str, str] = {}
        self.shard_items, self.limits = plan.recipe.shard_pairs, Limits(plan.recipe.pair_seconds)

    def job(self, out: OutDir) -> Job:
        return self._source.job(out)

    def begin(self, out: OutDir) -> None:
        if not out.plan.exists():
            write_plan(self._plan, out.plan)

    def prepare(self, out: OutDir, note: Callable[[str], None]) -> Mapping[str, str]:
        return self._source.prepare(self._plan, out, note)

    def is_finished(self, out: OutDir, ledger: Ledger) -> bool:
        return finishing.is_finished(out, ledger)

    def unfinish(self, out: OutDir) -> None:
        finishing.unfinish(out)

    def finish(self, out: OutDir, ledger: Ledger, prepared: Mapping[str, str]) -> None:
        finishing.finish(out, self._plan, ledger, prepared)


def produce(plan: Plan, root: Path, source: Source, options: Options, reporter: Reporter) -> Result:
    """Make what is missing of a plan's dataset in folder `root`; see `produce_work`."""
    return produce_work(_Generation(plan, source), root, options, reporter)


def produce_work(work: Work, root: Path, options: Options, reporter: Reporter) -> Result:
    """Make what is missing of a work in folder `root`.

    Raises:
        InputError: `root` cannot be written, belongs to another plan, versions or device class, or to a
            driver that is alive.
        MachineError: a full disk, a lost cluster; nothing is lost.
    """
    out = OutDir(root.absolute(), work.kind)
    out.make()
    with lease.hold(out.lease):
        out.bind(work.hash, work.parts)
        work.begin(out)
        ledger = Ledger(out.ledger)
        try:
            return _Production(work, out, ledger, options, reporter).run()
        except OSError as error:
            if not is_machine_error(error):
                raise
            raise MachineError(f"{error}; nothing is lost: {MEND}") from error
        finally:
            ledger.close()


class _Production:
    """One run under the lease."""

    def __init__(self, work: Work, out: OutDir, ledger: Ledger, options: Options, reporter: Reporter) -> None:
        self._work, self._out, self._ledger = work, out, ledger
        self._options, self._reporter = options, reporter
        if options.retry_quarantined and (quarantined := ledger.quarantined()):
            ledger.retry(quarantined)
        self._packer = Packer(
            out, ledger, total=work.total, size=work.shard_items, plan_hash=work.hash, form=work.form
        )
        self._runner = Runner(
            work.job(out),
            ledger,
            out.runs,
            total=work.total,
            reporter=reporter,
            limits=replace(work.limits, item_seconds=options.pair_seconds or work.limits.item_seconds),
            admit=lambda device_class: out.admit(device_class, options.allow_device_classes),
            settled=self._packer.settled,
        )

    def run(self) -> Result:
        if self._work.is_finished(self._out, self._ledger):
            self._reporter.note(f"{self._out.root} is finished already")
            return self._result()
        self._work.unfinish(self._out)
        self._packer.recover()
        self._packer.pack_all()
        try:
            return self._make()
        except KeyboardInterrupt:
            self._tell("stopped")
            raise
        except BaseException:
            with contextlib.suppress(OSError):  # on a full disk this cannot be written either
                self._tell("broken")
            raise

    def _make(self) -> Result:
        self._tell("preparing")
        prepared = self._work.prepare(self._out, self._reporter.note)
        self._out.bind_cast(prepared)
        set_aside: tuple[SetAside, ...] = ()
        undone = [slot for slot in range(self._work.total) if not self._ledger.is_settled(slot)]
        if undone:
            with connection.connect(self._options.workers, self._options.address) as machines:
                summary = self._runner.run(undone, self._options.workers or machines.cpus)
            set_aside = summary.set_aside
            self._reporter.note(f"{len(undone)} slots in {duration(summary.seconds)}")
        if not set_aside:
            self._tell("packing")
            self._work.finish(self._out, self._ledger, prepared)
        self._tell("finished")
        return self._result(set_aside)

    def _tell(self, phase: Phase) -> None:
        moment = self._runner.state(phase)
        state.write(self._out.state, moment)
        self._reporter.update(moment)

    def _result(self, set_aside: tuple[SetAside, ...] = ()) -> Result:
        return Result(len(self._ledger.committed), len(self._ledger.quarantined()), set_aside)
