from __future__ import annotations

import numpy as np
import pytest
from character_cast import CHILD, WOMAN
from extreme_poses import pose

from motionpair import catalog
from render.characters.baked import ATTRIBUTES, BakedCharacter
from render.characters.body import weight_rows
from render.characters.hair import STYLES
from render.characters.skinning import skin
from render.characters.store import CharacterStore
from render.skeleton import FACE_UNITS, JOINTS


def test_the_rig_is_the_canonical_one_with_twist_helpers(baked: BakedCharacter) -> None:
    assert baked.rig.names[: len(JOINTS)] == JOINTS
    assert set(baked.rig.names[len(JOINTS) :]) == set(baked.rig.twist_of)


def test_weights_sum_to_one_and_attributes_are_known(baked: BakedCharacter) -> None:
    for part in baked.parts:
        assert np.allclose(part.weights.sum(axis=1), 1, atol=1e-5), part.name
        assert set(part.attributes) <= set(ATTRIBUTES), part.name
        assert all(np.isfinite(a).all() and len(a) == len(part.vertices) for a in part.attributes.values())


def test_the_t_pose_has_level_arms_palms_down_and_parallel_legs(baked: BakedCharacter) -> None:
    t = pose(baked, {})
    place = dict(zip(baked.rig.names, t.positions[0], strict=True))
    for side, sign in (("left", 1), ("right", -1)):
        arm = [place[f"{side}_{n}"] for n in ("shoulder", "elbow", "wrist", "middle1", "middle2", "middle3")]
        steps = np.diff(arm, axis=0)
        assert np.allclose(steps[:, 1:], 0, atol=2e-3)
        assert (steps[:, 0] * sign > 0).all()
        across = place[f"{side}_index1"] - place[f"{side}_pinky1"]
        assert across[1] < 0, "the index is ahead of the little finger: the palm looks down"
        assert abs(across[2]) < 0.3 * abs(across[1])
        thumb = place[f"{side}_thumb3"] - place[f"{side}_thumb2"]
        assert -thumb[1] == pytest.approx(sign * thumb[0], rel=0.05)
        leg = np.diff([place[f"{side}_{n}"] for n in ("hip", "knee", "ankle")], axis=0)
        assert np.allclose(leg[:, :2], 0, atol=2e-3)
        foot = place[f"{side}_foot"] - place[f"{side}_ankle"]
        assert abs(foot[0]) < 0.01
        assert foot[1] < 0
    skinned = skin(baked.part(baked.sole_part), baked.rig, t)[0]
    for sole in baked.soles:
        assert len(sole) >= 3
        assert np.abs(skinned[sole, 2]).max() < 0.012, "soles are flat on the ground"
    assert place["pelvis"][2] == pytest.approx(baked.hip_height)


def test_hands_and_face_are_found(baked: BakedCharacter) -> None:
    v = skin(baked.part("body"), baked.rig, pose(baked, {}))[0]
    left, right = baked.hand_vertices
    assert v[left, 0].min() > 0
    assert v[right, 0].max() < 0
    assert len(left) == len(right)
    assert v[baked.face_vertices, 2].min() > 0.7 * baked.height
    assert np.ptp(v[left, 0]) > 0.08 * baked.height


def test_face_units_move_the_head_alone_and_each_does_something(baked: BakedCharacter) -> None:
    head = [JOINTS.index(n) for n in ("head", "jaw", "neck", "left_eye_smplhf", "right_eye_smplhf")]
    reach = np.zeros(len(FACE_UNITS))
    for part in baked.parts:
        if len(part.unit_vertices):
            of_head = np.where(np.isin(part.bones, head), part.weights, 0).sum(axis=1)[part.unit_vertices]
            assert of_head.min() > 0.4, part.name
            moves = np.linalg.norm(part.unit_deltas.astype(np.float32), axis=2)
            reach = np.maximum(reach, moves.max(axis=1))
    assert (reach > 0.001).all()
    assert not any(len(p.unit_vertices) for p in baked.parts if p.role in ("cloth", "shoe"))


def test_blinking_lowers_lid_and_lashes_together(baked: BakedCharacter) -> None:
    blink = FACE_UNITS.index("eyeBlinkLeft")
    for name in ("body", "lashes"):
        part = baked.part(name)
        drops = -part.unit_deltas[blink, :, 2].astype(np.float32)
        assert drops.max() > 0.003, name
        moved = part.vertices[part.unit_vertices[drops > 0.002]]
        assert (moved[:, 0] > 0).all()


def test_only_the_realistic_look_has_strands_and_they_stay_out_of_the_head(baked: BakedCharacter) -> None:
    if not len(baked.strands):
        return
    assert np.isfinite(baked.strands).all()
    body = baked.part("body")
    head = np.where(body.bones == JOINTS.index("head"), body.weights, 0).sum(axis=1) > 0.9
    skull = body.vertices[head]
    crown = skull[skull[:, 2] > np.quantile(skull[:, 2], 0.5)]
    middle, radii = (crown.max(axis=0) + crown.min(axis=0)) / 2, np.ptp(crown, axis=0) / 2
    inside = (((baked.strands[:, 1:] - middle) / (0.8 * radii)) ** 2).sum(axis=2) < 1
    assert inside.mean() < 0.01


def test_the_flat_look_has_a_shell_and_larger_eyes(character_store: CharacterStore) -> None:
    flat, real = character_store.load(CHILD), character_store.load(WOMAN)
    assert len(flat.strands) == 0
    assert len(real.strands) >= 3000
    assert len(flat.part("hair").vertices) > 500

    def eye_share(baked: BakedCharacter) -> float:
        return float(np.ptp(baked.part("eyes").vertices[:72], axis=0)[2] / baked.height)

    assert eye_share(flat) > 1.4 * eye_share(real)


def test_more_joints_than_a_byte_can_name_are_refused() -> None:
    bones, _ = weight_rows(np.eye(256))
    assert bones[:, 0].tolist() == list(range(256))
    with pytest.raises(ValueError, match="at most 256 joints, got 257"):
        weight_rows(np.eye(257))


def test_every_hair_style_and_garment_of_the_catalogue_is_known() -> None:
    assert set(STYLES) | {"bald"} == set(catalog.HAIR_STYLES)
