"""Loading Blender: the system libraries that `import bpy` needs, the apt packages that bring them, and
the threads that its task scheduler keeps.

Usable without bpy: `python -m render.engines.blender.libraries` prints the missing packages, one line,
and exits with status 2 when there are any.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import sys
from collections.abc import Callable, Iterator

from motionpair.errors import EXIT_BAD_INPUT, EXIT_DONE, InputError

APT_PACKAGES = {
    "libX11.so.6": "libx11-6",
    "libXrender.so.1": "libxrender1",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libXext.so.6": "libxext6",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libGL.so.1": "libgl1",
}
"""Shared library to the Debian or Ubuntu package that holds it."""


def missing_packages(load: Callable[[str], object] = ctypes.CDLL) -> list[str]:
    """The apt packages whose library the dynamic linker cannot load; empty where bpy can be imported."""
    missing = []
    for library, package in APT_PACKAGES.items():
        try:
            load(library)
        except OSError:
            missing.append(package)
    return missing


def apt_line(packages: list[str]) -> str:
    """The command that installs `packages`."""
    return f"apt-get install -y --no-install-recommends {' '.join(packages)}"


def require_libraries() -> None:
    """Refuse to go on where a library is missing.

    Raises:
        InputError: names the packages and the command that installs them.
    """
    packages = missing_packages() if sys.platform == "linux" else []
    if packages:
        raise InputError(f"Blender needs system libraries that are missing; run: {apt_line(packages)}")


@contextlib.contextmanager
def confined(threads: int) -> Iterator[None]:
    """Let the calling thread see no more than `threads` CPUs meanwhile, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:threads])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def load_blender(threads: int) -> None:
    """Import bpy with a task scheduler (TBB) of `threads` threads.

    By default the scheduler has a thread for every CPU, whatever a scene asks for, and those that a render
    does not use wait for work in a busy loop: with one render thread they cost as much CPU time as the
    render itself. It counts the CPUs that it may use once, at import; later calls have no effect.

    Raises:
        InputError: a system library is missing.
    """
    require_libraries()
    with confined(threads):
        importlib.import_module("bpy")


def report(missing: Callable[[], list[str]]) -> int:
    """Print the packages that are missing; the exit status says whether there are any."""
    packages = missing() if sys.platform == "linux" else []
    if packages:
        print(" ".join(packages))
    return EXIT_BAD_INPUT if packages else EXIT_DONE


if __name__ == "__main__":
    sys.exit(report(missing_packages))
