"""Training SCAIL-2: configurations, batches, the optimiser, many devices, checkpoints, the loop.

`config` what a run is, `named` the configurations that have a name, `runs` a run's folder, `batches` pairs
from the loader, `draws` all that is random, `objective` a batch's loss, `optimizer`, `ema`, `lora`, `ranks`
and `parallelize` and `sequence` several devices, `checkpoints`, `flops`, `log`, `strips`, `trainer` the loop.
"""
