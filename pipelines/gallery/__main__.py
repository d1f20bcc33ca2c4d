"""`python -m pipelines.gallery docs`: draw the gallery's pictures and write its pages.

With `--dataset OUT` it draws pairs of a finished dataset instead, into docs/dataset.md; with
`--preferences PREFS` items of a finished set of preferences, into docs/preferences.md.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterable
from pathlib import Path

from motionpair import durable
from motionpair.errors import EXIT_INTERRUPTED, EXIT_MACHINE, InputError, MotionPairError
from pipelines.gallery import cast_page, dataset_page, motions_page, preferences_page
from pipelines.gallery.cast_page import Section
from pipelines.gallery.pictures import Studio, sheet
from pipelines.generate import rendering
from pipelines.progress import stages
from render.characters.store import CharacterStore
from render.engines import open_engine

QUALITY = 82
PAGES = {
    "cast": (
        "The cast",
        "Who may appear: looks, bodies, clothes, hair. A recipe weighs all of it ([recipes](recipes.md)).",
        cast_page.sections,
    ),
    "motions": (
        "Motions, places and cameras",
        "What is done, where, and how it is filmed. Every family is parametric: the strips show "
        "middling values, from left to right in time. A recipe may narrow each range.",
        motions_page.sections,
    ),
}


def main(arguments: list[str] | None = None) -> int:
    """Draw what is asked for; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.gallery", description=__doc__)
    parser.add_argument("docs", type=Path, help="folder of the pages; pictures go to its folder gallery")
    parser.add_argument("--only", nargs="*", help="draw these pictures alone; all pages are still written")
    parser.add_argument(
        "--engine", default="blender", help="of the pictures that are no drafts: blender or pyrender"
    )
    parser.add_argument("--dataset", help="draw a pair of each stratum of this dataset, and nothing else")
    parser.add_argument("--preferences", help="draw items of these preferences, and nothing else")
    parser.add_argument(
        "--pairs", nargs="*", default=[], help="of --dataset: show these pairs of their strata"
    )
    asked = parser.parse_args(arguments)
    try:
        if asked.dataset:
            dataset_page.update(asked.docs / "dataset.md", asked.dataset, asked.pairs)
        elif asked.preferences:
            preferences_page.update(asked.docs / "preferences.md", asked.preferences)
        elif asked.pairs:
            raise InputError("--pairs: goes with --dataset")
        else:
            build(asked.docs, asked.engine, asked.only)
    except MotionPairError as error:
        print(f"gallery: {error}", file=sys.stderr)
        return error.exit_status
    except OSError as error:
        print(f"gallery: {error.filename or asked.docs}: {error.strerror or error}", file=sys.stderr)
        return EXIT_MACHINE
    except KeyboardInterrupt:  # every picture is written whole, so what is drawn stays
        print("gallery: stopped; --only NAME ... draws the rest", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def build(docs: Path, engine: str, only: list[str] | None) -> None:
    """Write the pages, and the pictures named in `only` or all of them.

    Raises:
        InputError: no such folder, picture or engine.
    """
    if not docs.is_dir():
        raise InputError(f"{docs}: no such folder")
    pages = {name: list(sections()) for name, (_, _, sections) in PAGES.items()}
    every = {section.name: section for page in pages.values() for section in page}
    unknown = [name for name in only or () if name not in every]
    if unknown:
        raise InputError(f"--only {unknown[0]}: no such picture; accepted: {', '.join(every)}")
    wanted = [every[name] for name in only] if only is not None else list(every.values())
    (docs / "gallery").mkdir(exist_ok=True)
    draw(wanted, docs / "gallery", engine)
    for name, (title, lead, _) in PAGES.items():
        durable.write_bytes(docs / f"{name}.md", page(title, lead, pages[name]).encode())


def draw(wanted: Iterable[Section], folder: Path, engine: str) -> None:
    """Draw sections into WebP files in `folder`, one a section."""
    wanted = list(wanted)
    store = CharacterStore(rendering(Path(), None).cache)
    cast = {who.character_id: who for section in wanted for _, cell, _ in section.cells for who in cell}
    with stages("gallery") as (tell, _):
        store.ensure(cast.values(), progress=lambda done, total: tell("bake", done, total))
        studios = {
            name: Studio(open_engine(name), store, finer=2 if name == "blender" else 1)
            for name in {engine, "pyrender"}
        }
        for i, section in enumerate(wanted):
            tell(section.name, i, len(wanted))
            studio = studios["pyrender" if section.drafts else engine]
            pictures = [(label, paint(studio)) for label, _, paint in section.cells]
            memory = io.BytesIO()
            sheet(pictures, section.columns).save(memory, format="WEBP", quality=QUALITY, method=6)
            durable.write_bytes(folder / f"{section.name}.webp", memory.getvalue())


def page(title: str, lead: str, sections: list[Section]) -> str:
    """A page's Markdown."""
    parts = [
        f"# {title}",
        f"{lead} `make docs` makes the page and its pictures, from the catalogue (`motionpair.catalog`).",
    ]
    for section in sections:
        if section.title:
            parts.append(f"## {section.title}")
        names = ", ".join(dict.fromkeys(label for label, _, _ in section.cells if label))
        names = names or section.name.removeprefix("motion-")
        parts += [section.text, f"![{names}](gallery/{section.name}.webp)"]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
