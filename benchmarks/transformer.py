"""The transformer against diffusers' Wan blocks doing the same work: limit 1.05 of their CPU seconds."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch
from diffusers.models.normalization import FP32LayerNorm
from diffusers.models.transformers.transformer_wan import WanTimeTextImageEmbedding, WanTransformerBlock
from torch import Tensor, nn

from model.scail2 import ModelConfig, build
from model.scail2.inputs import Inputs
from model.scail2.rope import Grid, tables

CONFIG = ModelConfig(dim=384, ffn_dim=1536, heads=6, layers=6)
LATENTS = (16, 5, 32, 20)
LIMIT = 1.05


class DiffusersWan(nn.Module):
    """The same network from diffusers' parts as they are: their embedding, their blocks, their processors."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        size = {"kernel_size": (1, 2, 2), "stride": (1, 2, 2)}
        self.config = config
        self.patch_embedding = nn.Conv3d(config.in_dim, config.dim, **size)
        self.patch_embedding_pose = nn.Conv3d(config.in_dim, config.dim, **size)
        self.patch_embedding_mask = nn.Conv3d(config.mask_dim, config.dim, **size)
        self.condition_embedder = WanTimeTextImageEmbedding(
            config.dim, config.freq_dim, 6 * config.dim, config.text_dim, config.image_dim
        )
        self.blocks = nn.ModuleList(
            WanTransformerBlock(
                config.dim, config.ffn_dim, config.heads, cross_attn_norm=True, added_kv_proj_dim=config.dim
            )
            for _ in range(config.layers)
        )
        self.norm_out = FP32LayerNorm(config.dim, config.eps, elementwise_affine=False)
        self.proj_out = nn.Linear(config.dim, 4 * config.out_dim)
        self.scale_shift_table = nn.Parameter(torch.empty(1, 2, config.dim))

    def prepare(self, inputs: Inputs) -> None:
        """The rotary tables, in diffusers' form: every cosine and sine twice."""
        frames, height, width = inputs.video.shape[2:]
        grid = Grid(0, frames, height // 2, width // 2)
        turns = tables(grid, self.config.head_dim, torch.device("cpu"))[int(inputs.replacement[0])]
        turns = turns.repeat_interleave(2, dim=-2)[None, :, None]
        self.rotary = (turns[..., 0].contiguous(), turns[..., 1].contiguous())
        self.grid = grid

    def forward(self, inputs: Inputs) -> Tensor:
        def marked(latents: Tensor, value: float) -> Tensor:
            return torch.cat([latents, torch.full_like(latents[:, :4], value)], dim=1)

        def flat(volume: Tensor) -> Tensor:
            return volume.flatten(2).transpose(1, 2)

        assert inputs.text is not None
        text = nn.functional.pad(inputs.text, (0, 0, 0, self.config.text_len - inputs.text.shape[1]))
        time_states, modulation, text, image = self.condition_embedder(inputs.timestep, text, inputs.image)
        context = torch.cat([image, text], dim=1)
        video_masks = inputs.video.new_zeros(len(inputs.video), self.config.mask_dim, *inputs.video.shape[2:])
        still = self.patch_embedding(marked(inputs.reference, 1))
        video = self.patch_embedding(marked(inputs.video, 0))
        driving = self.patch_embedding_pose(marked(inputs.driving, 1))
        tokens = torch.cat(
            [
                flat(still + self.patch_embedding_mask(inputs.reference_masks)),
                flat(video + self.patch_embedding_mask(video_masks)),
                flat(driving + self.patch_embedding_mask(inputs.driving_masks)),
            ],
            dim=1,
        )
        for block in self.blocks:
            tokens = block(tokens, context, modulation.unflatten(1, (6, -1)), self.rotary)
        begin, end = self.grid.before_video, self.grid.before_video + self.grid.video
        shift, scale = (self.scale_shift_table + time_states[:, None]).chunk(2, dim=1)
        out = self.proj_out(self.norm_out(tokens[:, begin:end]) * (1 + scale) + shift)
        out = out.view(len(out), self.grid.frames, self.grid.height, self.grid.width, 2, 2, -1)
        return out.permute(0, 6, 1, 2, 4, 3, 5).flatten(5).flatten(3, 4)


def batch(generator: torch.Generator) -> Inputs:
    """One sample of the benchmark's shape."""
    channels, frames, height, width = LATENTS

    def draw(*shape: int) -> Tensor:
        return torch.randn(1, *shape, generator=generator)

    return Inputs(
        video=draw(*LATENTS),
        timestep=torch.tensor([417.0]),
        driving=draw(channels, frames, height // 2, width // 2),
        driving_masks=draw(28, frames, height // 2, width // 2),
        reference=draw(channels, 1, height, width),
        reference_masks=draw(28, 1, height, width),
        replacement=torch.tensor([False]),
        text=draw(60, CONFIG.text_dim),
        image=draw(257, CONFIG.image_dim),
    )


def seconds(work: Callable[[nn.Module], object], model: nn.Module) -> float:
    """CPU seconds of this process."""
    before = time.process_time()
    work(model)
    return time.process_time() - before


def main(rounds: int = 9) -> int:
    """Print both sides' CPU seconds and their ratio; 1 where it is over the limit."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    ours, inputs = build(CONFIG, generator=generator), batch(generator)
    nn.init.normal_(ours.proj_out.weight, std=0.02, generator=generator)
    theirs = DiffusersWan(CONFIG)
    theirs.load_state_dict(ours.state_dict())
    theirs.prepare(inputs)

    def forward(model: nn.Module) -> Tensor:
        with torch.no_grad():
            return model(inputs)

    def both_ways(model: nn.Module) -> None:
        model.zero_grad(set_to_none=True)
        model(inputs).square().mean().backward()

    expected = forward(theirs)
    apart = float((forward(ours) - expected).norm() / expected.norm())
    print(f"outputs agree to {apart:.1e} (relative L2); {rounds} rounds in turn, one thread, medians")
    over = apart > 1e-4
    for name, work in (("forward", forward), ("forward and backward", both_ways)):
        for model in (ours, theirs):
            work(model)
        pairs = []
        for number in range(rounds):  # in turn, and the first one in turn too
            order = (ours, theirs) if number % 2 else (theirs, ours)
            took = {id(model): seconds(work, model) for model in order}
            pairs.append((took[id(ours)], took[id(theirs)]))
        mine, yours = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"{name:21s} ours {mine:.2f} s, diffusers {yours:.2f} s: {ratio:.3f} (limit {LIMIT})")
        over |= ratio > LIMIT
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
