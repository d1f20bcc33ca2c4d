"""`plan` and `preview`: what a recipe gives, before anything is rendered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motionpair.errors import EXIT_QUARANTINED, InputError
from pipelines.commands.options import LimitOption, RecipeOption

if TYPE_CHECKING:
    from motionpair.plan import Plan

commands = typer.Typer()


@commands.command()
def plan(
    recipe: RecipeOption,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.", metavar="N")],
    out: Annotated[Path, typer.Option(help="The plan file to write.", metavar="PLAN.parquet")],
    limit: LimitOption = None,
) -> None:
    """Decide every pair of a dataset before anything is rendered."""
    from collections import Counter

    from motionpair.plan import write_plan

    made = make_plan(recipe, seed, limit)
    if out.is_dir():
        raise InputError(f"{out}: is a folder; expected the name of a file, such as plan.parquet")
    if not out.parent.is_dir():
        raise InputError(f"{out}: no such folder {out.parent}")
    write_plan(made, out)
    typer.echo(f"{out}: {len(made)} slots of recipe {made.recipe.name}, seed {seed}, plan {made.hash[:12]}")
    for stratum, count in sorted(Counter(made.table["stratum"].to_pylist()).items()):
        typer.echo(f"  {count:>7,} {stratum}")


@commands.command()
def preview(
    recipe: RecipeOption,
    count: Annotated[int, typer.Option(min=1, help="How many pairs.", metavar="N")],
    out: Annotated[Path, typer.Option(help="The picture to write.", metavar="SHEET.jpg")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.", metavar="N")] = 0,
) -> None:
    """Draw drafts of some of a recipe's pairs on one sheet, to judge it before rendering.

    Their characters are baked first. Candidates that break a limit of geometry are replaced by the next.
    """
    from motionpair.recipe import load_recipe
    from pipelines import preview as previewing
    from pipelines.generate import rendering
    from pipelines.progress import stages
    from render.characters.store import CharacterStore

    previewing.check_target(out)
    made = load_recipe(recipe)
    engine = previewing.open_engines(made)
    store = CharacterStore(rendering(out.parent, None).cache)
    with stages("preview") as (tell, note):
        drawn = previewing.preview(made, seed, count, engine, store, tell, note)
    previewing.write(drawn, made, seed, out)
    for line in previewing.summary(drawn):
        typer.echo(line)
    typer.echo(out)
    if drawn.failed:
        raise typer.Exit(EXIT_QUARANTINED)


def make_plan(recipe: str, seed: int, limit: int | None) -> Plan:
    """The plan of a recipe by name or file."""
    from motionpair.planning import make_plan
    from motionpair.recipe import load_recipe

    return make_plan(load_recipe(recipe), seed, limit)
