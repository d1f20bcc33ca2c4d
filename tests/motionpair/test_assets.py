"""Asset packs: licences are stated, and the installed files are the ones described."""

import dataclasses
import sysconfig
from pathlib import Path

import pytest

from motionpair.assets import check_pack, packs
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
