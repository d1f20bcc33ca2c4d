"""The places where clips happen, all procedural: plaza, park, court, room, studio.

Each builder puts its floor at z = 0 and leaves the stage, a disc around the origin, free. Places are laid
out around the direction in which the camera looks, so that their best side is in the picture, and what
would stand between camera and stage is left out. Both depend on the environment and the camera alone, so
that the two clips of a replacement pair show the same place. References from other cameras show the place as
it is laid out for the target's.
"""

from __future__ import annotations

from collections.abc import Callable

import bpy

from motionpair.errors import InputError
from render.engines.blender.environments.beach import build_beach
from render.engines.blender.environments.corridor import build_corridor
from render.engines.blender.environments.court import build_court
from render.engines.blender.environments.gym import build_gym
from render.engines.blender.environments.office import build_office
from render.engines.blender.environments.park import build_park
from render.engines.blender.environments.place import Place
from render.engines.blender.environments.plaza import build_plaza
from render.engines.blender.environments.rooftop import build_rooftop
from render.engines.blender.environments.room import build_room
from render.engines.blender.environments.stage import build_stage
from render.engines.blender.environments.street import build_street
from render.engines.blender.environments.studio import build_studio
from render.scene import Scene

BUILDERS: dict[str, Callable[[Place], None]] = {
    "plaza": build_plaza,
    "park": build_park,
    "court": build_court,
    "room": build_room,
    "studio": build_studio,
    "street": build_street,
    "stage": build_stage,
    "beach": build_beach,
    "rooftop": build_rooftop,
    "corridor": build_corridor,
    "office": build_office,
    "gym": build_gym,
}


def build(scene: Scene, blender: bpy.types.Scene) -> None:
    """Build a scene's environment in `blender`, as the scene's camera may see it.

    Raises:
        InputError: an unknown kind, a missing parameter, or another number of colours than it takes.
    """
    environment = scene.environment
    if environment.kind not in BUILDERS:
        raise InputError(f"environment.kind: expected one of {', '.join(BUILDERS)}, got {environment.kind!r}")
    place = Place(environment, scene.laid_out_for or scene.camera, blender, scene.render.style)
    BUILDERS[environment.kind](place)
    if scene.laid_out_for is None:
        place.clear_view()
    else:
        place.clear_views(scene.camera)
