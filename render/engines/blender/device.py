"""Which device Cycles renders on, and the class of devices that give identical bytes."""

from __future__ import annotations

import platform
from pathlib import Path

import bpy

from motionpair.errors import InputError

_BACKENDS = ("OPTIX", "CUDA", "HIP", "ONEAPI", "METAL")
_CPU_LEVELS = (
    ("x86-64-v4", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}),
    ("x86-64-v3", {"avx2", "bmi1", "bmi2", "fma", "f16c", "movbe"}),
    ("x86-64-v2", {"sse4_2", "ssse3", "popcnt"}),
)
"""Levels of the x86-64 psABI, best first, by /proc/cpuinfo's flags. Cycles and Open Image Denoise pick
their kernels by these, and kernels of different levels round differently."""


def cpu_level(machine: str, cpuinfo: str) -> str:
    """The instruction-set level, such as `x86-64-v3`; other machines than x86-64 are their own level."""
    if machine not in ("x86_64", "AMD64"):
        return machine
    line = next((ln for ln in cpuinfo.splitlines() if ln.startswith("flags")), "")
    flags = set(line.partition(":")[2].split())
    return next((name for name, needed in _CPU_LEVELS if needed <= flags), "x86-64-v1")


class Device:
    """Cycles' device. `auto` takes the first GPU backend that finds a GPU, else the CPU.

    Args:
        wanted: `auto`, `cpu`, or a backend: `optix`, `cuda`, `hip`, `oneapi`, `metal`.

    Raises:
        InputError: the backend is unknown or finds no GPU.
    """

    def __init__(self, wanted: str = "auto") -> None:
        if wanted not in ("auto", "cpu", *(b.lower() for b in _BACKENDS)):
            accepted = ", ".join(("auto", "cpu", *(b.lower() for b in _BACKENDS)))
            raise InputError(f"device: expected one of {accepted}, got {wanted!r}")
        self.backend, self.gpu = "CPU", ""
        if wanted == "cpu":
            return
        candidates = _BACKENDS if wanted == "auto" else (wanted.upper(),)
        for backend in candidates:
            names = _gpus(backend)
            if names:
                self.backend, self.gpu = backend, names[0]
                return
        if wanted != "auto":
            raise InputError(f"device: Cycles finds no {wanted} GPU here; expected auto or cpu")

    def device_class(self) -> str:
        """What byte identity depends on beside versions: `cpu/x86-64-v4`, `optix/NVIDIA L40S`, ..."""
        if self.backend != "CPU":
            return f"{self.backend.lower()}/{self.gpu}"
        cpuinfo = Path("/proc/cpuinfo")
        return f"cpu/{cpu_level(platform.machine(), cpuinfo.read_text() if cpuinfo.exists() else '')}"

    def select(self, scene: bpy.types.Scene) -> None:
        """Make `scene` render on this device. Factory settings forget the choice, so call it a scene."""
        if self.backend == "CPU":
            scene.cycles.device = "CPU"
            return
        preferences = bpy.context.preferences.addons["cycles"].preferences
        preferences.compute_device_type = self.backend
        first = True
        for device in preferences.get_devices_for_type(self.backend):
            device.use = first and device.type == self.backend
            first = first and not device.use
        scene.cycles.device = "GPU"


def _gpus(backend: str) -> list[str]:
    preferences = bpy.context.preferences.addons["cycles"].preferences
    known = {item[0] for item in preferences.get_device_types(bpy.context)}
    if backend not in known:
        return []
    return [d.name for d in preferences.get_devices_for_type(backend) if d.type == backend]
