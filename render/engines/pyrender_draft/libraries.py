"""Loading pyrender: EGL in place of a window, one thread, and what to install where OpenGL is missing.

`python -m render.engines.pyrender_draft.libraries` prints the missing packages, one line, and exits with
status 2 when there are any.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from collections.abc import Callable

from motionpair.errors import InputError
from render.engines.blender.libraries import apt_line, report

APT_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX_mesa.so.0": "libglx-mesa0",
}
"""Shared library to the Debian or Ubuntu package that holds it."""
DRIVERS = "libgl1-mesa-dri"
"""The package with Mesa's software renderer, which EGL looks for only when a picture is wanted."""


def missing_packages(load: Callable[[str], object] = ctypes.CDLL) -> list[str]:
    """The apt packages whose library the dynamic linker cannot load; empty where drafts can be drawn."""
    missing = []
    for library, package in APT_PACKAGES.items():
        try:
            load(library)
        except OSError:
            missing.append(package)
    return [*missing, DRIVERS] if missing else []


def load_pyrender(threads: int) -> None:
    """Import pyrender for drawing without a window, with at most `threads` threads.

    The platform is chosen, and Mesa starts its threads, once a process: later calls have no effect.

    Raises:
        InputError: a system library is missing, or OpenGL was already loaded for another platform.
    """
    packages = missing_packages() if sys.platform == "linux" else []
    if packages:
        raise InputError(f"drafts need system libraries that are missing; run: {apt_line(packages)}")
    platform = os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
    if platform != "egl":
        raise InputError(f"PYOPENGL_PLATFORM: expected egl or nothing, got {platform!r}")
    # Mesa draws with this many threads beside the one that calls it.
    os.environ.setdefault("LP_NUM_THREADS", str(threads - 1))
    importlib.import_module("pyrender")


if __name__ == "__main__":
    sys.exit(report(missing_packages))
