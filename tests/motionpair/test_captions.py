from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionpair.captions import caption
from motionpair.planning import candidate
from motionpair.portraits import hair_colour_name
from motionpair.recipe import load_recipe
from motionpair.specs import Camera, Hair, MotionSpec, PairSpec, Phrase, Reference

WHOLE = load_recipe("motionpair-60k")


def _single(seed: int = 0) -> PairSpec:
    return candidate(load_recipe("demo"), seed, 0, 0)


def _with_target(spec: PairSpec, **changes: Any) -> PairSpec:
    """The spec with the target's camera, or its one performer's motion or character, replaced."""
    performer = spec.target.performers[0]
    for name in ("motion", "character"):
        if name in changes:
            performer = replace(performer, **{name: changes.pop(name)})
    return replace(spec, target=replace(spec.target, performers=(performer,), **changes))


@given(st.integers(0, WHOLE.pairs - 1), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_any_spec_has_a_caption_in_whole_sentences(slot: int, k: int) -> None:
    spec = candidate(WHOLE, 1, slot, k)
    text = caption(spec)
    assert text == caption(spec)
    assert text[0].isupper()
    assert text.endswith(".")
    assert "  " not in text
    assert " a a" not in text
    assert len(text) > 200
    for sentence in text.split(". "):
        assert sentence[0].isupper()


def test_captions_tell_the_window_of_the_motion_only() -> None:
    phrases = (
        Phrase("walk", 3.0, {"speed": 1.4, "curve": 0.0, "swing": 1.0}),
        Phrase("kick", 2.0, {"side": -0.5, "height": 0.8}),
        Phrase("wave", 3.0, {"side": 0.5, "rate": 2.0, "reach": 1.0}),
    )
    spec = _single()
    seconds = spec.frames / spec.fps
    assert seconds == pytest.approx(1.06, abs=0.01)
    told = {
        0.5: "walks briskly.",
        2.5: "walks briskly, then kicks with the right leg.",
        3.5: "kicks with the right leg.",
        6.0: "waves with the left hand.",
    }
    woman = replace(spec.target.performers[0].character, phenotype={**_phenotype(spec), "gender": 0.1})
    for start, words in told.items():
        motion = MotionSpec("m", phrases, 0, start, 1.0)
        assert f"She {words}" in caption(_with_target(spec, motion=motion, character=woman))
    slow = MotionSpec("m", phrases, 0, 6.0, 0.5)
    assert "She waves with the left hand in slow motion." in caption(
        _with_target(spec, motion=slow, character=woman)
    )


@pytest.mark.parametrize(("start", "words"), [(2.9, "kicks with the right leg."), (2.7, "walks briskly.")])
def test_a_clip_too_short_to_tell_still_says_what_shows_most(start: float, words: str) -> None:
    phrases = (
        Phrase("walk", 3.0, {"speed": 1.4, "curve": 0.0, "swing": 1.0}),
        Phrase("kick", 2.0, {"side": -0.5, "height": 0.8}),
    )
    spec = replace(_single(), frames=5, reference=Reference("in_clip", 2))  # 0.31 s
    text = caption(_with_target(spec, motion=MotionSpec("m", phrases, 0, start, 1.0)))
    assert f" {words} " in text
    slowly = MotionSpec("m", phrases, 0, 1.0, 0.5)
    assert " walks briskly in slow motion. " in caption(_with_target(spec, motion=slowly))


def _phenotype(spec: PairSpec) -> dict[str, float]:
    return dict(spec.target.performers[0].character.phenotype)


def test_captions_tell_who_is_seen() -> None:
    spec = _single()
    performer = spec.target.performers[0]
    body = {**_phenotype(spec), "height": 0.5, "weight": 0.5, "muscle": 0.5}
    who = replace(performer.character, skin="#3b2219", hair=Hair("bald", "#000000"))
    words = {
        (0.1, 0.45): ("a girl.", "She has dark skin and a bald head, and wears"),
        (0.9, 0.65): ("a young man.", "He has dark skin"),
        (0.5, 0.95): ("an old person.", "They have dark skin"),
    }
    for (gender, age), expected in words.items():
        character = replace(who, phenotype={**body, "gender": gender, "age": age})
        text = caption(_with_target(spec, character=character))
        for part in expected:
            assert part in text


def test_captions_tell_how_it_is_filmed() -> None:
    spec = _single()
    heading = spec.target.performers[0].heading
    camera = Camera("static", "close_up", heading, 0.3, 50, 0.1, 0.0, 0.0, 1)
    text = caption(_with_target(spec, camera=camera))
    assert "close-up of" in text
    assert "The camera stands still and looks slightly down. Half-way through, " in text
    assert text.endswith("seen from the front.")
    turned = replace(camera, kind="orbit", move=0.1, azimuth=heading + 0.7, elevation=0.0)
    text = caption(_with_target(spec, camera=turned))
    assert "The camera slowly orbits to the right. Half-way" in text
    assert text.endswith("seen from a three-quarter angle.")


def test_performers_are_told_from_the_pictures_left() -> None:
    spec = candidate(load_recipe("demo"), 0, 2, 0)
    a, b = spec.target.performers
    man = replace(a.character, phenotype={**a.character.phenotype, "gender": 0.95, "age": 0.65})
    woman = replace(b.character, phenotype={**b.character.phenotype, "gender": 0.05, "age": 0.65})
    pair = (replace(a, character=man, position=(0.6, 0.0)), replace(b, character=woman, position=(-0.6, 0.0)))
    front = replace(spec.target.camera, azimuth=0.0)
    text = caption(replace(spec, target=replace(spec.target, performers=pair, camera=front)))
    assert (
        text.index("On the left,")
        < text.index("woman")
        < text.index("On the right,")
        < text.index(" man has")
    )


@pytest.mark.parametrize(
    ("turned", "name"),
    [
        (0.2, "from the front."),
        (-0.8, "from a three-quarter angle."),
        (1.5, "from the side."),
        (2.5, "from a three-quarter angle at the back."),
        (-3.1, "from the back."),
        (5.9, "from a three-quarter angle."),
        (6.2, "from the front."),
    ],
)
def test_captions_tell_the_side_that_is_seen(turned: float, name: str) -> None:
    spec = _single()
    azimuth = spec.target.performers[0].heading + turned
    camera = replace(spec.target.camera, azimuth=azimuth, f_stop=0.0)
    walk = Phrase("walk", 6.0, {"speed": 1.4, "curve": 0.0, "swing": 1.0})
    motion = MotionSpec("m", (walk,), 0)
    assert caption(_with_target(spec, camera=camera, motion=motion)).endswith(f"seen {name}")


def test_captions_say_nothing_of_sides_and_low_cameras_that_no_one_sees() -> None:
    spec = _single()
    camera = replace(spec.target.camera, kind="dolly", move=0.0, elevation=-0.1)
    roll = MotionSpec("m", (Phrase("roll", 6.0, {"side": 1.0, "rate": 0.2}),), 0)
    text = caption(_with_target(spec, camera=camera, motion=roll))
    assert "Half-way through" not in text
    assert "The camera stands still." in text


def test_performers_who_pass_each_other_are_told_by_how_near_they_are() -> None:
    spec = replace(candidate(load_recipe("demo"), 0, 2, 0), formation="passing")
    a, b = spec.target.performers
    man = replace(a.character, phenotype={**a.character.phenotype, "gender": 0.95, "age": 0.65})
    woman = replace(b.character, phenotype={**b.character.phenotype, "gender": 0.05, "age": 0.65})
    pair = (
        replace(a, character=man, position=(0.05, 0.4)),
        replace(b, character=woman, position=(-0.05, -0.4)),
    )

    def told(azimuth: float) -> str:
        camera = replace(spec.target.camera, azimuth=azimuth)
        return caption(replace(spec, target=replace(spec.target, performers=pair, camera=camera)))

    front = told(0.0)
    assert front.index("Nearer to the camera,") < front.index("woman") < front.index("Farther from it,")
    along = told(1.57)  # from where both come and go, the one is left and the other right
    assert along.index("On the left,") < along.index("woman") < along.index("On the right,")


@pytest.mark.parametrize(
    ("angle", "words"),
    [(0.2, "a little to the left"), (-1.6, "to the right"), (-3.0, "around to the right")],
)
def test_captions_tell_how_far_one_turns(angle: float, words: str) -> None:
    spec = _single()
    motion = MotionSpec("m", (Phrase("turn", 3.0, {"angle": angle, "lift": 1.0}),), 0)
    assert f"on the spot {words}." in caption(_with_target(spec, motion=motion))
    mirrored = replace(motion, mirrored=True)
    other = words.replace("left", "L").replace("right", "left").replace("L", "right")
    assert f"on the spot {other}." in caption(_with_target(spec, motion=mirrored))


def test_hair_has_the_names_of_hair() -> None:
    named = {
        "#0e0b0a": "black",
        "#d3b077": "blond",
        "#8e3f1f": "auburn",
        "#9a9998": "grey",
        "#1b98e0": "blue",
    }
    assert {c: hair_colour_name(c) for c in named} == named
