"""A transformer block: diffusers' Wan block, with this model's positions, precision and attention.

Modules, parameters and their names are diffusers', so its checkpoints and adapters fit. The way through them
is our own for three reasons: diffusers turns all of a batch alike and counts on 512 text states, a model
without text has no cross-attention at all, and the precision is to be the official one everywhere. That is:
norms, modulation, gates and rotary turns in float32; matrix products and attention in the parameters' type or
autocast's; the residual stream in float32 under autocast.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers.models.transformers.transformer_wan import WanAttention, WanTransformerBlock
from torch import Tensor

from model.scail2.attention import Attend, attend
from model.scail2.config import ModelConfig
from model.scail2.rope import rotate


class Block(WanTransformerBlock):
    """Self-attention, cross-attention to text and image states where there are any, feed-forward.

    Args:
        config: sizes; with neither text nor image there is no cross-attention.
    """

    def __init__(self, config: ModelConfig) -> None:
        both = config.text_dim and config.image_dim
        super().__init__(
            config.dim,
            config.ffn_dim,
            config.heads,
            cross_attn_norm=True,
            eps=config.eps,
            added_kv_proj_dim=config.dim if both else None,
        )
        self.attn1.set_processor(SelfAttention())
        if config.text_dim or config.image_dim:
            self.attn2.set_processor(CrossAttention(config.text_len if both else None))
        else:
            del self.attn2, self.norm2
        self.has_context = bool(config.text_dim or config.image_dim)

    def forward(self, tokens: Tensor, context: Tensor | None, modulation: Tensor, turns: Tensor) -> Tensor:
        """One block.

        Args:
            tokens: (B, L, dim).
            context: (B, image states then text states, dim); None in a model without.
            modulation: (B, 6, dim) float32: shift, scale, gate of attention, then of the feed-forward.
            turns: (B or 1, L, 1, head_dim / 2, 2) float32, from `rope.tables`.

        Returns:
            (B, L, dim) in tokens' type.
        """
        table = self.scale_shift_table.float() + modulation.float()
        shift1, scale1, gate1, shift2, scale2, gate2 = table.chunk(6, dim=1)
        kind = tokens.dtype
        compute = compute_type(self.scale_shift_table)

        changed = self.attn1(
            _modulated(tokens, shift1, scale1, self.norm1.eps).to(compute), None, None, turns
        )
        tokens = torch.addcmul(tokens.float(), changed.float(), gate1).to(kind)
        if self.has_context:
            normed = self.norm2(tokens.float()).to(compute)
            tokens = tokens + self.attn2(normed, context, None, None).to(kind)
        changed = self.ffn(_modulated(tokens, shift2, scale2, self.norm3.eps).to(compute))
        return torch.addcmul(tokens.float(), changed.float(), gate2).to(kind)


class SelfAttention:
    """How a block's self-attention is computed (a diffusers attention processor)."""

    def __init__(self) -> None:
        self.attend: Attend = attend

    def __call__(
        self, attn: WanAttention, states: Tensor, context: None, mask: None, turns: Tensor
    ) -> Tensor:
        """(B, L, dim) to (B, L, dim): queries and keys normed over all heads, then turned."""
        value = attn.to_v(states).unflatten(2, (attn.heads, -1))
        query = rotate(_rms(attn.to_q(states), attn.norm_q).unflatten(2, (attn.heads, -1)), turns)
        key = rotate(_rms(attn.to_k(states), attn.norm_k).unflatten(2, (attn.heads, -1)), turns)
        attended = self.attend(query.to(value.dtype), key.to(value.dtype), value)
        return attn.to_out[0](attended.flatten(2))


class CrossAttention:
    """How a block's cross-attention is computed: to text and to image states apart, one query, summed.

    Args:
        text_len: how many of the context's last states are text, the others being the image's; None where
            the context is of one kind.
    """

    def __init__(self, text_len: int | None) -> None:
        self.text_len = text_len

    def __call__(
        self, attn: WanAttention, states: Tensor, context: Tensor, mask: None, turns: None
    ) -> Tensor:
        """(B, L, dim) and context (B, M, dim) to (B, L, dim)."""
        heads = (attn.heads, -1)
        image, main = (None, context)
        if self.text_len is not None:
            image, main = context[:, : -self.text_len], context[:, -self.text_len :]
        value = attn.to_v(main).unflatten(2, heads)
        query = _rms(attn.to_q(states), attn.norm_q).unflatten(2, heads).to(value.dtype)
        key = _rms(attn.to_k(main), attn.norm_k).unflatten(2, heads).to(value.dtype)
        attended = attend(query, key, value)
        if image is not None:
            value = attn.add_v_proj(image).unflatten(2, heads)
            key = _rms(attn.add_k_proj(image), attn.norm_added_k).unflatten(2, heads).to(value.dtype)
            attended = attended + attend(query, key, value)
        return attn.to_out[0](attended.flatten(2))


def compute_type(parameter: Tensor) -> torch.dtype:
    """The type of matrix products with a parameter: autocast's where it is on."""
    device = parameter.device.type
    if torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return parameter.dtype


def _modulated(tokens: Tensor, shift: Tensor, scale: Tensor, eps: float) -> Tensor:
    """A LayerNorm without weights, scaled and shifted, in float32."""
    return torch.addcmul(shift, F.layer_norm(tokens.float(), tokens.shape[-1:], eps=eps), 1 + scale)


def _rms(states: Tensor, norm: torch.nn.RMSNorm) -> Tensor:
    """A root-mean-square norm in float32."""
    return F.rms_norm(states.float(), states.shape[-1:], norm.weight.float(), norm.eps)
