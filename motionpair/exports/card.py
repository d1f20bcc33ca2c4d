"""What an export says of itself: the dataset card of the Hub, and the README of the other formats.

All of it follows from the manifest and the rows. The card's YAML header is what the Hub and
`datasets.load_dataset` read (huggingface.co/docs/hub/datasets-cards and datasets-manual-configuration).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from motionpair import assets, masks, schema
from motionpair.annotations import document as annotations_document
from motionpair.columns import COLUMNS
from motionpair.dataset import Dataset
from motionpair.errors import printable
from motionpair.exports import pairs

LICENCE = "Apache-2.0"
"""Of what this code makes: pictures, motions, captions, annotations."""
PERMISSIVE = {"Apache-2.0", "CC0-1.0"}
"""Licences of assets under which the pictures may be given away under `LICENCE`."""
_SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)


@dataclass(frozen=True)
class SplitFiles:
    """A split of a configuration: rows, their bytes in memory, and files under the export's folder."""

    split: str
    rows: int
    bytes: int
    paths: Sequence[Path]


def size_category(pairs: int) -> str:
    """The Hub's name for a number of rows."""
    return next((name for limit, name in _SIZES if pairs < limit), "n>10M")


def licences(text: str) -> set[str]:
    """The licences that an asset's `licence` names: `Apache-2.0 (code), CC0-1.0 (data)` names two."""
    return {part.strip() for part in re.split(r",| AND ", re.sub(r"\([^)]*\)", "", text)) if part.strip()}


def huggingface_card(dataset: Dataset, configs: Mapping[str, Sequence[SplitFiles]]) -> str:
    """The README.md of a folder for the Hub: YAML header and text.

    Args:
        dataset: what was exported.
        configs: configuration to its splits, in the order of the splits.
    """
    name = _name(dataset)
    open_assets = _all_permissive(dataset)
    header: dict[str, Any] = {
        "license": LICENCE.lower() if open_assets else "other",
        **({} if open_assets else {"license_name": "see-licences", "license_link": "README.md#licences"}),
        "pretty_name": f"MotionPair: {name}",
        "language": ["en"],
        "task_categories": ["image-to-video"],
        "tags": ["motion-transfer", "character-animation", "synthetic", "video"],
        "size_categories": [size_category(pairs.count(dataset))],
        "configs": [
            {
                "config_name": config,
                **({"default": True} if config == "default" else {}),
                "data_files": [{"split": s.split, "path": [p.as_posix() for p in s.paths]} for s in splits],
            }
            for config, splits in configs.items()
        ],
        "dataset_info": [
            {
                "config_name": config,
                "splits": [{"name": s.split, "num_bytes": s.bytes, "num_examples": s.rows} for s in splits],
            }
            for config, splits in configs.items()
        ],
    }
    shown = ", ".join(f"{s.rows} {s.split}" for s in configs["preview"]) or "none"
    return "\n".join(
        [
            "---",
            yaml.safe_dump(header, sort_keys=False, allow_unicode=True).rstrip(),
            "---",
            "",
            f"# MotionPair: {_cell(name)}",
            "",
            *_what(dataset),
            "## Reading it",
            "",
            "```python",
            "from datasets import load_dataset",
            "",
            'pairs = load_dataset("FOLDER OR REPOSITORY", split="train", streaming=True)',
            "```",
            "",
            "`datasets` 4 or later. Clips decode through `torchcodec`; without it,",
            '`pairs.cast_column("driving", datasets.Video(decode=False))` gives the MP4\'s bytes.',
            "",
            "Two configurations:",
            "",
            "- `default`: every pair, all columns and blobs as they were generated. A reference that a pair",
            "  lacks is null.",
            f"- `preview`: {shown} pairs in rows of under 3 MB, for the Hub's viewer. Clips as stored, but",
            "  where `as_stored` is false encoded again, smaller: to look at, not to train with.",
            "",
            "A mask video read as RGB has grey levels g; the label is round(g × 219 / 255 / 31), computed in",
            "floats: 8 bits overflow.",
            "`annotations` is a safetensors file in a zstd frame; `motionpair.annotations.unpack` reads it.",
            "",
            *_licences(dataset),
            *_provenance(dataset),
            *_columns(),
        ]
    )


def files_card(dataset: Dataset) -> str:
    """The README.md of loose files."""
    return "\n".join(
        [
            f"# MotionPair: {_cell(_name(dataset))}",
            "",
            *_what(dataset),
            "## Files",
            "",
            "| file | holds |",
            "|---|---|",
            "| `index.jsonl` | a line a pair: what it is, and `files`, column to path |",
            "| `STRATUM/PAIR_ID/pair.json` | the pair's columns (below); `spec` as an object |",
            "| `STRATUM/PAIR_ID/annotations.json` | both clips' arrays as nested lists; NaN is null |",
            "| `STRATUM/PAIR_ID/*.mp4, *.jpg, *.png` | the blobs (below), byte for byte as generated |",
            "",
            "A reference that a pair lacks has no file and no entry in the index.",
            "Floats in `annotations.json` are float32 in the fewest digits that give them back.",
            "",
            *_licences(dataset),
            *_provenance(dataset),
            *_columns(),
        ]
    )


def diffsynth_card(dataset: Dataset, rows: Mapping[str, int], columns: Mapping[str, str]) -> str:
    """The README.md of the DiffSynth form.

    Args:
        dataset: what was exported.
        rows: metadata file to its number of rows.
        columns: column of the metadata to its meaning.
    """
    return "\n".join(
        [
            f"# MotionPair for DiffSynth-Studio: {_cell(_name(dataset))}",
            "",
            *_what(dataset),
            "## Metadata",
            "",
            "| file | pairs |",
            "|---|---|",
            *(f"| `{name}` | {count} |" for name, count in rows.items()),
            "",
            "Paths are relative to this folder (`--dataset_base_path`). No cell is empty: DiffSynth's loader",
            "stops at an empty cell of a column that `--data_file_keys` names.",
            "",
            "| column | holds |",
            "|---|---|",
            *(f"| `{name}` | {meaning} |" for name, meaning in columns.items()),
            "",
            "Wan2.2-Animate: `--data_file_keys video,animate_pose_video,animate_face_video` and",
            "`--extra_inputs input_image,animate_pose_video,animate_face_video`; to train both modes, add",
            "`animate_inpaint_video,animate_mask_video` to both. Wan2.2-Animate-2: `--data_file_keys",
            "video,animate2_reference_image,animate2_reference_video` and `--extra_inputs",
            "animate2_prompt_ref,animate2_reference_image,animate2_reference_video`.",
            "",
            "## What is not the same as in Wan-Animate's own data",
            "",
            "- Wan-Animate is trained on one clip a sample: pose, face and background come from the video",
            "  itself. Here the pose is the target's exact joints, drawn; the face is another person's, the",
            "  driving clip's, with the same expressions. Only the two `animate2_reference_*` columns give",
            "  the model the driving clip as SCAIL-2 takes it, and our reference image.",
            "- With Wan2.2-Animate, DiffSynth takes the video's first frame as `input_image`, not our",
            "  reference, and cuts pose, face, background and mask to four frames less than the video.",
            "- The pose is drawn from 2D joints of the body and of both hands in OpenPose's colours, without",
            "  nose, ears and face outline: the middle between the eyes stands for the nose. It has no",
            "  detector's jitter and no missing limbs: hidden joints are drawn too.",
            "- Of several performers all are drawn in the pose; the face is the first one's. Wan-Animate",
            "  knows one performer: filter by `performers`.",
            "- Background and mask of replacement pairs: the target's frames without what either clip's",
            "  characters cover. Wan-Animate widens its masks and makes them blocky; these are exact.",
            "  Animation pairs have a grey background and a white mask: nothing is given.",
            "- Colours that bind characters, hand boxes, 3D joints and cameras have no column. The other",
            "  formats have them.",
            "",
            *_licences(dataset),
            *_provenance(dataset),
        ]
    )


def _what(dataset: Dataset) -> list[str]:
    counts, sizes = (
        Counter(zip(*(column.to_pylist() for column in dataset.columns(*names).columns), strict=True))
        for names in (("stratum", "mode", "split"), ("width", "height", "frames", "fps"))
    )
    clips = [f"{n:,} of {w} × {h} px, {t} frames at {fps}/s" for (w, h, t, fps), n in sorted(sizes.items())]
    return [
        f"{pairs.count(dataset):,} pairs of rendered clips: in a pair, different characters perform the same",
        "motion.",
        "A model is given the driving clip, a reference image of the target's characters and masks that say",
        "who is who, and must produce the target clip. Everything is synthetic; no person was filmed.",
        "",
        "| stratum | mode | split | pairs |",
        "|---|---|---|---|",
        *(f"| {_cell(a)} | {_cell(b)} | {_cell(c)} | {n:,} |" for (a, b, c), n in sorted(counts.items())),
        "",
        f"Pairs by size: {'; '.join(clips) or 'none'}.",
        "No identity and no motion instance of a plan is in two splits.",
        "",
    ]


def _assets(dataset: Dataset) -> Counter[tuple[str, str, str]]:
    """(name, licence, source) of every asset in the rows, with its number of pairs."""
    found: Counter[tuple[str, str, str]] = Counter()
    for chunk in dataset.columns("assets")["assets"].chunks:
        flat = chunk.flatten()
        found.update(zip(*(flat.field(n).to_pylist() for n in ("name", "licence", "source")), strict=True))
    return found


def _all_permissive(dataset: Dataset) -> bool:
    return all(licences(licence) and licences(licence) <= PERMISSIVE for _, licence, _ in _assets(dataset))


def _licences(dataset: Dataset) -> list[str]:
    titles = {pack.name: f"{pack.title} {pack.url}".strip() for pack in assets.packs()}
    if _all_permissive(dataset):
        says = [
            f"The pairs are the output of MotionPair's code and are offered under {LICENCE}, the licence of",
            "that code. Every asset that they show is under a licence that allows this:",
        ]
    else:
        says = [
            f"What MotionPair's code made is offered under {LICENCE}. Not every asset that the pairs show is",
            "under a licence that allows giving the pictures away so: look at each before you publish.",
        ]
    return [
        "## Licences",
        "",
        *says,
        "",
        "| asset | licence | source | pairs |",
        "|---|---|---|---|",
        *(
            f"| {' | '.join(map(_cell, (f'{name} {titles.get(name, str())}'.strip(), licence, source)))} "
            f"| {count:,} |"
            for (name, licence, source), count in sorted(_assets(dataset).items())
        ),
        "",
    ]


def _provenance(dataset: Dataset) -> list[str]:
    manifest = dataset.manifest
    counts = manifest.counts
    rows = [
        f"| {_cell(of.recipe['name'])} ({of.recipe_hash[:12]}) | {of.seed} | {of.plan_hash[:12]} "
        f"| {of.slots:,} | {', '.join(f'{_cell(n)} {_cell(v)}' for n, v in sorted(of.versions.items()))} |"
        for of in manifest.generations
    ]
    made = manifest.made_from
    return [
        "## Provenance",
        "",
        "| recipe | seed | plan | slots | versions |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"Schema version {manifest.schema_version}. Each row's `spec` decides its pair completely: the same",
        "spec and versions give the same pixels on one device class.",
        f"Device classes: {', '.join(map(_cell, manifest.device_classes)) or 'none'}.",
        f"Of {counts.slots:,} slots {counts.rows:,} have a pair; of {counts.quarantined:,} none could be",
        f"made, {counts.left_out:,} are left out.",
        f"Candidates discarded by quality limits: {sum(manifest.discards.values()):,}.",
        *([] if made is None else [f"Made by `{made.operation}` {_cell(made.argument)} of other datasets."]),
        "",
    ]


def _name(dataset: Dataset) -> str:
    """The names of the recipes that the pairs are of."""
    return ", ".join(dict.fromkeys(printable(str(of.recipe["name"])) for of in dataset.manifest.generations))


def _columns() -> list[str]:
    return [
        "## Columns",
        "",
        "| column | unit | meaning |",
        "|---|---|---|",
        *(f"| `{name}` | {column.unit} | {column.meaning} |" for name, column in COLUMNS.items()),
        "",
        "## Blobs",
        "",
        "| column | meaning |",
        "|---|---|",
        *(f"| `{name}` | {schema.BLOB_MEANINGS[name]} |" for name in schema.BLOBS),
        "",
        masks.document(),
        "",
        annotations_document(),
        "",
    ]


def _cell(value: Any) -> str:
    """A text from a row or the manifest inside Markdown: printable, one line, no markup."""
    return re.sub(r"([\\|<>`*_\[\]])", r"\\\1", printable(str(value)))
