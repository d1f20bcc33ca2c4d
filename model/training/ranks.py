"""The processes of a training job: who is which, on what device, and who shares what.

Started by torchrun, by Ray Train, or alone. Rank numbers run over sequence parallelism first, so that ranks
that share a sample are neighbours, then over shards, then over replicas.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from model.training.config import Parallel
from motionpair.errors import InputError

_TIMEOUT = timedelta(minutes=30)
"""Of a collective: longer than writing a checkpoint or reading a VAE on one rank."""


@dataclass(frozen=True)
class Ranks:
    """This process among all.

    rank, world: of all. data_rank, data_world: of those that see different pairs. device: this process's.
    mesh: over which weights are sharded, (shard,) or (replicate, shard); None when alone. sequence: the group
    that shares a sample's tokens; None without sequence parallelism. host: a group of all ranks on CPUs, for
    small messages; None when alone. saving: another one, for checkpoints, which a thread writes meanwhile.
    """

    rank: int
    world: int
    data_rank: int
    data_world: int
    device: torch.device
    mesh: DeviceMesh | None = None
    sequence: Any = None
    host: Any = None
    saving: Any = None

    @property
    def first(self) -> bool:
        """Whether this is the rank that writes files and speaks."""
        return self.rank == 0

    def any(self, flag: bool) -> bool:
        """Whether the flag is set on any rank; the same answer on all."""
        if self.host is None:
            return flag
        told = torch.tensor([int(flag)])
        dist.all_reduce(told, dist.ReduceOp.MAX, self.host)
        return bool(told.item())

    def total(self, *values: float) -> list[float]:
        """Sums over all ranks, the same on all."""
        if self.host is None:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(sums, dist.ReduceOp.SUM, self.host)
        return list(sums.tolist())

    def gathered(self, value: Any) -> list[Any]:
        """Everyone's value, by rank. Plain values alone, between processes of one job."""
        if self.host is None:
            return [value]
        everyone: list[Any] = [None] * self.world
        dist.all_gather_object(everyone, value, self.host)
        return everyone

    def wait(self) -> None:
        """Go on when every rank has come here."""
        if self.host is not None:
            dist.barrier(self.host)


def alone(device: torch.device | str) -> Ranks:
    """One process that trains on its own."""
    return Ranks(0, 1, 0, 1, torch.device(device))


@contextmanager
def join(parallel: Parallel, device: str = "auto") -> Iterator[Ranks]:
    """Join the job that this process was started in, by torchrun or Ray Train; alone if there is none.

    Args:
        parallel: how the ranks share the work.
        device: `auto`, `cpu`, `cuda` or `cuda:N`; `auto` is the local rank's GPU where there is one.

    Raises:
        InputError: so many ranks cannot be shared out as `parallel` has it.
    """
    world, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    own = not dist.is_initialized()
    if not own:
        world, rank = dist.get_world_size(), dist.get_rank()
    place = _device(device)
    groups = parallel.replicate * parallel.sequence
    if world % groups:
        raise InputError(
            f"parallel: expected ranks in multiples of replicate {parallel.replicate} x sequence "
            f"{parallel.sequence}, got {world}"
        )
    if world == 1:
        yield alone(place)
        return
    if own:
        backend = "cpu:gloo,cuda:nccl" if place.type == "cuda" else "gloo"
        dist.init_process_group(backend, timeout=_TIMEOUT)
    try:
        yield _shared(parallel, rank, world, place)
    finally:
        if own:
            dist.destroy_process_group()


def _shared(parallel: Parallel, rank: int, world: int, place: torch.device) -> Ranks:
    replicate, sequence = parallel.replicate, parallel.sequence
    if replicate == 1:
        mesh = init_device_mesh(place.type, (world,), mesh_dim_names=("shard",))
    else:
        mesh = init_device_mesh(
            place.type, (replicate, world // replicate), mesh_dim_names=("replicate", "shard")
        )
    group = None
    if sequence > 1:
        both = init_device_mesh(
            place.type, (world // sequence, sequence), mesh_dim_names=("data", "sequence")
        )
        group = both["sequence"].get_group()
    host, saving = (dist.new_group(backend="gloo", timeout=_TIMEOUT) for _ in range(2))
    return Ranks(rank, world, rank // sequence, world // sequence, place, mesh, group, host, saving)


def _device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"device: expected auto, cpu, cuda or cuda:N, got {name!r}") from None
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise InputError(f"device: {name}: no CUDA GPU is at hand")
        if device.index is None:
            device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    return device
