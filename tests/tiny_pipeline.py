"""A folder laid out as a diffusers pipeline of Wan2.1-I2V, every part with tiny random weights."""

from __future__ import annotations

from pathlib import Path

import torch

WORDS = ["▁a", "▁person", "▁waves", "▁and", "▁", "&", "s", "."]
LATENTS_MEAN = [0.1 * i for i in range(16)]
LATENTS_STD = [1 + 0.1 * i for i in range(16)]


def save_encoders(folder: Path) -> Path:
    """A tokenizer, a text and an image encoder; returns the folder."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import (
        CLIPVisionConfig,
        CLIPVisionModel,
        PreTrainedTokenizerFast,
        UMT5Config,
        UMT5EncoderModel,
    )

    torch.manual_seed(0)
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((word, -2.0) for word in WORDS)]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder / "tokenizer")
    UMT5EncoderModel(
        UMT5Config(vocab_size=11, d_model=16, d_kv=4, d_ff=32, num_layers=2, num_heads=4)
    ).save_pretrained(folder / "text_encoder")
    CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=16, intermediate_size=32, num_hidden_layers=3, num_attention_heads=2, image_size=28,
            patch_size=7, hidden_act="gelu",
        )
    ).save_pretrained(folder / "image_encoder")  # fmt: skip
    return folder


def save_vae(folder: Path) -> Path:
    """A Wan2.1 VAE in `folder/vae`; returns the folder."""
    from diffusers import AutoencoderKLWan

    torch.manual_seed(0)
    vae = AutoencoderKLWan(
        base_dim=8,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        latents_mean=LATENTS_MEAN,
        latents_std=LATENTS_STD,
    )
    vae.save_pretrained(folder / "vae")
    return folder
