"""Asset packs: licences are stated, and the installed files are the ones described."""

import dataclasses
import sysconfig
from pathlib import Path

import pytest
import synthetic

from motionpair.assets import assets_of, check_pack, packs
from motionpair.errors import DataError

SITE = Path(sysconfig.get_paths()["platlib"])


@pytest.mark.parametrize("pack", packs(), ids=lambda p: p.name)
def test_every_pack_states_its_licence_and_matches_what_is_installed(pack):
    assert pack.licence
    assert pack.provides
    check_pack(pack, SITE)


def test_a_changed_asset_is_named(tmp_path):
    (tmp_path / "a.exr").write_bytes(b"other")
    pack = dataclasses.replace(packs()[0], root="", files={"a.exr": "0" * 64})
    with pytest.raises(DataError, match=r"a\.exr"):
        check_pack(pack, tmp_path)


def test_a_pair_lists_the_light_of_both_clips_and_none_of_a_driving_clip_on_black():
    hdri = next(pack for pack in packs() if pack.used == "hdri")
    lights = [name.removesuffix(".exr") for name in hdri.files if name.endswith(".exr")]
    spec = synthetic.pair_spec(0)

    def lit(driving, target):
        clips = [
            dataclasses.replace(clip, environment=dataclasses.replace(clip.environment, hdri=light))
            for clip, light in ((spec.driving, driving), (spec.target, target))
        ]
        return dataclasses.replace(spec, driving=clips[0], target=clips[1])

    def names(pair):
        return {asset["name"] for asset in assets_of(pair)}

    always = {pack.name for pack in packs() if pack.used == "always"}
    assert names(lit(lights[0], "elsewhere")) == always | {hdri.name}
    assert names(lit("elsewhere", lights[0])) == always | {hdri.name}
    assert names(synthetic.pose_driven(lit(lights[0], "elsewhere"))) == always
    assert names(synthetic.pose_driven(lit("elsewhere", lights[0]))) == always | {hdri.name}
