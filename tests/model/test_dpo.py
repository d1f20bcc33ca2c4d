"""The preference loss itself: what it is at the reference, where it looks, and which way it pulls."""

from __future__ import annotations

import math

import pytest
import torch

from model import dpo
from model.dpo import Preference
from motionpair.errors import InputError

SHAPE = (2, 16, 3, 4, 6)
BETA = 20.0


def noise(seed: int) -> torch.Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def mask() -> torch.Tensor:
    mask = torch.zeros(2, 1, *SHAPE[2:])
    mask[0, :, :, 1:3, 2:5] = 1
    mask[1, :, 1, 0, 0] = 0.25
    return mask


def margin(prediction: torch.Tensor, other: torch.Tensor, mask: torch.Tensor, reduction="region", beta=BETA):
    """Of r, whose velocity is noise 0, and r⁻, noise 1; the reference predicts noise 2 and 3."""
    better, worse = (
        dpo.reward(
            dpo.region_error(predicted, noise(clip), mask, reduction),
            dpo.region_error(noise(2 + clip), noise(clip), mask, reduction),
            beta,
        )
        for clip, predicted in enumerate((prediction, other))
    )
    return better - worse


def test_at_the_reference_the_term_is_minus_log_sigma_of_0(mask):
    at = margin(noise(2), noise(3), mask)
    assert torch.equal(at, torch.zeros(2))
    assert dpo.dpo_term(at) == pytest.approx([-math.log(1 / 2)] * 2)


@pytest.mark.parametrize(("reduction", "beta"), [("region", BETA), ("frame", BETA), ("sum", 1e-3)])
def test_the_gradient_is_zero_outside_the_region_alone(mask, reduction, beta):
    predictions = [noise(4).requires_grad_(), noise(5).requires_grad_()]
    dpo.dpo_term(margin(*predictions, mask, reduction, beta)).sum().backward()
    inside = (mask > 0).expand(SHAPE)
    for prediction in predictions:
        assert torch.equal(prediction.grad != 0, inside)


def test_it_pulls_towards_the_preferred_clip_and_away_from_the_other(mask):
    predictions = [noise(2).requires_grad_(), noise(3).requires_grad_()]
    dpo.dpo_term(margin(*predictions, mask)).sum().backward()
    for clip, (prediction, sign) in enumerate(zip(predictions, (1, -1), strict=True)):
        towards = -(prediction.grad * (noise(clip) - prediction.detach())).flatten(1).sum(dim=1)
        assert (sign * towards > 0).all()


def test_a_clip_that_fits_better_has_the_greater_reward(mask):
    assert (margin(noise(0), noise(3), mask) > 0).all()
    assert (margin(noise(2), noise(1), mask) < 0).all()


def test_reductions_differ_by_what_they_divide_by(mask):
    region, frame, total = (
        dpo.region_error(noise(4), noise(0), mask, reduction) for reduction in ("region", "frame", "sum")
    )
    elements = 16 * (mask**2).flatten(1).sum(dim=1)
    assert torch.allclose(region * elements, total)
    assert torch.allclose(frame * math.prod(SHAPE[1:]), total)
    everywhere = dpo.region_error(noise(4), noise(0), torch.ones_like(mask), "region")
    assert torch.allclose(everywhere, ((noise(4) - noise(0)) ** 2).flatten(1).mean(dim=1))


def test_an_item_without_a_region_has_no_error():
    assert torch.equal(
        dpo.region_error(noise(4), noise(0), torch.zeros(2, 1, 3, 4, 6), "region"), torch.zeros(2)
    )


def test_ipo_is_least_at_its_target_and_pulls_back_beyond():
    at = torch.tensor([-1.0, 0.0, 0.5, 2.0], requires_grad=True)
    dpo.ipo_term(at).sum().backward()
    assert at.grad.tolist() == [-3.0, -1.0, 0.0, 3.0]


def test_ties_count_half():
    assert dpo.accuracy(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 2.0, 2.0])).tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("field", [{"weight": 0.0}, {"beta": -1.0}, {"hands": 0.0}, {"divergence": 1.0}])
def test_a_number_that_makes_no_sense_is_named(field):
    with pytest.raises(InputError, match=f"^{next(iter(field))}: expected a number above"):
        Preference(**field)
