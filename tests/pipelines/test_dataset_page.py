"""docs/dataset.md: a pair of each stratum is drawn, and its marked parts are filled from a dataset."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import synthetic
from PIL import Image

from motionpair.dataset import Dataset
from motionpair.errors import InputError
from motionpair.palette import PALETTE, slot_label
from motionpair.recipe import load_recipe
from pipelines.gallery import __main__ as gallery
from pipelines.gallery import dataset_page

PAGE = Path(__file__).parents[2] / "docs" / "dataset.md"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = synthetic.tiny_plan(tmp_path_factory.mktemp("plan"))
    return synthetic.build_dataset(tmp_path_factory.mktemp("dataset"), plan, synthetic.tiny_pairs(plan))


@pytest.fixture
def page(tmp_path: Path, tiny: Path) -> Path:
    """A page with a place for every stratum of the tiny dataset."""
    strata = Dataset(tiny).manifest.counts.strata
    places = [f"## {name}\n\n<!-- pair: {name} -->\nold\n<!-- /pair -->\n" for name in strata]
    path = tmp_path / "dataset.md"
    path.write_text(
        "# Dataset\n\nBy hand.\n\n" + "".join(places) + "<!-- figures -->\n<!-- /figures -->\nEnd.\n"
    )
    return path


def test_a_dataset_fills_the_page_and_leaves_the_words(page: Path, tiny: Path) -> None:
    assert gallery.main([str(page.parent), "--dataset", str(tiny)]) == 0
    text = page.read_text()
    manifest = Dataset(tiny).manifest
    assert text.startswith("# Dataset\n\nBy hand.\n")
    assert text.endswith("End.\n")
    assert "old" not in text
    for name, pairs in manifest.counts.strata.items():
        picture = page.parent / "gallery" / f"dataset-{name}.webp"
        assert picture.stat().st_size < 45_000
        assert Image.open(picture).width == 900
        assert f"(gallery/{picture.name})" in text
        assert f"| `{name}` | {pairs} |" in text
    for reason, number in manifest.discards.items():
        assert f"| {reason} | {number} |" in text
    tried = manifest.counts.rows + sum(manifest.discards.values())
    assert f"{sum(manifest.discards.values())} of {tried} (" in text
    dataset_page.update(page, tiny)
    assert page.read_text() == text  # filling again changes nothing


def test_a_picture_shows_both_clips_at_the_same_instants_and_small_masks(tiny: Path) -> None:
    dataset = Dataset(tiny)
    row = next(r for r in dataset.rows() if r["performers"] == 1 and r["mode"] == "animation")
    shown = np.asarray(dataset_page.pair_picture(dataset, row)).astype(int)
    right = shown[:, 232:]
    high = shown.shape[0] // 2
    for colour, half in (((200, 40, 60), right[:high]), ((40, 60, 200), right[high:])):
        found = np.abs(half - colour).max(axis=-1) < 16
        columns = found.any(axis=0)
        starts = np.flatnonzero(columns[1:] & ~columns[:-1])
        assert len(starts) >= 4  # a blob a frame
    slot = PALETTE[slot_label(row["slots"][0])].astype(int)
    assert (np.abs(shown[:, :220] - slot).max(axis=-1) < 16).sum() > 3 * 400


def test_the_pair_that_shows_most_is_taken_unless_one_is_named(tiny: Path) -> None:
    row = next(Dataset(tiny).rows())
    few = row | {"slot": 0, "extra_references": ["back"], "motion_energy": 2.0}
    slow = row | {"slot": 1, "extra_references": ["back", "face"], "motion_energy": 0.5}
    quick = row | {"slot": 2, "extra_references": ["back", "face"], "motion_energy": 0.7}
    same = quick | {"slot": 3}
    stratum = row["stratum"]
    assert dataset_page.picked([few, slow, quick, same])[stratum]["slot"] == 2
    assert dataset_page.picked([same, quick, slow, few])[stratum]["slot"] == 2
    assert dataset_page.picked([few, slow, quick], [few])[stratum]["slot"] == 0
    with pytest.raises(InputError, match="accepted: one"):
        dataset_page.picked([few], [slow, quick])


def test_bad_input_is_one_line_and_changes_nothing(
    page: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = page.read_text()
    docs = str(page.parent)
    for words, said in (
        (["--dataset", "OUT/none"], "OUT/none"),
        (["--dataset", str(tiny), "--pairs", "tiny-5-999999"], "no pair 'tiny-5-999999'"),
        (["--pairs", "tiny-5-000001"], "--pairs: goes with --dataset"),
    ):
        assert gallery.main([docs, *words]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
    page.write_text(before.replace("<!-- figures -->", ""))
    assert gallery.main([docs, "--dataset", str(tiny)]) == 2
    assert "expected one place between <!-- figures -->" in capsys.readouterr().err
    assert not (page.parent / "gallery").exists()


def test_pictures_are_as_good_as_their_size_allows() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (40, 45, 3), np.uint8)
    detailed = Image.fromarray(noise).resize((900, 800))
    plain = Image.new("RGB", (900, 800), "#4a7a9a")
    assert 15_000 < len(dataset_page.webp(detailed)) < 45_000
    assert len(dataset_page.webp(plain)) < 3_000
    with pytest.raises(InputError, match="900 x 1600 px takes more than 45000 bytes"):
        dataset_page.webp(Image.effect_noise((900, 1600), 200).convert("RGB"))


def test_the_page_has_a_place_and_words_for_every_stratum_of_the_recipe() -> None:
    text = PAGE.read_text()
    places = re.findall(r"<!-- pair: ([\w-]+) -->", text)
    strata = load_recipe("motionpair-100k").strata
    assert sorted(places) == sorted(s.name for s in strata)
    for stratum in strata:
        assert re.search(rf"\| `{stratum.name}` .*\| {stratum.count:,} \|", text), stratum.name
