"""The training loop: goes on where the run stopped, and gives the same losses however often it did."""

from __future__ import annotations

import contextlib
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from model.training import checkpoints, flops, runs
from model.training.batches import Batch
from model.training.checkpoints import Checkpoints, Saved
from model.training.config import TrainConfig
from model.training.ema import MovingAverage
from model.training.log import RunLog, Tally, memory_bytes, summary
from model.training.objective import Objective
from model.training.optimizer import clip, learning_rate, make_optimizer, moments, set_step
from model.training.parallelize import DTYPES, make_model, trained
from model.training.preferences import PreferenceObjective
from model.training.ranks import Ranks, alone
from model.training.runs import RunConfig
from model.training.sources import Sources
from model.training.strips import FOLDER, Painter, save_strip
from motionpair.errors import EXIT_FINDINGS, InputError, MachineError, MotionPairError

_WINDOW = 20
"""Steps whose losses together tell divergence."""


class Diverged(MotionPairError):
    """Training went astray: the message says at which step, and where the last good checkpoint is."""

    exit_status = EXIT_FINDINGS


@dataclass(frozen=True)
class Result:
    """How a call of `train` ended: steps that are done, whether it was asked to stop, the last loss."""

    step: int
    stopped: bool
    loss: float | None


class Watcher(Protocol):
    """Shows how training goes; the first rank's."""

    def line(self, line: dict[str, Any], steps: int) -> None:
        """A line of the log was written; it has `step`, `loss` and the rest."""

    def note(self, text: str) -> None:
        """Something that a person should know."""


class Silent:
    """Shows nothing."""

    def line(self, line: dict[str, Any], steps: int) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""


def train(
    config: TrainConfig,
    data: Sequence[str],
    run: str | Path,
    ranks: Ranks | None = None,
    *,
    watcher: Watcher | None = None,
    stop: Callable[[], bool] = lambda: False,
    redraw: Callable[..., Any] | None = None,
) -> Result:
    """Train, or go on with a run, up to `config.steps` steps. Every rank of a job calls it.

    Two jobs at once would write over each other's files: who starts a job holds the run (`runs.held`).

    Args:
        config: what to do.
        data: folders or URIs of latents, or of datasets to encode on the fly.
        run: the run's folder, on a disk that all ranks share; new, or a run of the same configuration.
        ranks: the job's (`model.training.ranks.join`); by default this process alone, on its CPU.
        watcher: told of lines and notes, on the first rank.
        stop: asked after every step; when any rank's says yes, a checkpoint is written and training ends.
        redraw: as of `model.training.batches.Pairs`.

    Raises:
        InputError: a field, a folder or a pair that does not fit; named.
        Diverged: a loss or gradient is not finite, or losses are far above those of a model that answers 0.
        MachineError: a checkpoint cannot be written.
    """
    trainer = _Trainer(config, data, Path(run), ranks or alone("cpu"), watcher or Silent(), redraw)
    try:
        return trainer.train(stop)
    except Exception as error:  # the checkpoint that is being written is good all the same
        try:
            trainer.checkpoints.finish()
        except MachineError as other:
            error.add_note(str(other))
        raise
    finally:
        trainer.close()


class _Trainer:
    """A run on one rank."""

    def __init__(
        self,
        config: TrainConfig,
        data: Sequence[str],
        run: Path,
        ranks: Ranks,
        watcher: Watcher,
        redraw: Callable[..., Any] | None,
    ) -> None:
        self.config, self.run, self.ranks, self.watcher = config, run, ranks, watcher
        self.log: RunLog | None = None
        self.compute = DTYPES[config.precision.compute]
        sources = Sources(config, data, ranks.device, redraw)
        self.feed = sources.feed(ranks.data_rank, ranks.data_world)
        described = sources.run_config()
        self._check_folder(described)
        found = self._last_checkpoint()
        self.model = make_model(config, ranks, fresh=found is None)
        self.parameters = trained(self.model)
        self.names = {parameter: name for name, parameter in self.parameters.items()}
        self.optimizer = make_optimizer(self.parameters.values(), config.optimizer)
        self.ema = MovingAverage(self.parameters, config.ema.decay) if config.ema else None
        self.step = 0
        if found is not None:
            checkpoints.load(found, self._tensors(), ranks)
            set_step(self.optimizer, found.step)
            self.feed.load_state_dict(found.state["loader"])
            self.step = found.step
            self._say(f"{run}: goes on after step {self.step}")
        self.checkpoints = Checkpoints(run, ranks, config.saving.keep, config.saving.background)
        self.painter = sources.painter(self.feed.recipe) if config.strips.every else None
        self.objective = Objective(config.loss, self.compute)
        self.preferring = PreferenceObjective(config.preference, self.compute) if config.preference else None
        self.peak = config.logging.peak_flops or flops.peak_flops(ranks.device, self.compute)
        self.lately: deque[tuple[float, float]] = deque(maxlen=_WINDOW)
        self.saved_at = self.step if found is not None else None
        self.last_loss: float | None = None
        ranks.wait()
        if ranks.first:
            self._write_folder(described)
            self.log = RunLog(run, self.step, config.logging.tensorboard)
        ranks.wait()

    def train(self, stop: Callable[[], bool]) -> Result:
        """All steps that are left."""
        batches, tally, stopped = iter(self.feed), Tally(), False
        self.model.train()
        memory_bytes(self.ranks.device)
        while self.step < self.config.steps and not stopped:
            self._one_step(batches, tally)
            self.step += 1
            stopped = self.ranks.any(stop())
            ends = stopped or self.step == self.config.steps
            saves = ends or self.step % self.config.saving.every == 0
            # no line goes on past a checkpoint: whoever goes on from there would miss its first steps
            if saves or self.step % self.config.logging.every == 0:
                self._write_line(tally)
                tally = Tally()
            if saves:
                self._save()
            self.checkpoints.poll()
            if self.painter and (self.step % self.config.strips.every == 0 or self.step == self.config.steps):
                self._paint(self.painter)
        if self.saved_at != self.step:
            self._save()
        self.checkpoints.finish()
        self.ranks.wait()
        return Result(self.step, stopped and self.step < self.config.steps, self.last_loss)

    def close(self) -> None:
        """End the files of the log."""
        if self.log is not None:
            self.log.close()

    def _one_step(self, batches: Iterator[Batch], tally: Tally) -> None:
        began = time.perf_counter()
        rate = learning_rate(self.config.optimizer, self.step, self.config.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        # FSDP averages gradients over all ranks; each pair is to count once, by the step's number of pairs,
        # whoever sees it and however many share it.
        share = self.ranks.data_world / self.feed.step_pairs()
        losses: list[tuple[list[str], Tensor, Tensor]] = []
        for _ in range(self.feed.accumulate):
            asked = time.perf_counter()
            batch = next(batches)
            tally.waited += time.perf_counter() - asked
            batch = batch.to(self.ranks.device)
            loss, zero = self._losses(batch, tally)
            (loss.sum() * share).backward()
            losses.append((batch.strata, loss.detach(), zero))
            self._count(batch, tally)
        norm = clip(self.parameters.values(), self.config.optimizer.clip)
        seen = [
            (stratum, value, floor)
            for strata, loss, zero in losses
            for stratum, value, floor in zip(strata, loss.tolist(), zero.tolist(), strict=True)
        ]
        self._judge(norm, seen)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.ema is not None:
            self.ema.update(self.step)
        tally.losses += [(stratum, value) for stratum, value, _ in seen]
        self.figures = {"grad_norm": norm, "lr": rate}
        tally.steps += 1
        tally.seconds += time.perf_counter() - began

    def _losses(self, batch: Batch, tally: Tally) -> tuple[Tensor, Tensor]:
        """The loss of each sample, and what it is held against to tell divergence."""
        if self.preferring is None:
            return self.objective(self.model, batch)
        measured = self.preferring(self.model, batch)
        for name, values in measured.figures.items():
            tally.figures.setdefault(name, []).extend(values.tolist())
        return measured.loss, measured.reference

    def _count(self, batch: Batch, tally: Tally) -> None:
        length = flops.tokens(batch.video, batch.driving, batch.additional)
        compared = self.config.preference is not None and self.config.preference.compares
        samples = 2 * len(batch) if compared else len(batch)  # r and r⁻
        tally.tokens += length * samples
        adapters = self.config.lora is not None
        tally.flops += flops.training_flops(self.config.sizes, samples, length, adapters, int(compared))

    def _judge(self, norm: float, seen: Sequence[tuple[str, float, float]]) -> None:
        """Refuse to step where training went astray; the answer is the same on all ranks."""
        loss, zero, count = self.ranks.total(
            sum(value for _, value, _ in seen), sum(floor for _, _, floor in seen), len(seen)
        )
        self.last_loss = loss / count
        self.lately.append((loss, zero))
        limit, floor = self.config.logging.divergence, "that of a model that answers 0"
        if (asked := self.config.preference) is not None and asked.compares:
            limit, floor = asked.divergence, "that of the reference"
        strayed = False
        if not (math.isfinite(loss) and math.isfinite(norm)):
            what = f"the loss is {loss:g} and the gradients' norm {norm:g}"
        elif len(self.lately) == _WINDOW and sum(a for a, _ in self.lately) > limit * sum(
            b for _, b in self.lately
        ):
            what, strayed = f"over {_WINDOW} steps the loss is over {limit:g} times {floor}", True
        else:
            return
        self.checkpoints.finish()
        if strayed and self.preferring is not None:  # those of the steps that led astray are not good ones
            self.checkpoints.drop_after(self.step + 1 - _WINDOW)
        whole, _ = checkpoints.saved(self.run)
        good = f"the last good checkpoint is {whole[-1].path}" if whole else "there is no checkpoint yet"
        raise Diverged(
            f"step {self.step + 1}: {what}: stopped; {good}. A lower optimizer.lr, a lower optimizer.clip or "
            "a longer optimizer.warmup may help, in a new --out"
        )

    def _write_line(self, tally: Tally) -> None:
        tally.memory = memory_bytes(self.ranks.device)
        tallies = self.ranks.gathered(tally)
        if self.log is None:
            return
        state = self.feed.state
        sharing = self.ranks.world // self.ranks.data_world
        line = {
            "step": self.step,
            **summary(tallies, sharing, self.peak),
            **self.figures,
            "epoch": state.epoch,
            "consumed": state.consumed,
        }
        self.log.write(line)
        self.watcher.line(line, self.config.steps)

    def _save(self) -> None:
        state = {"loader": self.feed.state_dict(), "world": self.ranks.world}
        self.checkpoints.save(self.step, self._tensors(), state)
        self.saved_at = self.step

    def _tensors(self) -> dict[str, Tensor]:
        """All that a run's state is of, by name: the tensors themselves."""
        tensors = {f"model.{name}": parameter.data for name, parameter in self.parameters.items()}
        tensors |= moments(self.optimizer, self.names)
        if self.ema is not None:
            tensors |= {f"ema.{name}": average for name, average in self.ema.averages.items()}
        return tensors

    def _paint(self, painter: Painter) -> None:
        with self.ema.applied() if self.ema else contextlib.nullcontext():
            strips = painter.paint(self.model)
        for pair_id, strip in strips if self.ranks.first else ():
            save_strip(self.run / FOLDER, self.step, pair_id, strip)
            if self.log is not None:
                self.log.picture(f"strip/{pair_id}", strip, self.step)

    def _say(self, text: str) -> None:
        if self.ranks.first:
            self.watcher.note(text)

    def _check_folder(self, described: RunConfig) -> None:
        """Hold what is asked for against what the run in the folder is of, if there is one."""
        runs.check_free(self.run)
        if (self.run / runs.CONFIG).exists():
            runs.check_same(runs.read_run(self.run), described, self.run)

    def _write_folder(self, described: RunConfig) -> None:
        try:
            self.run.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError, PermissionError) as error:
            raise InputError(f"{self.run}: cannot be made ({error.strerror})") from None
        runs.write_config(self.run, described)

    def _last_checkpoint(self) -> Saved | None:
        """The newest whole checkpoint; the first rank's choice, so that all take the same."""
        whole, notes = checkpoints.saved(self.run) if self.ranks.first else ([], [])
        for note in notes:
            self._say(f"not taken: {note}")
        path = self.ranks.gathered(str(whole[-1].path) if whole else None)[0]
        return checkpoints.read(Path(path)) if path is not None else None
