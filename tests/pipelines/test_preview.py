"""Previews: slots spread over the strata, a sheet of the size of its pairs, one-line refusals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from character_cast import CAST
from mannequins import BODIES
from PIL import Image
from typer.testing import CliRunner

from motionpair import dealing
from motionpair.errors import InputError
from motionpair.planning import candidate
from motionpair.preview_sheets import SHOWN, Preview, draft_size, label, preview_sheet
from motionpair.recipe import load_recipe
from motionpair.specs import Character
from pipelines import preview
from pipelines.cli import app
from render.characters.baked import BakedCharacter
from render.characters.store import CharacterStore

RECIPE = Path(__file__).parents[1] / "rendered.yaml"
WITHOUT_GAP = """base: preferences-demo
name: mine
frames: 5
strata:
  - {name: hands, count: 2, mode: animation, performers: [1, 1], framing: full_body, motion_speed: [0.5, 0.9],
     motions: {count: 1}, formations: {}}
limits: {candidates: 2, gap_fingertip_mm: 1000}
"""

WITH_GAP = WITHOUT_GAP.replace("candidates: 2, gap_fingertip_mm: 1000", "gap_fingertip_mm: 1")


@pytest.mark.parametrize("count", [4, 7, 64, 500])
def test_slots_show_every_stratum_in_proportion(count: int) -> None:
    recipe = load_recipe("motionpair-60k")
    slots = preview.spread(recipe, count)
    assert len(set(slots)) == count
    shown = Counter(dealing.deal_slots(recipe).stratum[slots].tolist())
    for number, stratum in enumerate(recipe.strata):
        share = count * stratum.count / recipe.pairs
        assert shown[number] >= 1
        assert abs(shown[number] - share) <= len(recipe.strata)


def test_a_preview_may_show_every_slot_but_no_more() -> None:
    recipe = load_recipe(RECIPE)
    assert preview.spread(recipe, recipe.pairs) == list(range(recipe.pairs))
    with pytest.raises(InputError, match=f"count: expected 1 to {recipe.pairs}"):
        preview.spread(recipe, recipe.pairs + 1)


@pytest.mark.parametrize(("width", "height"), [(512, 896), (896, 512), (704, 1280), (64, 96)])
def test_drafts_keep_the_shape_and_cost_alike(width: int, height: int) -> None:
    across, down = draft_size(width, height)
    assert across * down == pytest.approx(128 * 224, rel=0.05)
    assert across / down == pytest.approx(width / height, rel=0.03)


def test_a_sheet_holds_upright_and_wide_pairs() -> None:
    spec = candidate(load_recipe("demo"), 0, 0, 0)
    upright = np.full((SHOWN, 224, 128, 3), 200, np.uint8)
    wide = np.full((SHOWN, 128, 224, 3), 90, np.uint8)
    page = preview_sheet([Preview(spec, clip, clip) for clip in (upright, wide, upright)], "three")
    shown = np.asarray(page)
    assert (shown == 200).all(axis=2).sum() == 2 * 2 * SHOWN * 224 * 128
    assert (shown == 90).all(axis=2).sum() == 2 * SHOWN * 224 * 128


def test_a_preference_item_shows_its_rejected_clip_too() -> None:
    spec = candidate(load_recipe("preferences-demo"), 0, 0, 0)
    clips = [np.full((SHOWN, 224, 128, 3), shade, np.uint8) for shade in (200, 120, 90)]
    shown = np.asarray(preview_sheet([Preview(spec, *clips)], "one"))
    for shade in (200, 120, 90):
        assert (shown == shade).all(axis=2).sum() == SHOWN * 224 * 128
    assert "rejected: " in "\n".join(label(spec))


def test_a_label_says_what_the_pair_is() -> None:
    spec = candidate(load_recipe("demo"), 0, 0, 0)
    text = "\n".join(label(spec))
    phrase = spec.target.performers[0].motion.phrases[0]
    for word in (phrase.family, spec.stratum, spec.driving.environment.kind, spec.target.camera.kind):
        assert word in text


def test_the_command_draws_a_sheet_and_says_what_a_frame_cost(
    tmp_path: Path, characters_folder: Path
) -> None:
    out = tmp_path / "sheet.jpg"
    words = ["preview", "--recipe", str(RECIPE), "--count", "1", "--seed", "3", "--out", str(out)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "pairs drawn: 1" in result.stdout
    assert "CPU s a frame" in result.stdout
    assert np.asarray(Image.open(out)).std() > 20
    assert [p.name for p in tmp_path.iterdir()] == ["sheet.jpg"], "nothing temporary is left"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--recipe", "dmeo", "--count", "1", "--out", "OUT/x.jpg"], "recipe dmeo: no such recipe"),
        (["--recipe", "demo", "--count", "999", "--out", "OUT/x.jpg"], "count: expected 1 to 8"),
        (["--recipe", "motionpair-60k", "--count", "501", "--out", "OUT/x.jpg"], "count: expected 1 to 500"),
        (["--recipe", "demo", "--count", "1", "--out", "OUT/x.gif"], "expected a name ending in .jpg"),
        (["--recipe", "demo", "--count", "1", "--out", "OUT/none/x.jpg"], "no such folder"),
        (["--recipe", "demo", "--count", "1", "--out", "/proc/x.jpg"], "/proc/x.jpg: cannot be written"),
        (["--recipe", "demo", "--count", "0", "--out", "OUT/x.jpg"], "greater than or equal to 1"),
    ],
)
def test_bad_input_is_one_line_and_status_2(tmp_path: Path, words: list[str], says: str) -> None:
    result = CliRunner().invoke(app, ["preview", *(w.replace("OUT", str(tmp_path)) for w in words)])
    assert result.exit_code == 2, result.output
    assert says in result.stderr
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


class Mannequins:
    """Stands in for the store of baked characters."""

    def ensure(self, characters: Iterable[Character], **how: object) -> None: ...

    def load(self, character: Character) -> BakedCharacter:
        some = np.arange(12, dtype=np.int32)
        return replace(BODIES["average"], hand_vertices=(some[:3], some[3:6]), face_vertices=some[6:])


def test_a_preference_item_without_its_gap_is_not_shown(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(WITHOUT_GAP)
    found = preview.preview(
        load_recipe(mine),
        0,
        1,
        None,
        Mannequins(),
        lambda *of: None,
        lambda line: None,  # type: ignore[arg-type]
    )
    assert (found.previews, found.failed, found.discards) == ((), (0,), {"no gap": 2})


class Lent:
    """A store whose every character is the one that is baked anyway."""

    def __init__(self, store: CharacterStore) -> None:
        self._baked = store.load(CAST[0])

    def ensure(self, characters: Iterable[Character], **how: object) -> None: ...

    def load(self, character: Character) -> BakedCharacter:
        return self._baked


def test_a_preference_item_is_drawn_with_its_rejected_clip(
    tmp_path: Path, character_store: CharacterStore
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(WITH_GAP)
    recipe = load_recipe(mine)
    lines: list[str] = []
    found = preview.preview(
        recipe,
        0,
        1,
        preview.open_engines(recipe),
        Lent(character_store),  # type: ignore[arg-type]
        lambda *of: None,
        lines.append,
    )
    assert lines == []
    (item,) = found.previews
    assert item.rejected is not None
    assert (item.rejected != item.target).any()
