"""Examples of pairs: the same from pixels as from latents, on the streams' grids, and refused when wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from model.codecs.dct import DctCodec
from model.conditioning import (
    AUGMENTED_FIELDS,
    PAIR_FIELDS,
    Example,
    check,
    collate,
    encode_pair,
    halved,
    least_additional,
    with_driving,
)
from motionpair import PairDataset, mask_channels
from motionpair.errors import DataError, InputError
from motionpair.region_masks import coverage

T, H, W = 2, 12, 8
CODEC = DctCodec()


@pytest.fixture(scope="module")
def pairs(blobs_dataset: Path) -> PairDataset:
    return PairDataset(blobs_dataset, [*PAIR_FIELDS, "slots"], None, colour="rgb")


@pytest.fixture(scope="module")
def augmented(blobs_dataset: Path) -> PairDataset:
    return PairDataset(blobs_dataset, AUGMENTED_FIELDS, None, colour="rgb", augment=1.0)


@pytest.fixture(scope="module")
def examples(pairs: PairDataset, augmented: PairDataset) -> list[Example]:
    """Of every pair, with the augmented driving clip of animation pairs."""
    found = []
    for number in range(len(pairs)):
        sample: Any = pairs[number]
        more: Any = augmented[number] if sample["mode"] == "animation" else None
        found.append(encode_pair(sample, CODEC, augmented=more))
    return found


def of_mode(examples: list[Example], replacement: bool) -> Example:
    return next(example for example in examples if example["replacement"] == replacement)


def test_an_example_has_every_stream_on_its_grid(examples: list[Example]):
    example = of_mode(examples, False)
    extras = example["additional"].shape[1]
    shapes = {
        "video": (16, T, H, W),
        "driving": (16, T, H // 2, W // 2),
        "driving_masks": (28, T, H // 2, W // 2),
        "driving_augmented": (16, T, H // 2, W // 2),
        "driving_masks_augmented": (28, T, H // 2, W // 2),
        "reference": (16, 1, H, W),
        "reference_masks": (28, 1, H, W),
        "additional": (16, extras, H, W),
        "additional_masks": (28, extras, H, W),
        "hands": (T, H, W),
        "faces": (T, H, W),
        "reference_image": (3, 8 * H, 8 * W),
    }
    assert {n: tuple(v.shape) for n, v in example.items() if isinstance(v, torch.Tensor)} == shapes
    assert isinstance(example["caption"], str)
    assert example["driving_kind"] == "clip"


def test_latents_are_of_the_clips_they_are_named_after(pairs: PairDataset, examples: list[Example]):
    for number, example in enumerate(examples):
        sample: Any = pairs[number]
        assert torch.equal(example["video"], CODEC.encode(sample["target"][None])[0])
        half = functional.interpolate(sample["driving"] / 127.5 - 1, scale_factor=0.5, mode="bilinear")
        expected = CODEC.encode_float(half[None] / 2 + 0.5)[0]
        torch.testing.assert_close(example["driving"], expected, atol=1e-4, rtol=1e-4)
        assert torch.equal(example["reference"], CODEC.encode(sample["reference"][None, None])[0])
        face = sample["reference_face"][None, None]
        assert torch.equal(example["additional"][:, -1:], CODEC.encode(face)[0])


def test_masks_are_those_of_the_streams(pairs: PairDataset, examples: list[Example]):
    for number, example in enumerate(examples):
        sample: Any = pairs[number]
        driving = mask_channels.pack(sample["driving_mask"].numpy(), half=True)
        np.testing.assert_array_equal(example["driving_masks"].numpy(), driving)
        reference = mask_channels.pack(sample["reference_mask"].numpy()[None])
        np.testing.assert_array_equal(example["reference_masks"].numpy(), reference)


def test_planes_and_packed_masks_give_the_same_example(blobs_dataset: Path, examples: list[Example]):
    planes: Any = PairDataset(blobs_dataset, PAIR_FIELDS, None, masks="channels")[0]
    example = encode_pair(planes, CODEC)
    for name, tolerance in (("driving_masks", 0), ("reference_masks", 0), ("video", 0.2), ("driving", 0.2)):
        torch.testing.assert_close(example[name], examples[0][name], atol=tolerance, rtol=0)


def test_half_size_is_bilinear_interpolation():
    frames = torch.randint(0, 256, (35, 3, 16, 8), dtype=torch.uint8)
    expected = functional.interpolate(frames / 255, scale_factor=0.5, mode="bilinear", align_corners=False)
    torch.testing.assert_close(halved(frames), expected)


def test_regions_are_shares_of_latent_pixels_over_their_frames():
    boxes = np.full((5, 1, 2, 4), np.nan, np.float32)
    boxes[0, 0, 0] = (0, 0, 8, 4)  # the upper half of the first latent pixel
    boxes[1, 0, 0] = (8, 8, 16, 16)  # one of four frames
    boxes[1:3, 0, 1] = (8, 8, 16, 16)  # the same once more, and in the next
    boxes[4, 0, 0] = (14.6, 0, 40, 24)  # from the pixel whose centre is at 15.5, to beyond the picture
    found = coverage(boxes, 24, 16)
    assert found.shape == (2, 2, 3)
    assert found[0].tolist() == [[0.5, 0, 0], [0, 0, 0]]
    np.testing.assert_allclose(found[1], [[0, 1 / 32, 0.25], [0, 0.5 + 1 / 32, 0.25]])
    with pytest.raises(InputError, match="boxes: expected"):
        coverage(boxes[:4], 24, 16)


def test_the_augmented_driving_clip_is_taken_where_it_is_asked_for(examples: list[Example]):
    example = of_mode(examples, False)
    plain, other = with_driving(example, False), with_driving(example, True)
    assert torch.equal(plain["driving"], example["driving"])
    assert torch.equal(other["driving"], example["driving_augmented"])
    assert torch.equal(other["driving_masks"], example["driving_masks_augmented"])
    assert "driving_augmented" not in {**plain, **other}
    kept = of_mode(examples, True)
    assert torch.equal(with_driving(kept, True)["driving"], kept["driving"])


def test_a_batch_stacks_examples_of_both_modes(examples: list[Example]):
    some = [with_driving(example, True) for example in examples]
    least = least_additional(some)
    assert least == 1  # a close-up has no back
    batch = collate(some, additional=least)
    assert batch["video"].shape == (len(some), 16, T, H, W)
    assert batch["additional_masks"].shape == (len(some), 28, 1, H, W)
    assert batch["replacement"].tolist() == [example["replacement"] for example in some]
    assert batch["continues"].dtype == torch.bool
    assert batch["pair_id"] == [example["pair_id"] for example in some]
    assert "additional" not in collate(some)
    texts = [some[0] | {"text": torch.ones(2, 4)}, some[1] | {"text": torch.ones(3, 4)}]
    assert collate(texts)["text"].sum(dim=(1, 2)).tolist() == [8, 12]


def test_examples_that_do_not_fit_together_are_named(examples: list[Example]):
    first, second = (with_driving(example, False) for example in examples[:2])
    name = second["pair_id"]
    with pytest.raises(InputError, match=rf"pair {name}: video: expected \(16, 2, 12, 8\) as of pair"):
        collate([first, second | {"video": torch.zeros(16, 3, H, W)}])
    with pytest.raises(InputError, match=rf"pair {name}: text: expected the fields of pair"):
        collate([first, second | {"text": torch.ones(2, 4)}])
    with pytest.raises(InputError, match=r"driving_augmented: expected .* one driving clip"):
        collate([of_mode(examples, False)])
    with pytest.raises(InputError, match=rf"pair {name}: additional: expected 2 or more references"):
        collate([first, {k: v for k, v in second.items() if k != "additional"}], additional=2)


def test_pairs_that_are_right_pass(examples: list[Example]):
    for example in examples:
        check(example)
        check({n: v.bfloat16() if isinstance(v, torch.Tensor) else v for n, v in example.items()})


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("name", ["driving_masks", "reference_masks", "additional_masks"])
def test_a_mask_that_contradicts_the_mode_is_named(examples: list[Example], name: str, replacement: bool):
    example, other = of_mode(examples, replacement), of_mode(examples, not replacement)
    mode = "replacement" if replacement else "animation"
    with pytest.raises(DataError, match=rf"pair {example['pair_id']}: {name}: .* contradicts mode {mode}"):
        check(example | {name: other[name]})


def test_an_augmented_mask_that_contradicts_the_mode_is_named(examples: list[Example]):
    example, other = of_mode(examples, False), of_mode(examples, True)
    with pytest.raises(DataError, match="driving_masks_augmented: its background is white"):
        check(example | {"driving_masks_augmented": other["driving_masks"]})


def test_a_driving_clip_that_is_the_target_is_refused(pairs: PairDataset, examples: list[Example]):
    for number, example in enumerate(examples):
        sample: Any = pairs[number]
        with pytest.raises(DataError, match=rf"pair {sample['pair_id']}: driving: is the target itself"):
            encode_pair(sample | {"driving": sample["target"]}, CODEC)
        same = CODEC.encode_float(halved(sample["target"])[None])[0]
        with pytest.raises(DataError, match=rf"pair {sample['pair_id']}: driving: is the target itself"):
            check(example | {"driving": same.bfloat16()})


def test_numbers_that_are_not_finite_are_named(examples: list[Example]):
    broken = examples[0]["reference"].clone()
    broken[0, 0, 0, 0] = torch.nan
    with pytest.raises(DataError, match="reference: expected finite numbers"):
        check(examples[0] | {"reference": broken})


def test_samples_that_cannot_be_encoded_are_named(pairs: PairDataset):
    sample: Any = dict(pairs[0])
    with pytest.raises(InputError, match="no field continues; expected PAIR_FIELDS"):
        encode_pair({n: v for n, v in sample.items() if n != "continues"}, CODEC)
    with pytest.raises(InputError, match="multiples of 32, got 5 of 56 x 96"):
        encode_pair(sample | {"target": sample["target"][..., :56]}, CODEC)
    with pytest.raises(InputError, match="got 4 of 64 x 96"):
        encode_pair(sample | {"target": sample["target"][:4]}, CODEC)


def test_encoders_are_given_the_caption_and_the_reference(pairs: PairDataset):
    class Words:
        def __call__(self, captions):
            return [torch.full((len(captions[0].split()), 4), 1.0)]

    class Pictures:
        def __call__(self, images):
            return images.float().mean(dim=(2, 3))[:, None]

    sample: Any = pairs[1]
    example = encode_pair(sample, CODEC, Words(), Pictures())  # type: ignore[arg-type]
    assert len(example["text"]) == len(sample["caption"].split())
    torch.testing.assert_close(example["image"], sample["reference"].float().mean(dim=(1, 2))[None])


def test_a_preference_item_has_the_rejected_clip_and_the_region_of_both_clips_hands(pairs: PairDataset):
    sample: Any = dict(pairs[0])
    boxes = torch.full_like(sample["target_hand_boxes"], torch.nan)
    target, rejected = boxes.clone(), boxes.clone()
    target[:, 0, 0] = torch.tensor([8.0, 8.0, 24.0, 16.0])
    rejected[:, 0, 1] = torch.tensor([32.0, 8.0, 40.0, 24.0])
    clip = sample["target"].clone()
    clip[:, :, 8:24, 8:40] = 255 - clip[:, :, 8:24, 8:40]
    given = {"rejected": clip, "rejected_hand_boxes": rejected, "target_hand_boxes": target}
    example = encode_pair(sample | given, CODEC)
    expected = torch.zeros(T, H, W)
    expected[:, 1, 1:3] = 1
    expected[:, 1:3, 4] = 1
    assert torch.equal(example["region"], expected)
    assert torch.equal(example["rejected"], CODEC.encode(clip[None])[0])
    differs = (example["rejected"] - example["video"]).abs().amax(dim=0) > 1e-5
    assert differs[:, 1:3, 1:5].all()
    assert not differs[:, 3:].any()
    check(example)
    with pytest.raises(DataError, match="rejected: is the target itself"):
        check(example | {"rejected": example["video"]})
    with pytest.raises(DataError, match="region: is empty"):
        check(example | {"region": torch.zeros(T, H, W)})


def test_ordinary_pairs_have_no_rejected_clip(examples: list[Example]):
    assert not any("rejected" in example or "region" in example for example in examples)
