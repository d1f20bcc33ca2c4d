"""Solvers of the flow's equation dx/dσ = v(x, σ) from noise (σ = 1) to data (σ = 0).

Here x_σ = (1 − σ) x0 + σ ε and v = ε − x0. A solver knows the σ of every step and takes one step at a time;
it is for one video, and is made anew for the next.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol, get_args

import numpy as np
import torch

from motionpair.errors import InputError

SolverName = Literal["euler", "unipc"]
SOLVERS: tuple[SolverName, ...] = get_args(SolverName)

MOST_STEPS = 1000


class Solver(Protocol):
    """Takes x from `sigmas[i]` to `sigmas[i + 1]`, for i = 0, 1, ... in this order."""

    sigmas: torch.Tensor
    """(steps + 1,) float32, falling to 0."""

    def step(self, velocity: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """x at the next σ, float32, from x and the velocity there, both (B, C, ...)."""


def open_solver(name: str, steps: int, shift: float) -> Solver:
    """A solver by name: `euler` as the SAT branch samples, `unipc` as the wan branch does.

    Raises:
        InputError: another name, or steps or a shift that are out of range.
    """
    if name not in SOLVERS:
        raise InputError(f"solver: expected {' or '.join(SOLVERS)}, got {name!r}")
    if not 1 <= steps <= MOST_STEPS:
        raise InputError(f"steps: expected 1 to {MOST_STEPS}, got {steps}")
    if not 0 < shift <= 100:
        raise InputError(f"shift: expected more than 0 and at most 100, got {shift}")
    return Euler(steps, shift) if name == "euler" else UniPC(steps, shift)


def shifted(sigmas: torch.Tensor, shift: float) -> torch.Tensor:
    """σ moved towards the noise: s σ / (1 + (s − 1) σ). Esser et al. 2024 (arXiv 2403.03206), eq. 23."""
    return shift * sigmas / (1 + (shift - 1) * sigmas)


class Euler:
    """First order, over `steps` equal parts of [1, 0] that are then shifted. The SAT branch: 50 steps, 5."""

    def __init__(self, steps: int, shift: float) -> None:
        even = torch.linspace(1, 0, steps + 1, dtype=torch.float64)
        self._sigmas = shifted(even, shift).tolist()
        self.sigmas = torch.tensor(self._sigmas, dtype=torch.float32)
        self._at = 0

    def step(self, velocity: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """x + (σ' − σ) v."""
        ahead = self._sigmas[self._at + 1] - self._sigmas[self._at]
        self._at += 1
        return x.float() + ahead * velocity.float()


class UniPC:
    """Order 2, predictor and corrector (Zhao et al. 2023, arXiv 2302.04867): diffusers' scheduler on the grid
    of the wan branch, which begins at σ = 0.999 before the shift. The wan branch: 40 steps, shift 3.
    """

    def __init__(self, steps: int, shift: float) -> None:
        from diffusers import UniPCMultistepScheduler

        scheduler: Any = UniPCMultistepScheduler
        self._scheduler = scheduler(
            num_train_timesteps=1000,
            prediction_type="flow_prediction",
            use_flow_sigmas=True,
            flow_shift=shift,
            solver_order=2,
        )
        self._scheduler.set_timesteps(sigmas=np.linspace(0.999, 0, steps + 1)[:-1])
        self._scheduler.set_begin_index(0)
        self._steps = iter(self._scheduler.timesteps)
        self.sigmas: torch.Tensor = self._scheduler.sigmas.float().cpu()

    def step(self, velocity: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """One predictor step, after correcting the last one."""
        stepped = self._scheduler.step(velocity.float(), next(self._steps), x.float(), return_dict=False)
        ahead: torch.Tensor = stepped[0]
        return ahead
