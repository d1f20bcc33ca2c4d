"""The configurations that have a name."""

from __future__ import annotations

from model.training.config import (
    Data,
    Ema,
    Logging,
    Optimizer,
    Parallel,
    Precision,
    Saving,
    Strips,
    TrainConfig,
)

NAMED: dict[str, TrainConfig] = {
    # shows on a laptop that everything works: minutes on two cores
    "tiny": TrainConfig(
        model="tiny",
        steps=50,
        data=Data(batch=2, micro_batch=2, workers=0),
        optimizer=Optimizer(lr=2e-3, clip=1.0, warmup=5),
        precision=Precision(compute="float32"),
        ema=Ema(decay=0.99),
        saving=Saving(every=25),
        logging=Logging(every=5),
        strips=Strips(every=50),
    ),
    # learns from nothing on one GPU, without encoders
    "small": TrainConfig(
        model="small",
        steps=20_000,
        data=Data(batch=16, micro_batch=8, workers=4),
        optimizer=Optimizer(lr=3e-4, clip=1.0, warmup=500, final=0.05),
        ema=Ema(decay=0.999),
        saving=Saving(every=1000),
        strips=Strips(every=1000, pairs=4),
    ),
    # Wan2.1's small shape, on one node
    "scail2-1.3b": TrainConfig(
        model="scail2-1.3b",
        steps=10_000,
        data=Data(batch=32, micro_batch=1, workers=4),
        optimizer=Optimizer(lr=5e-5, clip=0.1, warmup=200),
        parallel=Parallel(checkpointing="blocks"),
        ema=Ema(decay=0.999),
        saving=Saving(every=500),
        strips=Strips(every=500, cfg=1.0),
    ),
    # the paper's run: 64 GPUs, batch 128, 1e-5, 3,500 steps (arXiv 2606.10804, appendix A)
    "scail2-14b-paper": TrainConfig(
        model="scail2-14b",
        steps=3500,
        data=Data(batch=128, micro_batch=1, workers=4),
        optimizer=Optimizer(lr=1e-5, weight_decay=1e-4, clip=0.1),
        parallel=Parallel(checkpointing="blocks"),
        saving=Saving(every=250),
        strips=Strips(every=500, solver_steps=30, cfg=1.0),
    ),
}
"""By name, for `motionpair train --config NAME`."""
