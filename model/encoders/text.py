"""UMT5-XXL text encoder of Wan2.1, from a local folder.

Captions are prepared as Wan2.1 does it: mojibake mended, HTML entities read twice, white space joined.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch

from model import pretrained
from motionpair.errors import DataError, InputError

MAX_TOKENS = 512
VERSION = 1


class TextEncoder:
    """Captions as UMT5's last hidden states.

    Attributes:
        name: of the folder.
        width: of a token's vector; 4096 for UMT5-XXL.

    Args:
        folder: with `tokenizer/` and `text_encoder/` (a diffusers pipeline's folder), or with both in itself.
        device: where to compute.
        dtype: in what to compute.

    Raises:
        InputError: the folder has no such encoder, or its weights are not safetensors; names the file.
        DataError: a damaged file, or a weight that is missing or of another shape; names it.
    """

    def __init__(
        self,
        folder: str | Path,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        from transformers import AutoTokenizer, UMT5EncoderModel

        root = Path(folder)
        self.name = root.resolve().name
        self.device, self._dtype = torch.device(device), dtype
        self._folder = pretrained.part_folder(folder, "text_encoder")
        if pretrained.config(self._folder).get("model_type") != "umt5":
            raise InputError(f"{self._folder}/config.json: model_type: expected umt5")
        self._words = root / "tokenizer" if (root / "tokenizer").is_dir() else self._folder
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(
                str(self._words), local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # transformers raises whatever a damaged file happens to break
            lines = str(error).strip().splitlines() or [""]
            raise DataError(f"{self._words}: no tokenizer ({lines[0][:200]})") from error
        self._model = pretrained.load(UMT5EncoderModel, self._folder, self.device, dtype=dtype)
        self.width = int(self._model.config.d_model)

    @cached_property
    def hash(self) -> str:
        """sha256 in hex of configuration, weights, tokenizer, dtype and this code's version."""
        words = sorted(path for path in self._words.iterdir() if path.is_file())
        own = [self._folder / pretrained.CONFIG, *pretrained.weights(self._folder)]
        files = [*own, *(path for path in words if path not in own)]
        return pretrained.digest(files, "umt5", str(VERSION), str(self._dtype))

    @torch.no_grad()
    def __call__(self, captions: Sequence[str]) -> list[torch.Tensor]:
        """A tensor (L, width) a caption, L its tokens, at most `MAX_TOKENS`; the model pads them with zeros.

        Each caption is encoded alone, so that it is the same in any company.
        """
        found = []
        for caption in captions:
            tokens = self._tokenizer(
                cleaned(caption), max_length=MAX_TOKENS, truncation=True, return_tensors="pt"
            )
            ids, mask = (tokens[name].to(self.device) for name in ("input_ids", "attention_mask"))
            found.append(self._model(ids, mask).last_hidden_state[0])
        return found


def cleaned(caption: str) -> str:
    """A caption as Wan2.1 hands it to the tokenizer.

    Raises:
        InputError: it is not plain ASCII, and ftfy, which mends other texts, is not installed.
    """
    if not (caption.isascii() and caption.isprintable()):
        try:
            import ftfy
        except ImportError:
            raise InputError(
                f"caption {caption[:60]!r}: is not plain ASCII; install ftfy, which Wan2.1 mends texts with"
            ) from None
        caption = ftfy.fix_text(caption)
    return re.sub(r"\s+", " ", html.unescape(html.unescape(caption))).strip()
