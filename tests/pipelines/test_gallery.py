"""The gallery: all of the catalogue is in it, in the catalogue's words, and strips are drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from character_cast import MAN
from PIL import Image

from motionpair import catalog
from pipelines.gallery import __main__ as gallery
from pipelines.gallery import cast_page, motions_page
from pipelines.gallery.pictures import Studio, sheet
from pipelines.strips import middling, strip
from render.characters.store import CharacterStore
from render.engines import open_engine

SECTIONS = [*cast_page.sections(), *motions_page.sections()]
LABELS = {label.split(",")[0].split(":")[0] for s in SECTIONS for label, _, _ in s.cells}


def test_everything_that_a_recipe_may_name_is_shown() -> None:
    names = {s.name.removeprefix("motion-") for s in SECTIONS}
    assert set(catalog.MOTION_FAMILIES) <= names
    for wanted in (
        catalog.GARMENT_KINDS, catalog.FABRICS, catalog.HAIR_STYLES, catalog.ENVIRONMENTS,
        catalog.CAMERA_KINDS,
        set(catalog.BEARDS) - {"none"}, cast_page.LOOKS.values(),
    ):  # fmt: skip
        assert set(wanted) <= LABELS


def test_everyone_wears_what_the_catalogue_knows_in_as_many_colours_as_the_fabric_takes() -> None:
    everyone = {w.character_id: w for s in SECTIONS for _, cast, _ in s.cells for w in cast}
    for who in everyone.values():
        for garment in who.garments:
            assert garment.fabric in catalog.GARMENT_KINDS[garment.kind].fabrics
            assert len(garment.colours) == catalog.FABRICS[garment.fabric].colours
        places = [catalog.GARMENT_KINDS[g.kind].place for g in who.garments]
        assert len(set(places)) == len(places)
    for section in SECTIONS:
        for label, (who, *_), _ in section.cells:
            if section.name in ("garments", "headwear"):
                assert label in [g.kind for g in who.garments]
            if section.name == "fabrics":
                assert label in [g.fabric for g in who.garments]


def test_a_page_says_what_the_catalogue_says() -> None:
    (walk,) = (s for s in SECTIONS if s.name == "motion-walk")
    text = gallery.page("Motions", "Lead.", [walk])
    family = catalog.MOTION_FAMILIES["walk"]
    assert family.caption in text
    assert all(f"`{name}` {span.low:g} to {span.high:g}" in text for name, span in family.params.items())
    assert "![walk](gallery/motion-walk.webp)" in text
    assert text.startswith("# Motions\n\nLead.")


def test_a_strip_shows_a_motion_from_left_to_right(character_store: CharacterStore) -> None:
    studio = Studio(open_engine("pyrender"), character_store)
    picture = studio.strip([middling("walk", 1.0)], [MAN], "body", (64, 96), 3)
    assert picture.shape == (96, 3 * 64, 3)
    first, second, third = np.split(picture.astype(int), 3, axis=1)
    assert np.abs(first - second).mean() > 1
    assert np.abs(second - third).mean() > 1


def test_two_who_face_each_other_are_both_in_the_strip(character_store: CharacterStore) -> None:
    from character_cast import WOMAN

    motions = [middling("wave", 1.0), middling("talk", 1.0)]
    picture = strip(
        motions, [MAN, WOMAN], frames=2, size=(96, 64), formation="facing", azimuth=0.0, store=character_store
    )
    assert picture.size == (2 * 96, 64)


def test_a_sheet_is_a_grid_with_names() -> None:
    tile = np.zeros((20, 30, 3), np.uint8)
    assert sheet([("a", tile), ("b", tile), ("c", tile)], 2).size == (2 * 34 - 4, 2 * (20 + 22) - 4)
    assert sheet([("", tile)], 6).size == (30, 20)


def test_sections_are_drawn_into_files_and_pages_are_written(
    tmp_path: Path, character_store: CharacterStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (walk,) = (s for s in SECTIONS if s.name == "motion-walk")
    blank = np.full((8, 16, 3), 77, np.uint8)
    stand_in = cast_page.Section("motion-walk", "", walk.text, (("", (MAN,), lambda studio: blank),), 1)
    monkeypatch.setattr(gallery, "PAGES", {"motions": ("Motions", "Lead.", lambda: iter([stand_in]))})
    monkeypatch.setenv("MOTIONPAIR_CACHE", str(character_store.root))
    assert gallery.main([str(tmp_path), "--engine", "pyrender"]) == 0
    assert Image.open(tmp_path / "gallery" / "motion-walk.webp").size == (16, 8)
    assert walk.text in (tmp_path / "motions.md").read_text()


def test_an_unknown_picture_is_one_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gallery.main([str(tmp_path), "--only", "motion-fly"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("gallery: --only motion-fly: no such picture; accepted: looks, ")
    assert said.count("\n") == 1
