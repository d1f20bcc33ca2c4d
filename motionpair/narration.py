"""What one performer does, in sentences: its posture at first, what happens in order, and how it ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from motionpair import catalog, postures
from motionpair.cast import CHILD_BELOW
from motionpair.catalog.ranges import swap_sides
from motionpair.portraits import listed
from motionpair.postures import Happening, Observed
from motionpair.specs import Character, MotionSpec

SLIVER = 0.3
"""Seconds that something is to be seen to be worth a word, unless nothing is seen for as long."""
SLOW = 0.75
"""Speed of a motion below which a caption speaks of slow motion."""
_ROUNDS = {"sit", "lift", "drink", "reach", "point", "bow", "throw", "phone", "squat", "stretch"}
"""Families whose caption tells a whole round; a clip may show a part, so what is observed is told alone."""
_NUMBERS = {1: "one metre", 1.5: "a metre and a half", 2: "two metres", 2.5: "two and a half metres"}


@dataclass(frozen=True)
class Names:
    """How a caption speaks of a performer: `she` and `her`, say."""

    subject: str
    whose: str


def names_of(character: Character) -> Names:
    """`she`, `he`, or for the androgynous `the person` or `the child`: verbs stay in the singular."""
    gender, age = character.phenotype["gender"], character.phenotype["age"]
    if 0.35 <= gender <= 0.65:
        return Names("the child" if age < CHILD_BELOW else "the person", "their")
    return Names("she", "her") if gender < 0.35 else Names("he", "his")


def capital(words: str) -> str:
    """The words with a capital letter first."""
    return words[0].upper() + words[1:]


def told(
    character: Character,
    motion: MotionSpec,
    seconds: float,
    observed: Observed | None,
    rng: np.random.Generator,
    count: int,
) -> list[str]:
    """Sentences on what a performer does in a clip of `seconds`, in the order of time.

    Args:
        character, motion: the performer's. seconds: the clip's length. observed: what the clip shows of it;
            None: the motion's spec alone is told. rng: chooses among phrasings. count: of
            performers; the more there are, the fewer words has each.
    """
    names = names_of(character)
    sentences = [_beginning(names, observed, rng)] if observed else []
    sentences += _story(names, _phrases(motion, seconds), observed, seconds, rng, {1: 4, 2: 2}.get(count, 1))
    if observed and count < 3:
        sentences += _measured(names, observed, rng)
    if observed and count == 1:
        sentences.append(_ending(names, observed, rng))
    if motion.speed < SLOW:
        sentences.append(_choice(rng, "All of it plays in slow motion.", "The movement is in slow motion."))
    return [s for s in sentences if s]


def _choice(rng: np.random.Generator, *words: str) -> str:
    return words[int(rng.integers(len(words)))]


def _beginning(names: Names, observed: Observed, rng: np.random.Generator) -> str:
    at = _choice(rng, "At the start", "As the clip begins,", "In the first frame", "In the beginning")
    first, pick = observed.first, int(rng.integers(6))
    stands, facing = postures.stance(first, pick), postures.facing(first, pick)
    hands = postures.hands(first, names.whose, pick)
    smile = f" {capital(names.subject)} is smiling." if first.smiling else ""
    if not stands and facing:
        stands, facing = f"is {facing}" if not facing.startswith(("with", "in")) else f"is seen {facing}", ""
    if not stands:
        return f"{at} {_are(hands)}.{smile}" if hands else smile.strip()
    held = f", with {listed([' '.join(hand) for hand in hands])}" if hands else ""
    return f"{at} {names.subject} {stands}{f', {facing}' if facing else ''}{held}.{smile}"


def _are(hands: Sequence[tuple[str, str]]) -> str:
    """`her left hand is at hip height and her right hand is raised above the head`."""
    return listed([f"{who} {'are' if who.startswith('both') else 'is'} {where}" for who, where in hands])


def _ending(names: Names, observed: Observed, rng: np.random.Generator) -> str:
    """What is plainly other in the last frame than in the first."""
    first, last, pick = observed.first, observed.last, int(rng.integers(6))
    at = _choice(rng, "At the end", "In the last frame", "As the clip ends,")
    other = (last.stance, last.side, last.lean) != (first.stance, first.side, first.lean)
    stands = postures.stance(last, pick) if other and last.stance not in ("moving", "standing") else ""
    changed = [last.hands[k] != first.hands[k] or last.holding[k] != first.holding[k] for k in (0, 1)]
    hands = postures.hands(last, names.whose, pick, (changed[0], changed[1]))
    if stands:
        held = f", with {listed([' '.join(hand) for hand in hands])}" if hands else ""
        return f"{at} {names.subject} {stands}{held}."
    return f"{at} {_are(hands)}." if hands else ""


def _measured(names: Names, observed: Observed, rng: np.random.Generator) -> list[str]:
    """Turns, ways and raised hands that were measured and that nothing said so far tells."""
    said = " ".join(h.words for h in observed.happenings)
    parts = []
    if observed.turned and not re.search(r"\b(turns|spins|rolls)\b", said):
        side = "left" if observed.turned > 0 else "right"
        parts.append(f"has turned {_angle(abs(observed.turned))} to {names.whose} {side}")
    if observed.travelled:
        far = _NUMBERS.get(round(observed.travelled * 2) / 2, "more than two and a half metres")
        ways = {
            "": "", "left": " to the left as seen by the camera",
            "right": " to the right as seen by the camera",
            "towards": " towards the camera", "away": " away from the camera",
        }  # fmt: skip
        parts.append(f"has moved about {far}{ways[observed.way]}".replace("about more", "more"))
    out = []
    if parts:
        out.append(f"{_choice(rng, 'By the end', 'In the course of the clip')} {names.subject} "
                   f"{' and '.join(parts)}.")  # fmt: skip
    if any(observed.raises) and not re.search(r"head|waves|raised|high", said):
        up = "both hands come" if all(observed.raises) else (
            f"{names.whose} {'left' if observed.raises[0] else 'right'} hand comes"
        )  # fmt: skip
        out.append(f"{_choice(rng, 'On the way,', 'In between,')} {up} up over the head.")
    return out


def _angle(degrees: float) -> str:
    if 75 <= degrees <= 105:
        return "about a quarter turn"
    if 160 <= degrees <= 200:
        return "about half a turn"
    return f"about {round(degrees, -1):.0f} degrees"


def _phrases(motion: MotionSpec, seconds: float) -> list[tuple[str, Happening]]:
    """(family, what its caption says) of the phrases that the clip's window shows, in order."""
    end = motion.start + motion.speed * seconds
    shown, at = [], 0.0
    for k, phrase in enumerate(motion.phrases):
        stop = at + phrase.seconds
        # A clip that outlasts the phrases goes on with the last one.
        until = end if k == len(motion.phrases) - 1 else min(stop, end)
        shown.append((max(at, motion.start), until))
        at = stop
    least = min(SLIVER * motion.speed, max(b - a for a, b in shown))
    out: list[tuple[str, Happening]] = []
    for phrase, (a, b) in zip(motion.phrases, shown, strict=True):
        if b - a < least:
            continue
        family = catalog.MOTION_FAMILIES[phrase.family]
        words = f"{family.caption} {family.detail(phrase.params)}".strip()
        words = swap_sides(words) if motion.mirrored else words
        span = ((a - motion.start) / (end - motion.start), (b - motion.start) / (end - motion.start))
        if out and out[-1][1].words == words:
            out[-1] = (phrase.family, Happening(out[-1][1].start, span[1], words))
        else:
            out.append((phrase.family, Happening(*span, words)))
    return out


@dataclass
class _Act:
    """A stretch of the story: what it is on the whole, or nothing, and what happens in it."""

    whole: str
    parts: list[Happening]


def _acts(phrases: Sequence[tuple[str, Happening]], observed: Observed | None, seconds: float) -> list[_Act]:
    if observed is None:
        return [_Act(phrase.words, []) for _, phrase in phrases]
    seen = [h for h in observed.happenings if (h.end - h.start) * seconds >= SLIVER]
    seen = seen or list(observed.happenings)
    acts = []
    for k, (family, phrase) in enumerate(phrases):
        first, last = k == 0, k == len(phrases) - 1
        parts = [
            h
            for h in seen
            if (first or (h.start + h.end) / 2 >= phrase.start)
            and (last or (h.start + h.end) / 2 < phrase.end)
        ]
        verb = _verb(phrase.words)
        whole = [h for h in parts if h.end - h.start > 0.85 * (min(phrase.end, 1.0) - max(phrase.start, 0.0))]
        if len(parts) > 1 and whole:
            longest = max(whole, key=lambda h: h.end - h.start)
            acts.append(_Act(longest.words, _merged([h for h in parts if h is not longest])))
            continue
        tells = (family in _ROUNDS and parts) or any(_verb(h.words) == verb for h in parts)
        acts.append(_Act("" if tells else phrase.words, _merged(parts)))
    return acts


def _verb(words: str) -> str:
    return words.split()[0].strip(",")


def _merged(parts: Sequence[Happening]) -> list[Happening]:
    """Happenings in order; the same ones in a row are one."""
    out: list[Happening] = []
    rounds: list[int] = []
    for happening in sorted(parts, key=lambda h: (h.start, h.end)):
        if out and out[-1].words == happening.words:
            out[-1] = Happening(out[-1].start, happening.end, happening.words)
            rounds[-1] += 1
        else:
            out.append(happening)
            rounds.append(1)
    often = ["", "", " more than once"]
    return [
        Happening(h.start, h.end, h.words + (often[n] if n < 3 else " again and again"))
        for h, n in zip(out, rounds, strict=True)
    ]


def _story(
    names: Names,
    phrases: Sequence[tuple[str, Happening]],
    observed: Observed | None,
    seconds: float,
    rng: np.random.Generator,
    most: int,
) -> list[str]:
    """A sentence for each act; with several of them, words for their order."""
    acts = _acts(phrases, observed, seconds)
    out = []
    for k, act in enumerate(acts):
        room = most + 2 if len(acts) == 1 and most > 1 else most
        clauses = _summary(act.parts, room)
        if act.whole and clauses:
            joint = _choice(rng, f": {names.subject} ", f"; {names.subject} ")
            deed = f"{act.whole}{joint}{clauses}"
        else:
            deed = act.whole or clauses
        if len(acts) == 1:
            lead = _choice(rng, "", "", "From there ") if observed else ""
        elif k == 0:
            lead = _choice(rng, "First ", "To begin with, ")
        elif k == len(acts) - 1:
            lead = _choice(rng, "Finally, ", "In the end ", "Then ")
        else:
            lead = _choice(rng, "Then ", "After that, ", "Next, ")
        out.append(f"{capital(lead + names.subject)} {_own(deed, names.whose)}.")
    return out


def _summary(parts: Sequence[Happening], most: int) -> str:
    """The happenings in clauses, at most `most`; more of the same are summed up, others left out."""
    if len(parts) <= most:
        return _clauses(parts)
    first = parts[:most]
    if {h.words for h in parts} == {h.words for h in first}:
        return f"{_clauses(first)}, and goes on like this"
    return _clauses([*first[:-1], parts[-1]]) if most > 1 else _clauses(first)


def _clauses(parts: Sequence[Happening]) -> str:
    """`nods, then smiles and meanwhile waves`: happenings by their time.

    Of neighbours that differ by a word or two, the later ones are told by these: `shows the letter L with the
    left hand, then A and then V`.
    """
    words, before, same = "", None, ("", "")
    for k, happening in enumerate(parts):
        if before is None:
            words = happening.words
        else:
            same = same if _fits(same, happening.words) else _shared(before.words, happening.words)
            told = happening.words
            if same[0]:
                told = told[len(same[0]) : len(told) - len(same[1])].strip()
            overlap = happening.start < before.end - 0.3 * (before.end - before.start)
            joint = (
                ", and meanwhile" if overlap else " and then" if k == len(parts) - 1 and k > 1 else ", then"
            )
            words += f"{joint} {told}"
        before = happening
    return words


def _fits(same: tuple[str, str], words: str) -> bool:
    return bool(same[0]) and words.startswith(same[0]) and words.endswith(same[1]) and (
        len(words) > len(same[0]) + len(same[1])
    )  # fmt: skip


def _shared(a: str, b: str) -> tuple[str, str]:
    """What two phrases begin and end with in common, in whole words and up to an article; perhaps nothing."""
    x, y = a.split(), b.split()
    most = min(len(x), len(y)) - 1
    head = next((k for k in range(most + 1) if x[k] != y[k]), most)
    tail = next((k for k in range(most - head + 1) if x[-1 - k] != y[-1 - k]), most - head)
    head = next((k for k in range(head) if x[k] in ("a", "the")), head)
    if head < 1 or not (x[head : len(x) - tail] and y[head : len(y) - tail]):
        return "", ""
    if y[head] in _LINKS:
        return "", ""
    return " ".join(y[:head]) + " ", "".join(f" {w}" for w in y[len(y) - tail :])


_LINKS = {"from", "to", "with", "on", "in", "and", "up", "down", "once", "back"}
"""Words that cannot be told without the verb before them."""


def _own(words: str, whose: str) -> str:
    """`with the left hand` as `with her left hand`."""
    return re.sub(r"\bthe (left|right) (hand|arm|leg|foot|ear|knee|side)\b", rf"{whose} \1 \2", words)
