"""Clips without pictures of people: SCAIL's 3D-consistent poses, and bare grey bodies, on black.

`PoseMapEngine` and `BodyMeshEngine` (in `engine`) take scenes like every engine. `draw` takes joints and a
camera alone, and `redraw` what annotations store of them, so that whoever trains can draw the same poses with
longer or shorter bones.
"""

from __future__ import annotations

from render.engines.pose_maps.drawing import draw, redraw

__all__ = ["draw", "redraw"]
