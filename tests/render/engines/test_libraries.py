"""Missing system libraries are named with the command that brings them."""

import os
import subprocess
import sys

import pytest

from motionpair.errors import InputError
from render.engines.blender import libraries


def test_missing_libraries_are_named_by_their_packages():
    def load(name):
        if name in ("libXrender.so.1", "libSM.so.6"):
            raise OSError(f"{name}: cannot open shared object file")

    assert libraries.missing_packages(load) == ["libxrender1", "libsm6"]
    assert libraries.apt_line(["libxrender1", "libsm6"]).endswith(" libxrender1 libsm6")


def test_a_missing_library_is_bad_input(monkeypatch):
    monkeypatch.setattr(libraries, "missing_packages", lambda: ["libgl1"])
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(InputError, match=r"apt-get install .* libgl1"):
        libraries.require_libraries()
    assert libraries.report(libraries.missing_packages) == 2


def test_the_check_needs_no_bpy():
    code = (
        "import sys; from render.engines.blender import libraries; libraries.missing_packages();"
        "assert 'bpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.blender
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no CPU affinity on this system")
def test_blender_is_loaded_with_the_threads_asked_for_and_the_process_keeps_its_cpus():
    # TBB's C++ function tells how many threads its scheduler counts on.
    code = """
import ctypes, os
from render.engines.blender.libraries import load_blender
before = os.sched_getaffinity(0)
load_blender(threads=1)
assert os.sched_getaffinity(0) == before
with open("/proc/self/maps") as maps:
    path = next(line.split()[-1] for line in maps if "libtbb.so" in line)
count = ctypes.CDLL(path)["_ZN3tbb6detail2r115max_concurrencyEPKNS0_2d115task_arena_baseE"]
assert count(None) == 1, count(None)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
