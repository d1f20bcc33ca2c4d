"""A model on the devices of a job: recomputed activations, compiled blocks, FSDP2, shared sequences."""

from __future__ import annotations

import functools
import warnings
from dataclasses import replace

import torch
from torch import nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.utils.checkpoint import checkpoint

from model.scail2 import build
from model.scail2.model import Scail2
from model.training.config import Parallel, TrainConfig
from model.training.initial import fill
from model.training.lora import add_adapters
from model.training.ranks import Ranks
from model.training.sequence import HeadExchange

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def make_model(config: TrainConfig, ranks: Ranks, fresh: bool = True) -> Scail2:
    """The model of a run, on its devices, ready to train: the same weights whatever the ranks.

    The first rank makes or reads all weights on its CPU and deals them out tensor by tensor: that much memory
    is wanted once a job.

    Args:
        config: the run's.
        ranks: the job's.
        fresh: read `config.init`; without, what a checkpoint is going to fill may be left as it is, which
            adapters' base is not.
    """
    if ranks.mesh is None:
        model = whole_model(config, fresh).to(ranks.device)
        _prepare_blocks(model, config.parallel)
        return model
    full = whole_model(config, fresh).state_dict() if ranks.first else {}
    with torch.device("meta"):
        model = build(config.sizes, device="meta")
        _adapt(model, config)
    if ranks.sequence is not None:
        model.distribute(HeadExchange(ranks.sequence, config.sizes.heads))
    _prepare_blocks(model, config.parallel)
    _shard(model, config, ranks)
    model.to_empty(device=ranks.device)
    options = StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)
    set_model_state_dict(model, full, options=options)
    return model


def whole_model(config: TrainConfig, fresh: bool = True) -> Scail2:
    """The model of a configuration on the CPU, its weights a function of seed and `init`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = build(config.sizes)
        if config.init is not None and (fresh or config.lora is not None):
            fill(model, config.init)
        _adapt(model, config)
    return model


def trained(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that are trained, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def _adapt(model: Scail2, config: TrainConfig) -> None:
    if config.lora is not None:
        add_adapters(model, config.lora, DTYPES[config.precision.frozen or config.precision.compute])


def _prepare_blocks(model: Scail2, parallel: Parallel) -> None:
    """Recompute and compile block by block; names of parameters stay as they are."""
    for i, block in enumerate(model.blocks):
        forward = block.forward
        if parallel.compile:
            forward = torch.compile(forward)
        if parallel.checkpointing == "blocks" or (parallel.checkpointing == "alternate" and i % 2 == 0):
            forward = functools.partial(checkpoint, forward, use_reentrant=False, preserve_rng_state=False)
        block.forward = forward


# it is not changed in place
warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view tensor")


def _shard(model: Scail2, config: TrainConfig, ranks: Ranks) -> None:
    compute = DTYPES[config.precision.compute]
    # autocast decides what inputs become, as on one device
    policy = MixedPrecisionPolicy(reduce_dtype=torch.float32, cast_forward_inputs=False)
    gathered = None if compute == torch.float32 else compute
    for block in model.blocks:
        fully_shard(block, mesh=ranks.mesh, mp_policy=replace(policy, param_dtype=gathered))
    # The embedding of time and the head compute in float32, as on one device and in the official code.
    # The outermost weights too: what a forward without a backward pass gathered (a strip, with averaged
    # weights) must not stay for the next step.
    fully_shard(model, mesh=ranks.mesh, mp_policy=policy, reshard_after_forward=True)
