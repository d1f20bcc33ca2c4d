"""The SCAIL-2 transformer on one device: embedding, blocks, head.

Parameters have the names of diffusers' Wan transformer, so its checkpoints and adapters fit;
`state_dict_adapter` knows the official ones. Own words of zai-org/SCAIL-2, `wan/modules/model_scail2.py`.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from diffusers.models.embeddings import PixArtAlphaTextProjection, TimestepEmbedding
from diffusers.models.transformers.transformer_wan import WanImageEmbedding
from torch import Tensor, nn

from model.scail2.attention import SequenceParallel, attend
from model.scail2.blocks import Block, SelfAttention, compute_type
from model.scail2.config import ModelConfig
from model.scail2.inputs import Inputs
from model.scail2.rope import Grid, tables

PATCH = 2
"""Latents along each side of a token."""


class Patches(nn.Conv3d):
    """Patches of 1 × 2 × 2 latents to tokens: a convolution's weights, used as one matrix product."""

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__(channels, dim, kernel_size=(1, PATCH, PATCH), stride=(1, PATCH, PATCH))

    def forward(self, latents: Tensor) -> Tensor:
        """(B, C, T, h, w) to (B, T · h/2 · w/2, dim), row by row."""
        pieces = latents.unflatten(4, (-1, PATCH)).unflatten(3, (-1, PATCH))  # B C T h 2 w 2
        flat = pieces.permute(0, 2, 3, 5, 1, 4, 6).flatten(4).flatten(1, 3)
        return F.linear(flat.to(compute_type(self.weight)), self.weight.flatten(1), self.bias)


class Conditions(nn.Module):
    """The embeddings of time, text and image."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.time_embedder = TimestepEmbedding(config.freq_dim, config.dim)
        self.time_proj = nn.Linear(config.dim, 6 * config.dim)
        self.text_embedder = self.image_embedder = None
        if config.text_dim:
            self.text_embedder = PixArtAlphaTextProjection(config.text_dim, config.dim, act_fn="gelu_tanh")
        if config.image_dim:
            self.image_embedder = WanImageEmbedding(config.image_dim, config.dim)

    def forward(self, inputs: Inputs) -> tuple[Tensor, Tensor, Tensor | None]:
        """A batch's conditions.

        Returns:
            time (B, dim) and modulation (B, 6, dim), both float32, and the context: image states, then
            `text_len` text states, (B, M, dim) or None in a model without either.
        """
        kind = self.time_proj.weight.dtype
        with torch.autocast(inputs.timestep.device.type, enabled=False):
            time = self.time_embedder(sinusoid(inputs.timestep, self.config.freq_dim).to(kind))
            modulation = self.time_proj(F.silu(time)).unflatten(1, (6, -1))
        context = []
        if self.image_embedder is not None:
            assert inputs.image is not None  # `Inputs.check`
            context.append(self.image_embedder(inputs.image.to(compute_type(self.time_proj.weight))))
        if self.text_embedder is not None:
            text = inputs.text
            if text is None:
                text = inputs.video.new_zeros(len(inputs.video), 0, self.config.text_dim)
            text = F.pad(text, (0, 0, 0, self.config.text_len - text.shape[1]))
            context.append(self.text_embedder(text.to(compute_type(self.time_proj.weight))))
        return time.float(), modulation.float(), torch.cat(context, dim=1) if context else None


class Scail2(nn.Module):
    """Latents in context: [additional references][reference][video][driving], full attention over all.

    Every stream's mask is embedded too and added to its tokens; the video's own mask is all zero.

    Args:
        config: its sizes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_embedding = Patches(config.in_dim, config.dim)
        self.patch_embedding_pose = Patches(config.in_dim, config.dim)
        self.patch_embedding_mask = Patches(config.mask_dim, config.dim)
        self.condition_embedder = Conditions(config)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.proj_out = nn.Linear(config.dim, PATCH * PATCH * config.out_dim)
        self.scale_shift_table = nn.Parameter(torch.empty(1, 2, config.dim))
        self.parallel: SequenceParallel | None = None

    def distribute(self, parallel: SequenceParallel | None) -> None:
        """Split the sequence over ranks between embedding and head; None undoes it."""
        self.parallel = parallel
        for module in self.modules():
            processor = getattr(module, "processor", None)
            if isinstance(processor, SelfAttention):
                processor.attend = parallel.attend if parallel else attend

    @torch.no_grad()
    def initialise(self, generator: torch.Generator | None = None) -> None:
        """Fresh weights in place, as the official code: the head is 0, and so is the first velocity.

        Args:
            generator: on the parameters' device; torch's own where not given.
        """
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight, generator=generator)
                nn.init.zeros_(module.bias)
            elif isinstance(module, Patches):  # as torch does for a convolution
                bound = 1 / math.sqrt(module.weight[0].numel())
                nn.init.uniform_(module.weight, -bound, bound, generator=generator)
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)
            elif isinstance(module, (nn.LayerNorm, nn.RMSNorm)) and module.weight is not None:
                nn.init.ones_(module.weight)
                if getattr(module, "bias", None) is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, (Block, Scail2)):
                table = module.scale_shift_table
                nn.init.normal_(table, std=self.config.dim**-0.5, generator=generator)
        nn.init.xavier_uniform_(self.patch_embedding.weight.flatten(1), generator=generator)
        embedders = (self.condition_embedder.time_embedder, self.condition_embedder.text_embedder)
        for embedder in embedders:
            if embedder is not None:
                nn.init.normal_(embedder.linear_1.weight, std=0.02, generator=generator)
                nn.init.normal_(embedder.linear_2.weight, std=0.02, generator=generator)
        nn.init.zeros_(self.proj_out.weight)

    def forward(self, inputs: Inputs) -> Tensor:
        """The velocity ε − x0 of the noisy latents.

        Args:
            inputs: a batch on the parameters' device.

        Returns:
            (B, 16, T, h, w) float32.

        Raises:
            InputError: a field whose shape does not fit the others or the configuration, by name.
        """
        inputs.check(self.config)
        frames, height, width = inputs.video.shape[2:]
        extra = 0 if inputs.additional is None else inputs.additional.shape[2]
        grid = Grid(extra, frames, height // PATCH, width // PATCH)
        time, modulation, context = self.condition_embedder(inputs)
        tokens = self.embed(inputs)
        if torch.is_autocast_enabled(tokens.device.type):
            tokens = tokens.float()
        both = tables(grid, self.config.head_dim, tokens.device)
        turns = both[inputs.replacement.long()][:, :, None]  # (B, L, 1, D / 2, 2), a mode a sample

        if self.parallel:
            tokens, turns = self.parallel.split(tokens, 1), self.parallel.split(turns, 1)
        for block in self.blocks:
            tokens = block(tokens, context, modulation, turns)
        if self.parallel:
            tokens = self.parallel.join(tokens, 1)
        return self.head(tokens[:, grid.before_video : grid.before_video + grid.video], time, grid)

    def embed(self, inputs: Inputs) -> Tensor:
        """All tokens of a batch, (B, L, dim), in the order of the sequence."""
        still = _marked(inputs.reference, None, 1)
        masks = inputs.reference_masks
        if inputs.additional is not None:
            assert inputs.additional_masks is not None  # `Inputs.check`
            still = torch.cat([_marked(inputs.additional, None, 1), still], dim=2)
            masks = torch.cat([inputs.additional_masks, masks], dim=2)
        video = _marked(inputs.video, inputs.history_mask, 0)
        driving = _marked(inputs.driving, None, 1)
        no_mask = self.patch_embedding_mask.bias  # what an all-zero mask becomes
        return torch.cat(
            [
                self.patch_embedding(still) + self.patch_embedding_mask(masks),
                self.patch_embedding(video) + no_mask,
                self.patch_embedding_pose(driving) + self.patch_embedding_mask(inputs.driving_masks),
            ],
            dim=1,
        )

    def head(self, tokens: Tensor, time: Tensor, grid: Grid) -> Tensor:
        """The video's tokens (B, T · h/2 · w/2, dim) to its velocity (B, 16, T, h, w) float32."""
        shift, scale = (self.scale_shift_table.float() + time[:, None]).chunk(2, dim=1)
        normed = F.layer_norm(tokens.float(), tokens.shape[-1:], eps=self.config.eps)
        with torch.autocast(tokens.device.type, enabled=False):
            patches = self.proj_out(torch.addcmul(shift, normed, 1 + scale).to(self.proj_out.weight.dtype))
        pieces = patches.float().unflatten(2, (PATCH, PATCH, -1))
        pieces = pieces.unflatten(1, (grid.frames, grid.height, grid.width))  # B T h w 2 2 C
        return pieces.permute(0, 6, 1, 2, 4, 3, 5).flatten(5).flatten(3, 4)


def sinusoid(timestep: Tensor, dim: int) -> Tensor:
    """A timestep's embedding, computed in float64: (B,) to (B, dim) float32, cosines then sines."""
    rates = torch.arange(dim // 2, dtype=torch.float64, device=timestep.device) / (dim // 2)
    angles = torch.outer(timestep.double(), 10000.0**-rates)
    return torch.cat([angles.cos(), angles.sin()], dim=1).float()


def _marked(latents: Tensor, clean: Tensor | None, default: int) -> Tensor:
    """Latents with the four channels that say which of them are clean."""
    mask = latents.new_full((1,), default) if clean is None else clean.to(latents.dtype)
    return torch.cat([latents, mask.expand(latents.shape[0], 4, *latents.shape[2:])], dim=1)
