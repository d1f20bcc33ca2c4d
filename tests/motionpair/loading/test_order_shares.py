"""Sampling shares: which strata are drawn together, and how often."""

from __future__ import annotations

import pytest

from motionpair.errors import InputError
from motionpair.loading.order import LEFT_OUT
from motionpair.loading.shares import Part, kind_of, share_out

CLOSE_UP = Part(0, "close-up", "animation")
SINGLE = Part(0, "single", "animation")
SWAP = Part(0, "swap", "replacement")
BONES = Part(0, "bones", "pose_driven")


def shared(*parts: Part, shares=None, mix=None) -> dict[str, float]:
    sharing = share_out(parts, shares, mix)
    return dict(zip(sharing.names, sharing.shares, strict=True))


def test_a_pair_without_a_driving_clip_of_characters_is_pose_driven():
    assert kind_of("animation", "clip") == "animation"
    assert kind_of("replacement", "clip") == "replacement"
    assert kind_of("animation", "pose") == kind_of("animation", "body_mesh") == "pose_driven"


def test_strata_of_a_kind_are_drawn_as_one_at_the_papers_shares():
    sharing = share_out([SINGLE, SWAP, CLOSE_UP, BONES])
    assert sharing.groups[0] == sharing.groups[2]
    assert len(set(sharing.groups)) == 3
    assert shared(SINGLE, SWAP, CLOSE_UP, BONES) == pytest.approx(
        {"animation": 0.6, "replacement": 0.2, "pose_driven": 0.2}
    )
    assert sharing.notes == ()


def test_shares_of_absent_kinds_fall_away_and_that_is_said():
    sharing = share_out([SINGLE, SWAP])
    assert dict(zip(sharing.names, sharing.shares, strict=True)) == pytest.approx(
        {"animation": 0.75, "replacement": 0.25}
    )
    assert sharing.notes == ("no pair of pose_driven; shares are now animation 0.75, replacement 0.25",)


def test_a_stratums_own_share_goes_before_its_kinds():
    shares = {"close-up": 0.1, "animation": 0.3, "replacement": 0.1}
    assert shared(SINGLE, CLOSE_UP, SWAP, shares=shares) == pytest.approx(
        {"animation": 0.6, "close-up": 0.2, "replacement": 0.2}
    )


def test_a_share_of_0_leaves_pairs_out_and_that_is_said():
    sharing = share_out([SINGLE, SWAP], {"single": 1, "replacement": 0})
    assert sharing.groups == (0, LEFT_OUT)
    assert sharing.shares == (1.0,)
    assert sharing.notes == ("left out, of share 0: swap",)


def test_datasets_are_drawn_as_one_without_a_mix():
    other = [Part(1, "swap", "replacement"), Part(1, "bones", "pose_driven")]
    sharing = share_out([SINGLE, SWAP, *other])
    assert sharing.groups[1] == sharing.groups[2]
    assert dict(zip(sharing.names, sharing.shares, strict=True)) == pytest.approx(
        {"animation": 0.6, "replacement": 0.2, "pose_driven": 0.2}
    )


def test_a_mix_gives_each_dataset_its_share_and_the_shares_hold_within_each():
    other = [Part(1, "single", "animation"), Part(1, "bones", "pose_driven")]
    assert shared(SINGLE, SWAP, *other, mix=[3, 1]) == pytest.approx(
        {
            "dataset 0: animation": 0.75 * 0.75,
            "dataset 0: replacement": 0.75 * 0.25,
            "dataset 1: animation": 0.25 * 0.75,
            "dataset 1: pose_driven": 0.25 * 0.25,
        }
    )


def test_a_dataset_mixed_in_at_0_is_left_out():
    sharing = share_out([SINGLE, Part(1, "other", "animation")], mix=[1, 0])
    assert sharing.groups == (0, LEFT_OUT)
    assert sharing.notes[-1] == "dataset 1: left out, of share 0: other"


def test_shares_that_fall_away_within_a_mixed_dataset_are_said_of_it():
    sharing = share_out([SINGLE, SWAP, BONES, Part(1, "single", "animation")], mix=[1, 1])
    assert dict(zip(sharing.names, sharing.shares, strict=True)) == pytest.approx(
        {
            "dataset 0: animation": 0.3,
            "dataset 0: pose_driven": 0.1,
            "dataset 0: replacement": 0.1,
            "dataset 1: animation": 0.5,
        }
    )
    assert sharing.notes == ("dataset 1: no pair of pose_driven, replacement; shares are now animation 1",)


def test_a_dataset_of_which_nothing_is_drawn_falls_out_of_the_mix_and_that_is_said():
    shares = {"animation": 1, "replacement": 0}
    sharing = share_out([SINGLE, Part(1, "swap", "replacement")], shares, mix=[1, 3, 2])
    assert (sharing.names, sharing.shares) == (("dataset 0: animation",), (1.0,))
    assert sharing.notes == (
        "no pair is drawn of dataset 1, 2; mix is now dataset 0 1",
        "dataset 1: left out, of share 0: swap",
    )


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_a_name_that_no_pair_has_is_told_of_with_a_near_one_whatever_its_share(share):
    notes = share_out([SINGLE, SWAP], {"animation": 1, "replacement": 1, "animaton": share}).notes
    assert notes[0] == "animaton: no pair is of such a stratum or kind; did you mean animation?"
    notes = share_out([SINGLE], {"animation": 1, "other": share}).notes
    assert notes[0].endswith("there are animation, replacement, pose_driven, single")


def test_a_kind_of_share_0_without_pairs_is_nothing_to_tell_of():
    assert share_out([SINGLE], {"animation": 1, "pose_driven": 0}).notes == ()


@pytest.mark.parametrize(
    ("parts", "shares", "mix", "message"),
    [
        ([SINGLE], {"animation": -0.1}, None, "shares: animation: expected a number from 0, got -0.1"),
        ([SINGLE], {"animation": float("nan")}, None, "shares: animation: expected a number"),
        ([SINGLE], {"animation": "0.5"}, None, "shares: animation: expected a number"),
        ([SINGLE], {"animation": True}, None, "shares: animation: expected a number"),
        ([SINGLE], {"animation": 0}, None, "expected a share above 0 for some of the pairs"),
        ([SINGLE, SWAP], {"animation": 1}, None, "stratum 'swap' has none; .* 'replacement'"),
        ([SINGLE], None, [-1], r"mix\[0\]: expected a number from 0"),
        ([SINGLE], None, [0], "expected a share above 0"),
        ([SINGLE], [1, 2], None, "shares: expected numbers by stratum or kind, such as .*, got"),
        ([SINGLE], {1: 0.5}, None, "shares: expected numbers by stratum or kind"),
        ([SINGLE], None, 3, r"mix: expected a number a dataset, such as \[3, 1\], got 3"),
        ([SINGLE], None, "3", "mix: expected a number a dataset"),
        ([SINGLE], None, [], "mix: expected a number a dataset, got 0 for 1"),
    ],
)
def test_wrong_shares_are_refused(parts, shares, mix, message):
    with pytest.raises(InputError, match=message):
        share_out(parts, shares, mix)
