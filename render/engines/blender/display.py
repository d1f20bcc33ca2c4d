"""From Cycles' linear light to sRGB bytes, by the same OpenColorIO config and views that Blender uses."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import bpy
import numpy as np

from motionpair.specs import Style

VIEWS: dict[str, tuple[str, str]] = {
    "realistic": ("AgX", "AgX - Medium High Contrast"),
    "toon": ("Standard", ""),
}
"""Picture style to (view, look) of Blender's colour management."""


@cache
def bundled_module(name: str) -> ModuleType:
    """A Python module that ships inside the bpy wheel, such as `OpenImageIO` or `PyOpenColorIO`."""
    local = Path(bpy.utils.resource_path("LOCAL"))
    folder = str(local / "python" / "lib" / "python3.11" / "site-packages")
    if folder not in sys.path:
        sys.path.append(folder)
    return __import__(name)


@cache
def _processor(style: str):
    ocio = bundled_module("PyOpenColorIO")
    config = ocio.Config.CreateFromFile(
        str(Path(bpy.utils.system_resource("DATAFILES")) / "colormanagement" / "config.ocio")
    )
    view, look = VIEWS[style]
    group = ocio.GroupTransform()
    if look:
        process_space = config.getLook(look).getProcessSpace()
        group.appendTransform(ocio.LookTransform(src=ocio.ROLE_SCENE_LINEAR, dst=process_space, looks=look))
        source = process_space
    else:
        source = ocio.ROLE_SCENE_LINEAR
    group.appendTransform(ocio.DisplayViewTransform(src=source, display="sRGB", view=view))
    return config.getProcessor(group).getDefaultCPUProcessor()


def to_display(linear: np.ndarray, style: Style) -> np.ndarray:
    """Scene-linear Rec.709 (H, W, 3) float32 to sRGB (H, W, 3) uint8, by the style's view."""
    pixels = np.array(linear, dtype=np.float32, order="C")
    _processor(style).applyRGB(pixels)
    # np.maximum keeps NaN out as well: Cycles writes none, but a picture must not depend on it.
    return (np.nan_to_num(np.clip(pixels, 0.0, 1.0)) * 255.0 + 0.5).astype(np.uint8)
