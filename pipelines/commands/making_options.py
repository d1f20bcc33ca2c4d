"""The options by which `generate` and `preferences` make a dataset: what of, where, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.option_groups import with_fields
from pipelines.commands.options import (
    AddressOption,
    DeviceClassesOption,
    LimitOption,
    OutOption,
    RetryOption,
    TimeLimitOption,
    WorkersOption,
)
from pipelines.commands.planning import make_plan

if TYPE_CHECKING:
    from motionpair.plan import Plan
    from pipelines.production import Options


@dataclass(frozen=True)
class HowToMake:
    """What a dataset is made of, its folder, and how. Each field is an option (`with_making`)."""

    out: OutOption
    plan: Annotated[Path | None, typer.Option(help="A plan file.", metavar="PLAN")] = None
    recipe: Annotated[str | None, typer.Option(metavar="NAME|FILE")] = None
    seed: Annotated[int | None, typer.Option(min=0, help="With --recipe; by default 0.", metavar="N")] = None
    limit: LimitOption = None
    workers: WorkersOption = None
    address: AddressOption = None
    retry_quarantined: RetryOption = False
    allow_device_class: DeviceClassesOption = None
    time_limit: TimeLimitOption = None

    def made_plan(self) -> Plan:
        """The plan that is named, or that of the recipe.

        Raises:
            typer.BadParameter: neither or both are named, or the plan with what only a recipe takes.
        """
        if (self.plan is None) == (self.recipe is None):
            raise typer.BadParameter("expected one of --plan and --recipe")
        if self.plan is None:
            assert self.recipe is not None
            return make_plan(self.recipe, self.seed or 0, self.limit)
        if self.seed is not None or self.limit is not None:
            raise typer.BadParameter("--seed and --limit go with --recipe; a plan has its own")
        from motionpair.plan import read_plan

        return read_plan(self.plan)

    def options(self) -> Options:
        """How pairs are made."""
        from pipelines.production import Options

        classes = tuple(self.allow_device_class or ())
        return Options(self.workers, self.address, self.retry_quarantined, classes, self.time_limit)


def with_making(command: Callable[..., None], recipe: str) -> Callable[..., None]:
    """A command whose parameter `asked` is made of the options of `HowToMake`. recipe: help of `--recipe`."""
    option = Annotated[str | None, typer.Option(help=recipe, metavar="NAME|FILE")]
    return with_fields(command, "asked", HowToMake, instead={"recipe": option})
