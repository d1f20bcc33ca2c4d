"""Other checkpoints' names and ours.

Ours are diffusers' (`WanTransformer3DModel`) with two more patch embeddings. Known besides:

- **official**: zai-org/SCAIL-2 after its `convert.py`, 1,307 tensors in the published model. A tensor has
  the same shape there and here, so names are all there is to convert, in both directions.
- **wan2.1-i2v**: diffusers' Wan2.1-I2V, or the same model under Wan's own names, as initialisation. Its patch
  embedding takes 36 channels: 16 noisy latents, 4 that say what is given, 16 of the given image. How the
  published training began from it is not known, so this is our choice: the first 20 are kept, since they mean
  the same; `patch_embedding_pose` begins as a copy of them, so that the driving clip begins as more of
  the same video; `patch_embedding_mask` begins as 0, weight and bias, so that at first masks change nothing.

The SAT checkpoint that zai-org published holds other names, which this project has not seen: it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from model.scail2.config import ModelConfig
from model.scail2.tensors import CONVERT
from motionpair.errors import DataError, InputError, printable

_TOP = {
    "text_embedding.0": "condition_embedder.text_embedder.linear_1",
    "text_embedding.2": "condition_embedder.text_embedder.linear_2",
    "time_embedding.0": "condition_embedder.time_embedder.linear_1",
    "time_embedding.2": "condition_embedder.time_embedder.linear_2",
    "time_projection.1": "condition_embedder.time_proj",
    "img_emb.proj.0": "condition_embedder.image_embedder.norm1",
    "img_emb.proj.1": "condition_embedder.image_embedder.ff.net.0.proj",
    "img_emb.proj.3": "condition_embedder.image_embedder.ff.net.2",
    "img_emb.proj.4": "condition_embedder.image_embedder.norm2",
    "head.head": "proj_out",
    "head.modulation": "scale_shift_table",
}
_IN_BLOCK = {
    "self_attn.q": "attn1.to_q",
    "self_attn.k": "attn1.to_k",
    "self_attn.v": "attn1.to_v",
    "self_attn.o": "attn1.to_out.0",
    "self_attn.norm_q": "attn1.norm_q",
    "self_attn.norm_k": "attn1.norm_k",
    "cross_attn.q": "attn2.to_q",
    "cross_attn.k": "attn2.to_k",
    "cross_attn.v": "attn2.to_v",
    "cross_attn.o": "attn2.to_out.0",
    "cross_attn.norm_q": "attn2.norm_q",
    "cross_attn.norm_k": "attn2.norm_k",
    "cross_attn.k_img": "attn2.add_k_proj",
    "cross_attn.v_img": "attn2.add_v_proj",
    "cross_attn.norm_k_img": "attn2.norm_added_k",
    "norm3": "norm2",
    "ffn.0": "ffn.net.0.proj",
    "ffn.2": "ffn.net.2",
    "modulation": "scale_shift_table",
}
_PATCHES = ("patch_embedding", "patch_embedding_pose", "patch_embedding_mask")
_PART = re.compile(r"(?:blocks\.(?P<block>\d+)\.)?(?P<module>.+?)(?P<kind>\.weight|\.bias|)")
_SAT = re.compile(r"(^|\.)(diffusion_model|mixins|transformer\.layers|first_stage_model|conditioner)\.")

OURS, OFFICIAL, WAN = "ours", "official", "wan2.1-i2v"
_OFFICIAL_ONLY = ("self_attn.", "cross_attn.", "head.head.", "time_embedding.")


def to_ours(name: str) -> str | None:
    """An official tensor's name here; None where there is no such tensor."""
    return _renamed(name, _TOP, _IN_BLOCK)


def to_official(name: str) -> str | None:
    """Undo `to_ours`."""
    return _renamed(name, _inverse(_TOP), _inverse(_IN_BLOCK))


def recognise(shapes: Mapping[str, tuple[int, ...]], source: str) -> str:
    """What kind of checkpoint holds these tensors: `OURS`, `OFFICIAL` or `WAN`.

    Args:
        shapes: of the checkpoint's tensors, by name.
        source: the file or folder, for messages.

    Raises:
        DataError: the SAT checkpoint, with what to convert first.
    """
    sat = next((name for name in shapes if _SAT.search(name)), None)
    if sat:
        raise DataError(f"{source}: {printable(sat)}: a name of the SAT checkpoint; {CONVERT}")
    embedding = shapes.get("patch_embedding.weight", ())
    if len(embedding) == 5 and embedding[1] == 36:
        return WAN
    return OFFICIAL if any(part in name for name in shapes for part in _OFFICIAL_ONLY) else OURS


def sources(wanted: Collection[str], kind: str, given: Collection[str]) -> dict[str, str | None]:
    """Where each of our tensors comes from in a checkpoint.

    Args:
        wanted: our names.
        kind: what `recognise` found.
        given: the checkpoint's names.

    Returns:
        The checkpoint's name by ours; None for tensors that begin as 0. Names may be missing in `given`.
    """
    official = kind == OFFICIAL or (kind == WAN and any(part in n for n in given for part in _OFFICIAL_ONLY))
    found: dict[str, str | None] = {}
    for name in wanted:
        there: str | None = to_official(name) if official else name
        if kind == WAN and name.startswith("patch_embedding_pose."):
            there = name.replace("_pose", "")
        elif kind == WAN and name.startswith("patch_embedding_mask."):
            there = None
        found[name] = there
    return found


def config_from_official(fields: Mapping[str, Any]) -> ModelConfig:
    """The configuration that an official `config.json` describes.

    Raises:
        InputError: a field that is missing, or a value that this model cannot have, by name.
    """
    fixed = {"patch_size": [1, 2, 2], "qk_norm": True, "cross_attn_norm": True, "model_type": "i2v"}
    for name, value in fixed.items():
        given = fields.get(name, value)
        if (list(given) if isinstance(given, tuple) else given) != value:
            raise InputError(f"{name}: expected {value}, got {given!r}")
    names = {"num_heads": "heads", "num_layers": "layers"}
    same = ("dim", "ffn_dim", "freq_dim", "text_dim", "text_len", "in_dim", "mask_dim", "out_dim", "eps")
    known = {**names, **{name: name for name in same}}
    missing = [name for name in ("dim", "ffn_dim", "num_heads", "num_layers") if name not in fields]
    if missing:
        raise InputError(f"{missing[0]}: missing in the model's configuration")
    return ModelConfig(**{ours: fields[theirs] for theirs, ours in known.items() if theirs in fields})


def _renamed(name: str, top: Mapping[str, str], in_block: Mapping[str, str]) -> str | None:
    """One name through the tables; None where they do not have it."""
    match = _PART.fullmatch(name)
    if not match:
        return None
    block, module, kind = match["block"], match["module"], match["kind"]
    if block is None:
        there = module if module in _PATCHES and kind else top.get(module)
        return None if there is None else there + kind
    there = in_block.get(module)
    return None if there is None else f"blocks.{int(block)}.{there}{kind}"


def _inverse(table: Mapping[str, str]) -> dict[str, str]:
    return {ours: theirs for theirs, ours in table.items()}
