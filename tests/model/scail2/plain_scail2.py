"""SCAIL-2's transformer written down once more, plainly: one sample at a time, float64, official names.

It shares no code with `model.scail2`, and follows the description of the official code step by step: whole
rotary tables as complex numbers, pooled 2 × 2 as pictures, softmax spelled out, every mask in full.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

Weights = Mapping[str, Tensor]


def velocity(
    weights: Weights, heads: int, sample: Mapping[str, Tensor], t: float, replacement: bool
) -> Tensor:
    """One sample's output (16, T, h, w) float64.

    Args:
        weights: float64, by official name.
        heads: attention heads.
        sample: x, pose_latents, driving_masks, ref_latents, ref_masks (28, 1 + T, h, w), context (L, text),
            clip_fea (257, 1280); perhaps history_mask (4, T, h, w), additional_ref_latents,
            additional_ref_masks.
        t: 1000 σ.
        replacement: the mode.
    """
    s = {name: value.double() for name, value in sample.items()}
    dim = weights["head.modulation"].shape[-1]
    frames, height, width = s["x"].shape[1:]

    def ones(latents: Tensor) -> Tensor:
        return torch.cat([latents, torch.ones_like(latents[:4])])

    def embedded(name: str, volume: Tensor) -> Tensor:
        grid = F.conv3d(volume[None], weights[f"{name}.weight"], weights[f"{name}.bias"], stride=(1, 2, 2))
        return grid[0].flatten(1).T

    history = s.get("history_mask", torch.zeros_like(s["x"][:4]))
    streams = [
        embedded("patch_embedding", ones(s["ref_latents"])),
        embedded("patch_embedding", torch.cat([s["x"], history])),
    ]
    tokens = torch.cat(streams) + embedded("patch_embedding_mask", s["ref_masks"])
    extra = 0
    if "additional_ref_latents" in s:
        extra = s["additional_ref_latents"].shape[1]
        more = embedded("patch_embedding", ones(s["additional_ref_latents"]))
        tokens = torch.cat([more + embedded("patch_embedding_mask", s["additional_ref_masks"]), tokens])
    driving = embedded("patch_embedding_pose", ones(s["pose_latents"]))
    tokens = torch.cat([tokens, driving + embedded("patch_embedding_mask", s["driving_masks"])])

    turns = positions(dim // heads, extra, frames, height // 2, width // 2, replacement)
    freq = weights["time_embedding.0.weight"].shape[1]
    angles = t * 10000.0 ** (-torch.arange(freq // 2, dtype=torch.float64) / (freq // 2))
    time = linear(weights, "time_embedding.0", torch.cat([angles.cos(), angles.sin()]))
    time = linear(weights, "time_embedding.2", F.silu(time))
    modulation = linear(weights, "time_projection.1", F.silu(time)).view(6, dim)
    text = torch.cat([s["context"], torch.zeros(512 - len(s["context"]), s["context"].shape[1]).double()])
    text = linear(weights, "text_embedding.2", gelu_tanh(linear(weights, "text_embedding.0", text)))
    image = layer_norm(s["clip_fea"], weights["img_emb.proj.0.weight"], weights["img_emb.proj.0.bias"], 1e-5)
    image = linear(weights, "img_emb.proj.1", image)
    image = linear(weights, "img_emb.proj.3", image * 0.5 * (1 + torch.erf(image / math.sqrt(2))))
    image = layer_norm(image, weights["img_emb.proj.4.weight"], weights["img_emb.proj.4.bias"], 1e-5)

    layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blocks."))
    for number in range(layers):
        block = {
            name.removeprefix(f"blocks.{number}."): value
            for name, value in weights.items()
            if name.startswith(f"blocks.{number}.")
        }
        s1, c1, g1, s2, c2, g2 = block["modulation"][0] + modulation
        normed = layer_norm(tokens) * (1 + c1) + s1
        tokens = tokens + g1 * self_attention(block, normed, heads, turns)
        normed = layer_norm(tokens, block["norm3.weight"], block["norm3.bias"])
        tokens = tokens + cross_attention(block, normed, text, image, heads)
        normed = layer_norm(tokens) * (1 + c2) + s2
        tokens = tokens + g2 * linear(block, "ffn.2", gelu_tanh(linear(block, "ffn.0", normed)))

    begin = (extra + 1) * height * width // 4
    video = tokens[begin : begin + frames * height * width // 4]
    shift, scale = weights["head.modulation"][0] + time
    out = linear(weights, "head.head", layer_norm(video) * (1 + scale) + shift)
    out = out.view(frames, height // 2, width // 2, 2, 2, 16)
    return torch.einsum("thwpqc->cthpwq", out).reshape(16, frames, height, width)


def positions(size: int, extra: int, frames: int, high: int, wide: int, replacement: bool) -> Tensor:
    """Every token's turns (L, size / 2) complex128; `high` and `wide` count full-size tokens."""
    third = 2 * (size // 6)
    tables = []
    for channels in (size - 2 * third, third, third):
        rates = 10000.0 ** (-torch.arange(0, channels, 2, dtype=torch.float64) / channels)
        tables.append(torch.exp(1j * torch.outer(torch.arange(8192, dtype=torch.float64), rates)))

    def grid(t: range, h: range, w: range) -> Tensor:
        axes = [tables[0][t.start : t.stop], tables[1][h.start : h.stop], tables[2][w.start : w.stop]]
        shape = (len(t), len(h), len(w), -1)
        return torch.cat(
            [
                axes[0][:, None, None].expand(*shape),
                axes[1][None, :, None].expand(*shape),
                axes[2][None, None].expand(*shape),
            ],
            dim=-1,
        )

    down = 120 if replacement else 0
    begin = extra if replacement else extra + 1
    still = grid(range(extra + 1), range(down, down + high), range(wide))
    video = grid(range(begin, begin + frames), range(high), range(wide))
    driving = grid(range(begin, begin + frames), range(high), range(120, 120 + wide)).permute(0, 3, 1, 2)
    driving = torch.complex(F.avg_pool2d(driving.real, 2), F.avg_pool2d(driving.imag, 2)).permute(0, 2, 3, 1)
    return torch.cat([part.flatten(0, 2) for part in (still, video, driving)])


def self_attention(block: Weights, x: Tensor, heads: int, turns: Tensor) -> Tensor:
    def turned(states: Tensor) -> Tensor:
        pairs = states.view(len(states), heads, -1, 2)
        product = torch.complex(pairs[..., 0], pairs[..., 1]) * turns[:, None]
        return torch.stack([product.real, product.imag], dim=-1).flatten(2)

    q = turned(rms(linear(block, "self_attn.q", x), block["self_attn.norm_q.weight"]))
    k = turned(rms(linear(block, "self_attn.k", x), block["self_attn.norm_k.weight"]))
    v = linear(block, "self_attn.v", x).view(len(x), heads, -1)
    return linear(block, "self_attn.o", attention(q, k, v))


def cross_attention(block: Weights, x: Tensor, text: Tensor, image: Tensor, heads: int) -> Tensor:
    q = rms(linear(block, "cross_attn.q", x), block["cross_attn.norm_q.weight"]).view(len(x), heads, -1)
    out = torch.zeros_like(x)
    for states, key, value, norm in ((text, "k", "v", "norm_k"), (image, "k_img", "v_img", "norm_k_img")):
        k = rms(linear(block, f"cross_attn.{key}", states), block[f"cross_attn.{norm}.weight"])
        v = linear(block, f"cross_attn.{value}", states).view(len(states), heads, -1)
        out = out + attention(q, k.view(len(states), heads, -1), v)
    return linear(block, "cross_attn.o", out)


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    scores = torch.einsum("lhd,mhd->hlm", q, k) / math.sqrt(q.shape[-1])
    return torch.einsum("hlm,mhd->lhd", scores.softmax(dim=-1), v).flatten(1)


def linear(weights: Weights, name: str, x: Tensor) -> Tensor:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def layer_norm(
    x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-6
) -> Tensor:
    x = x - x.mean(dim=-1, keepdim=True)
    x = x / (x.square().mean(dim=-1, keepdim=True) + eps).sqrt()
    return x if weight is None or bias is None else x * weight + bias


def rms(x: Tensor, weight: Tensor) -> Tensor:
    return x / (x.square().mean(dim=-1, keepdim=True) + 1e-6).sqrt() * weight


def gelu_tanh(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def random_weights(
    generator: torch.Generator, dim: int, ffn: int, layers: int, text: int, freq: int
) -> Weights:
    """Weights of every official name, drawn so that each of them matters; float32."""

    def draw(*shape: int, std: float = 1.0) -> Tensor:
        return torch.randn(shape, generator=generator) * std

    shapes = {
        "text_embedding.0": (dim, text),
        "text_embedding.2": (dim, dim),
        "time_embedding.0": (dim, freq),
        "time_embedding.2": (dim, dim),
        "time_projection.1": (6 * dim, dim),
        "img_emb.proj.1": (1280, 1280),
        "img_emb.proj.3": (dim, 1280),
        "head.head": (64, dim),
        "patch_embedding": (dim, 20, 1, 2, 2),
        "patch_embedding_pose": (dim, 20, 1, 2, 2),
        "patch_embedding_mask": (dim, 28, 1, 2, 2),
    }
    names = [f"self_attn.{part}" for part in "qkvo"]
    names += [f"cross_attn.{part}" for part in ("q", "k", "v", "o", "k_img", "v_img")]
    norms = {"img_emb.proj.0": 1280, "img_emb.proj.4": dim}
    found = {"head.modulation": draw(1, 2, dim, std=0.3)}
    for number in range(layers):
        at = f"blocks.{number}."
        shapes |= {at + name: (dim, dim) for name in names}
        shapes |= {at + "ffn.0": (ffn, dim), at + "ffn.2": (dim, ffn)}
        norms[at + "norm3"] = dim
        found[at + "modulation"] = draw(1, 6, dim, std=0.3)
        for norm in ("self_attn.norm_q", "self_attn.norm_k", "cross_attn.norm_q", "cross_attn.norm_k"):
            found[f"{at}{norm}.weight"] = 1 + draw(dim, std=0.2)
        found[f"{at}cross_attn.norm_k_img.weight"] = 1 + draw(dim, std=0.2)
    for name, shape in shapes.items():
        found[f"{name}.weight"] = draw(*shape, std=math.prod(shape[1:]) ** -0.5)
        found[f"{name}.bias"] = draw(shape[0], std=0.1)
    for name, size in norms.items():
        found[f"{name}.weight"] = 1 + draw(size, std=0.2)
        found[f"{name}.bias"] = draw(size, std=0.1)
    return found
