"""The columns of a row beside its blobs, each with its type, unit and meaning."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pyarrow as pa

from motionpair.specs import MOST_ROUNDS

ASSET_TYPE = pa.struct(
    [pa.field(name, pa.string(), nullable=False) for name in ("name", "licence", "source")]
)
DISCARD_TYPE = pa.struct(
    [
        pa.field("reason", pa.string(), nullable=False),
        pa.field("figure", pa.float64(), nullable=False),
        pa.field("limit", pa.string(), nullable=False),
    ]
)
"""A candidate that a gate turned down: a short reason to count by, what was measured, what is accepted."""
BLOB_REF_TYPE = pa.struct(
    [
        pa.field("shard", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
    ]
)
"""Where a blob lies: file under the dataset's root, first byte, number of bytes, and their sha256 in hex."""


@dataclass(frozen=True)
class Column:
    """A column: Arrow type, unit (empty where it has none) and meaning. No column holds nulls."""

    type: pa.DataType
    unit: str
    meaning: str


def _list(type_: pa.DataType) -> pa.DataType:
    return pa.list_(pa.field("element", type_, nullable=False))


_TEXT, _TEXTS = pa.string(), _list(pa.string())
_INT, _REAL = pa.int32(), pa.float64()

COLUMNS: dict[str, Column] = {
    "pair_id": Column(_TEXT, "", "Name of the pair, unique in the dataset."),
    "slot": Column(_INT, "", "Slot of the plan that the pair fills, from 0."),
    "k": Column(_INT, "", "Which candidate of the slot passed the gates; 0 is the plan's own."),
    "stratum": Column(_TEXT, "", "Stratum of the recipe."),
    "mode": Column(
        _TEXT, "", "`animation` or `replacement`: the side that the target's environment is from."
    ),
    "split": Column(_TEXT, "", "`train`, `validation` or `test`; no identity or motion is in two."),
    "spec_hash": Column(_TEXT, "sha256, hex", "Hash of `spec`."),
    "spec": Column(_TEXT, "JSON", "The PairSpec, canonical JSON: all that decides the pair."),
    "caption": Column(_TEXT, "English", "Characters, clothes, environment, camera and motion of the target."),
    "width": Column(_INT, "px", "Width of both clips and of the reference."),
    "height": Column(_INT, "px", "Height of both clips and of the reference."),
    "frames": Column(_INT, "", "Frames of each clip, 4n + 1."),
    "fps": Column(_INT, "frames/s", "Frame rate of both clips."),
    "reverse_driven": Column(
        pa.bool_(), "", "Estimator error sits on the driving side (the usual way), not on the target's."
    ),
    "driving_kind": Column(
        _TEXT,
        "",
        "What the driving clip shows: `clip` characters in a place, `pose` coloured bones on black, "
        "`body_mesh` grey bodies on black.",
    ),
    "continues": Column(
        pa.bool_(), "", "The clips begin in the middle of a motion, not at its start (history is plausible)."
    ),
    "driving_estimator": Column(
        _TEXT, "", "Pose-estimator error model of the driving motion; `exact` has none."
    ),
    "target_estimator": Column(_TEXT, "", "Likewise of the target motion."),
    "performers": Column(pa.int8(), "", "Characters in each clip, K."),
    "formation": Column(
        _TEXT, "", "How the performers stand: `alone`, `beside`, `facing`, `mirrored`, `passing` or `duet`."
    ),
    "slots": Column(
        _list(pa.int8()), "", "Binding slot (1 red ... 6 cyan) of performer i, the same in both clips."
    ),
    "driving_characters": Column(_TEXTS, "", "Identity of driving performer i."),
    "target_characters": Column(_TEXTS, "", "Identity of target performer i."),
    "driving_looks": Column(
        _TEXTS, "", "`realistic`, `animation_3d` or `animation_2d`, of driving performer i."
    ),
    "target_looks": Column(_TEXTS, "", "Likewise of target performer i."),
    "driving_garments": Column(
        _TEXTS, "", "What driving performer i wears: `kind:fabric`, separated by spaces."
    ),
    "target_garments": Column(_TEXTS, "", "Likewise of target performer i."),
    "driving_hair": Column(_TEXTS, "", "Hair style and beard of driving performer i: `style:beard`."),
    "target_hair": Column(_TEXTS, "", "Likewise of target performer i."),
    "character_hashes": Column(
        _TEXTS, "sha256, hex", "Baked characters: those of the driving performers, then of the target's."
    ),
    "motion_ids": Column(_TEXTS, "", "Motion instance of performer i, the same in both clips."),
    "motion_families": Column(_TEXTS, "", "Motion families that occur, sorted."),
    "props": Column(_TEXTS, "", "Things that the performers hold or sit on, sorted."),
    "driving_environment": Column(_TEXT, "", "Kind of place of the driving clip."),
    "target_environment": Column(_TEXT, "", "Kind of place of the target clip."),
    "driving_hdri": Column(_TEXT, "", "HDRI that lights the driving clip."),
    "target_hdri": Column(_TEXT, "", "HDRI that lights the target clip."),
    "driving_camera": Column(_TEXT, "", "`static`, `pan`, `dolly`, `orbit`, `handheld` or `zoom`."),
    "target_camera": Column(_TEXT, "", "Likewise of the target clip."),
    "driving_framing": Column(_TEXT, "", "`full_body` or `close_up`."),
    "target_framing": Column(_TEXT, "", "Likewise of the target clip."),
    "rejected_rounds": Column(
        _INT, "", "Of a preference item, rounds of weak estimation in its rejected clip; 0 in other pairs."
    ),
    "rejected_causes": Column(
        _TEXTS,
        "",
        "In which ways the weak estimators err: `fingers` at rest, hands in `swap`, `jitter`, hands "
        "`missed`; none in other pairs.",
    ),
    "rejected_region": Column(
        _TEXT, "", "Part of the body that the rejected clip gets wrong: `hands`; `none` in other pairs."
    ),
    "reference_kind": Column(
        _TEXT,
        "",
        "`in_clip`: the reference is a frame of the target clip; `out_of_clip`: a moment before or after it; "
        "`other_camera`: a moment of it from another camera.",
    ),
    "reference_frame": Column(
        _INT,
        "",
        "When the reference is, in frames of the target clip; `out_of_clip` before 0 or after the last.",
    ),
    "extra_references": Column(
        _TEXTS, "", "Additional references that the pair has: `back`, `face`; sorted."
    ),
    "augmentation_window": Column(
        _list(_REAL),
        "share",
        "Left, top, width and height of the part of the driving picture that augmentation stretches to all "
        "of it.",
    ),
    "augmentation_skeleton": Column(
        _TEXTS, "", "Of pose-driven pairs, `part:factor` of the bones that augmentation draws longer; sorted."
    ),
    "driving_engine": Column(_TEXT, "", "Engine that rendered the driving clip."),
    "target_engine": Column(_TEXT, "", "Engine that rendered the target clip."),
    "driving_preset": Column(_TEXT, "", "Render preset of the driving clip."),
    "target_preset": Column(_TEXT, "", "Render preset of the target clip."),
    "driving_samples": Column(_INT, "per pixel", "Render samples of the driving clip."),
    "target_samples": Column(_INT, "per pixel", "Render samples of the target clip."),
    "device_class": Column(_TEXT, "", "Render device and CPU kernel level that the pixels belong to."),
    "assets": Column(_list(ASSET_TYPE), "", "Every asset that the pair shows: name, licence, source."),
    "driving_contact_slide_p95_mm": Column(
        _REAL,
        "mm/frame",
        "95th percentile of the slide of planted sole points, driving clip; 0 without contacts.",
    ),
    "target_contact_slide_p95_mm": Column(_REAL, "mm/frame", "Likewise, target clip."),
    "driving_sole_penetration_mm": Column(_REAL, "mm", "Deepest sole point under the ground, driving clip."),
    "target_sole_penetration_mm": Column(_REAL, "mm", "Likewise, target clip."),
    "driving_body_penetration_mm": Column(
        _REAL, "mm", "Deepest point of the rest of a body under the ground, driving clip."
    ),
    "target_body_penetration_mm": Column(_REAL, "mm", "Likewise, target clip."),
    "driving_touch_error_mm": Column(
        _REAL,
        "mm",
        "Most distance of a hand from the hand or ground that it touches, driving clip; 0 without.",
    ),
    "target_touch_error_mm": Column(_REAL, "mm", "Likewise, target clip."),
    "driving_hand_side_px": Column(
        _REAL,
        "px",
        "Shorter side of the box around the larger hand, median over the driving clip's frames, as if the "
        "picture's longer side were 448 px.",
    ),
    "target_hand_side_px": Column(_REAL, "px", "Likewise, target clip."),
    "driving_cloth_poke_share": Column(
        _REAL, "0 to 1", "Most of what is under a garment that is outside it, in a frame of the driving clip."
    ),
    "target_cloth_poke_share": Column(_REAL, "0 to 1", "Likewise, target clip."),
    "driving_cloth_stretch": Column(
        _REAL, "× rest", "Most stretch of a garment's edges (99th percentile) in a frame of the driving clip."
    ),
    "target_cloth_stretch": Column(_REAL, "× rest", "Likewise, target clip."),
    "driving_in_frame_share": Column(
        _REAL,
        "0 to 1",
        "Share of the body points that the framing is about inside the picture, of the performer with the "
        "least, driving clip.",
    ),
    "target_in_frame_share": Column(_REAL, "0 to 1", "Likewise, target clip."),
    "driving_hands_in_frame_share": Column(
        _REAL,
        "0 to 1",
        "Share of the driving clip's frames with a hand inside the picture, of the performer with the least.",
    ),
    "target_hands_in_frame_share": Column(_REAL, "0 to 1", "Likewise, target clip."),
    "driving_clearance_m": Column(
        _REAL,
        "m",
        "Least distance between body joints of two performers, driving clip; at most 10, 10 for one alone.",
    ),
    "target_clearance_m": Column(_REAL, "m", "Likewise, target clip."),
    "driving_overlap_mm": Column(
        _REAL,
        "mm",
        "How far two performers' bodies reach into each other, driving clip; 0 where they do not.",
    ),
    "target_overlap_mm": Column(_REAL, "mm", "Likewise, target clip."),
    "driving_self_overlap_mm": Column(
        _REAL,
        "mm",
        "How deep a limb is inside the rest of its body, driving clip; about 0 where skin touches skin.",
    ),
    "target_self_overlap_mm": Column(_REAL, "mm", "Likewise, target clip."),
    "driving_mask_share": Column(
        _REAL, "0 to 1", "Share of the driving clip's pixels that show characters, over all frames."
    ),
    "target_mask_share": Column(_REAL, "0 to 1", "Likewise, target clip."),
    "driving_least_mask_share": Column(
        _REAL,
        "0 to 1",
        "Share of the driving clip's pixels that the performer with the least fills, over all frames.",
    ),
    "target_least_mask_share": Column(_REAL, "0 to 1", "Likewise, target clip."),
    "driving_mask_pop": Column(
        _REAL,
        "0 to 1",
        "Most that a performer's area differs in one frame from both frames beside it, driving clip.",
    ),
    "target_mask_pop": Column(_REAL, "0 to 1", "Likewise, target clip."),
    "driving_joint_visible_share": Column(
        _REAL, "0 to 1", "Share of the joints that is seen, of the performer with the least, driving clip."
    ),
    "target_joint_visible_share": Column(_REAL, "0 to 1", "Likewise, target clip."),
    "driving_hands_visible_share": Column(
        _REAL,
        "0 to 1",
        "Share of the driving clip's frames in which half of a hand's joints is seen, of the performer "
        "with the least.",
    ),
    "target_hands_visible_share": Column(_REAL, "0 to 1", "Likewise, target clip."),
    "driving_mean_luma": Column(_REAL, "0 to 255", "Mean luma (BT.709) of the driving clip as rendered."),
    "target_mean_luma": Column(_REAL, "0 to 255", "Likewise, target clip."),
    "driving_darkest_luma": Column(_REAL, "0 to 255", "Mean luma of the driving clip's darkest frame."),
    "target_darkest_luma": Column(_REAL, "0 to 255", "Likewise, target clip."),
    "driving_brightest_luma": Column(_REAL, "0 to 255", "Mean luma of the driving clip's brightest frame."),
    "target_brightest_luma": Column(_REAL, "0 to 255", "Likewise, target clip."),
    "driving_black_share": Column(
        _REAL, "0 to 1", "Share of a frame's pixels that are black, in the driving clip's blackest frame."
    ),
    "target_black_share": Column(_REAL, "0 to 1", "Likewise, target clip."),
    "driving_white_share": Column(
        _REAL, "0 to 1", "Share of a frame's pixels that are blown out, in the driving clip's worst frame."
    ),
    "target_white_share": Column(_REAL, "0 to 1", "Likewise, target clip."),
    "driving_lost_share": Column(
        _REAL, "0 to 1", "Share of the characters' pixels that are black or blown out, driving clip."
    ),
    "target_lost_share": Column(_REAL, "0 to 1", "Likewise, target clip."),
    "driving_flicker": Column(
        _REAL,
        "of 255",
        "Most that the environment's mean luma jumps to and back within three frames, driving clip.",
    ),
    "target_flicker": Column(_REAL, "of 255", "Likewise, target clip."),
    "identity_shape_distance": Column(
        _REAL,
        "0 to 1",
        "Least distance in body shape between two characters of the pair (`cast.identity_distance`).",
    ),
    "identity_colour_distance": Column(
        _REAL,
        "CIELAB ΔE",
        "Least distance in colours of skin, hair and clothes between two characters of the pair.",
    ),
    "estimator_body_mm": Column(
        _REAL,
        "mm",
        "Mean error of the body joints of the estimated clip, on one body; 0 without an estimator.",
    ),
    "estimator_body_px": Column(_REAL, "px", "Likewise, as seen in the exact clip's picture."),
    "estimator_fingertip_mm": Column(_REAL, "mm", "Mean error of the fingertips, relative to the wrist."),
    "estimator_fingertip_px": Column(_REAL, "px", "Likewise, as seen in the exact clip's picture."),
    "motion_energy": Column(
        _REAL, "m/s", "Mean speed of the target's body joints, of the performer with the least."
    ),
    "limb_disagreement_degrees": Column(
        _REAL,
        "degrees",
        "Mean angle between the limbs' directions in the two clips, of the performer with the most.",
    ),
    "limb_estimate_degrees": Column(
        _REAL,
        "degrees",
        "How much of that the estimator got wrong for that performer; 0 without an estimator.",
    ),
    "pair_difference": Column(
        _REAL,
        "0 to 255",
        "Mean absolute difference of driving and target, over pixels where either shows a character.",
    ),
    "pair_likeness": Column(
        _REAL,
        "0 to 1",
        "How much of the target the driving clip shows already: pictures as they lie, or performers wherever "
        "they stand; 0 for bones and grey bodies.",
    ),
    "rejected_hand_cells_share": Column(
        _REAL,
        "0 to 1",
        "Share of the target's frames in which the box of a hand is at least 16 px (2 latent pixels) wide "
        "and high, of the performer with the least; 0 without a rejected clip.",
    ),
    "rejected_fingertip_mm": Column(
        _REAL,
        "mm",
        "Mean distance of the rejected clip's fingertips from the target's; 0 without a rejected clip.",
    ),
    "rejected_fingertip_px": Column(
        _REAL,
        "px",
        "Likewise in the picture, of those inside it, as if its longer side were 896 px.",
    ),
    "rejected_fingertip_most_mm": Column(
        _REAL, "mm", "Likewise, of the hand and the frame where it is largest (mean over five fingertips)."
    ),
    "rejected_gap_share": Column(
        _REAL,
        "0 to 1",
        "Share of the frames in which a hand's fingertips are 10 mm or more off on the mean.",
    ),
    "rejected_body_mm": Column(
        _REAL,
        "mm",
        "Most distance of another joint of the body, wrists included, from the target's, in any frame.",
    ),
    "rejected_hands_difference": Column(
        _REAL,
        "0 to 255",
        "Mean absolute difference of the rejected clip and the target inside the boxes of hands of either.",
    ),
    "rejected_elsewhere_difference": Column(_REAL, "0 to 255", "Likewise, outside of those boxes."),
    "discards": Column(
        _list(DISCARD_TYPE),
        "",
        "Why candidates 0 to k − 1 were discarded, one each: reason, what was measured, what is accepted.",
    ),
}
"""Every column of a row beside the blobs, in order."""

_MOST = {"0 to 1": 1.0, "0 to 255": 255.0, "of 255": 255.0}
RANGES = {
    name: (0.0, _MOST.get(column.unit, math.inf)) for name, column in COLUMNS.items() if column.type == _REAL
}
RANGES |= {
    "slot": (0, math.inf),
    "k": (0, math.inf),
    "performers": (1, 127),
    "rejected_rounds": (0, MOST_ROUNDS),
    "driving_samples": (1, math.inf),
    "target_samples": (1, math.inf),
}
"""Column to the least and the largest value that it may hold; no figure is below 0."""
LONGEST = {"spec": 1 << 20, "caption": 1 << 14}
"""Column to the most characters that its text may have, where it is long."""
PER_PERFORMER = {
    "driving_characters",
    "target_characters",
    "driving_looks",
    "target_looks",
    "driving_garments",
    "target_garments",
    "driving_hair",
    "target_hair",
    "motion_ids",
    "slots",
}
"""Columns that hold a value a performer."""
