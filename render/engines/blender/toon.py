"""The 2D look: flat bands of light, tinted shadows, drawn eyes and inverted-hull outlines.

Everything is emission, so a toon keeps its colours under any lamp; the scene's view transform has to be
Standard. Light is a direction, N·L is cut into bands. On the head N is a rounded normal, rigid with the
head, because the real one draws a skull where an animator would draw a cheek.
"""

from __future__ import annotations

import bpy
import numpy as np

from motionpair.specs import Character, Garment
from render.characters.baked import MeshPart, Rig
from render.engines.blender.armature import animate, continuous, rotate
from render.engines.blender.fabrics import View
from render.engines.blender.face import Face
from render.engines.blender.materials_cloth import drawn_shoe, pattern
from render.engines.blender.materials_eye import polar
from render.engines.blender.materials_skin import brow_colour, brows
from render.engines.blender.shader import Field, Rgb, Shader, Value, blend, linear_rgb, tinted
from render.scene import CameraTrack, Pose

LIGHT = (-0.46, -0.62, 0.64)
"""Default direction towards the light, world: ahead of a character at heading 0, from its right and above."""
INK_WIDTH = 0.0042
"""Width of outlines where no camera is known, metres."""
_INK_PIXELS = 1.6
"""Width of the 2D look's outlines at `_INK_HEIGHT` pixels of height; it grows with the picture."""
_INK_HEIGHT = 448
_THINNEST_INK_PIXELS = 1.3
_INK_METRES = (0.0015, 0.010)
"""Bounds: finer hulls sink into the surface, thicker ones show gaps."""

_IRIS = 0.56
_SKIN_SHADE: Rgb = (0.80, 0.56, 0.56)
CLOTH_SHADE: Rgb = (0.52, 0.50, 0.68)
_HAIR_SHADE: Rgb = (0.45, 0.42, 0.60)
_HEAD_JOINTS = ("head", "jaw", "left_eye_smplhf", "right_eye_smplhf")
_DRAWN_RIBS = {"corduroy": 0.019, "knit": 0.032}
"""Metres between the ribs that one draws on a fabric."""
_LIGHT_PROPERTY = "head_light"
_INK_GROUP = "ink"


def rounded_normals(part: MeshPart, rig: Rig) -> dict[str, np.ndarray]:
    """Attributes for banding: `soft` (V, 3), rounded bind-pose normals; `on_head` and `on_neck` (V,)."""
    on_head = _share(part, rig, _HEAD_JOINTS)
    points = part.vertices[on_head > 0.9] if (on_head > 0.9).any() else part.vertices
    low, high = points.min(axis=0), points.max(axis=0)
    centre = (low + high) / 2
    soft = (part.vertices - centre) / np.maximum((high - low) / 2, 1e-3)
    soft /= np.maximum(np.linalg.norm(soft, axis=1, keepdims=True), 1e-6)
    return {"soft": soft.astype(np.float32), "on_head": on_head, "on_neck": _share(part, rig, ("neck",))}


def _share(part: MeshPart, rig: Rig, joints: tuple[str, ...]) -> np.ndarray:
    """(V,) how much of each vertex hangs on some joints."""
    chosen = np.isin(part.bones, [rig.names.index(j) for j in joints])
    return (part.weights * chosen).sum(axis=1).astype(np.float32)


def light_head(target: bpy.types.Object, rig: Rig, pose: Pose, light: tuple[float, float, float]) -> None:
    """Key the light's direction in the head's bind frame as a property that the shader reads."""
    rotation = continuous(pose.rotations[:, rig.names.index("head")])
    inverse = rotation * np.array([1.0, -1.0, -1.0, -1.0])
    local = rotate(inverse, _unit(light))
    target[_LIGHT_PROPERTY] = [0.0, 0.0, 0.0]
    animate(target, {(f'["{_LIGHT_PROPERTY}"]', c): local[:, c] for c in range(3)})


def ink_width(places: np.ndarray, camera: CameraTrack) -> float:
    """Metres: how wide outlines at `places` (T, 3) are, by the median distance, to keep their pixels."""
    distance = np.linalg.norm(places - camera.position, axis=1)
    pixels = max(_INK_PIXELS * camera.height / _INK_HEIGHT, _THINNEST_INK_PIXELS)
    return float(np.clip(pixels * np.median(distance / camera.focal), *_INK_METRES))


def add_outline(target: bpy.types.Object, colour: Rgb, width: float) -> None:
    """Ink around an object: its hull, pushed out, turned inside out, seen only from within."""
    target.data.materials.append(ink(colour))
    hull = target.modifiers.new("ink", "SOLIDIFY")
    hull.thickness = width
    hull.offset = 1.0
    hull.use_flip_normals = True
    hull.use_rim = False
    hull.use_quality_normals = True
    hull.material_offset = len(target.data.materials) - 1
    if _INK_GROUP in target.vertex_groups:
        hull.vertex_group = _INK_GROUP


def thin_ink(target: bpy.types.Object, part: MeshPart) -> None:
    """Thin the skin's ink where lines would crowd: none on eyelids and in the mouth, fine on the face."""
    features = part.attributes
    keep = np.ones(len(part.vertices))
    if "blush" in features:
        keep -= 0.35 * np.clip(features["blush"] * 3.0, 0.0, 1.0)
    for name, share in (("lip", 0.5), ("ear", 0.4), ("eyelid", 1.0), ("mouth", 1.0)):
        if name in features:
            keep = np.minimum(keep, 1.0 - share * features[name])
    levels = np.round(np.clip(keep, 0.0, 1.0) * 8).astype(int)
    group = target.vertex_groups.new(name=_INK_GROUP)
    for level in np.unique(levels).tolist():
        group.add(np.flatnonzero(levels == level).tolist(), level / 8, "REPLACE")


def ink(colour: Rgb) -> bpy.types.Material:
    """Flat colour on front faces, nothing on back faces."""
    shader = Shader("ink")
    geometry = shader.node("ShaderNodeNewGeometry")
    clear = shader.field("ShaderNodeBsdfTransparent")
    return shader.done(
        shader.mix_shaders(Field(shader, geometry.outputs["Backfacing"]), shader.emission(colour), clear)
    )


def ink_colour(colour: Rgb) -> Rgb:
    """Ink for an area: its colour, nearly black."""
    return blend(tinted(colour, (0.10, 0.08, 0.09)), (0.008, 0.006, 0.010), 0.5)


def skin(
    character: Character,
    attributes: frozenset[str],
    light: tuple[float, float, float],
    face: Face | None = None,
) -> bpy.types.Material:
    """Skin in two tones, with blush and lips, and with brows where `face` is given."""
    shader = Shader("toon skin")
    tone = linear_rgb(character.skin)
    colour: Value = tone
    if "blush" in attributes:
        colour = shader.mix(
            shader.attribute("blush").rise(0.3, 0.9) * 0.35, colour, tinted(tone, (1.0, 0.62, 0.60))
        )
    if "lip" in attributes:
        strength = 0.75 if character.phenotype["gender"] < 0.5 else 0.35
        colour = shader.mix(
            shader.attribute("lip").rise(0.45, 0.55) * strength, colour, tinted(tone, (0.82, 0.36, 0.38))
        )
    if "mouth" in attributes:
        colour = shader.mix(shader.attribute("mouth").rise(0.45, 0.55), colour, (0.10, 0.015, 0.02))
    if "scalp" in attributes and character.hair.style != "bald":
        colour = shader.mix(
            shader.attribute("scalp").rise(0.45, 0.55), colour, linear_rgb(character.hair.colour)
        )
    if "whiskers" in attributes and character.hair.beard != "none":
        share = 0.30 if character.hair.beard == "stubble" else 0.85
        whiskers = blend(tinted(linear_rgb(character.hair.colour), (0.8, 0.8, 0.8)), (0.05, 0.045, 0.05), 0.2)
        colour = shader.mix(shader.attribute("whiskers").rise(0.42, 0.52) * share, colour, whiskers)
    if "briefs" in attributes:
        colour = shader.mix(shader.attribute("briefs").rise(0.45, 0.55), colour, (0.045, 0.045, 0.055))
    # The chin's shadow: drawn on the neck whatever the light, as animators do.
    colour = shader.mix(shader.attribute("on_neck").rise(0.48, 0.52), colour, tinted(tone, _SKIN_SHADE))
    shown = banded(shader, colour, _SKIN_SHADE, light, rounded=True)
    if face is not None:
        mask = brows(shader, face, character, hairy=0.0).rise(0.35, 0.45)
        shown = shader.mix(mask, shown, tinted(brow_colour(character), (0.8, 0.8, 0.8)))
    return shader.done(shader.emission(shown))


def cloth(garment: Garment, seed: int, light: tuple[float, float, float], view: View) -> bpy.types.Material:
    """A fabric's pattern in three tones; leather has a glint, corduroy and knits have ribs, denim seams."""
    shader = Shader(f"toon {garment.kind}")
    colour = pattern(shader, garment, seed, view)
    rest = shader.vector_math("MULTIPLY", shader.attribute("rest", "Vector"), (1.0, 1.0, 0.4))
    folds = (shader.noise(rest, 11.0, detail=0.0, distortion=0.6) - 0.5) * 0.9
    if garment.fabric in _DRAWN_RIBS:
        across, _, _ = shader.attribute("cloth_uv", "Vector").xyz()
        period = _DRAWN_RIBS[garment.fabric]
        rib = abs((across / period).fract() - 0.5).rise(0.10, 0.05)
        colour = shader.mix(rib * (0.4 * view.shows(period)), colour, (0.35, 0.33, 0.36), "MULTIPLY")
    if garment.fabric == "denim" and "hem" in view.attributes:
        stitch = abs(shader.attribute("hem") - 0.020).rise(0.0035, 0.0025)
        colour = shader.mix(stitch * 0.7, colour, (0.62, 0.36, 0.12))
    shown = banded(shader, colour, CLOTH_SHADE, light, folds=folds)
    if garment.fabric == "leather":
        glint = (_light(shader, light) + folds * 0.45).rise(0.93, 0.95) * 0.30
        shown = shader.mix(glint, shown, (0.95, 0.96, 1.0))
    return shader.done(shader.emission(shown))


def shoe(garment: Garment, seed: int, light: tuple[float, float, float], view: View) -> bpy.types.Material:
    """Upper, sole and laces in two tones."""
    shader = Shader("toon shoe")
    shown = drawn_shoe(shader, garment, seed, view)
    return shader.done(shader.emission(banded(shader, shown, CLOTH_SHADE, light)))


def flat(name: str, colour: Rgb, light: tuple[float, float, float]) -> bpy.types.Material:
    """One colour in two tones: teeth, tongue."""
    shader = Shader(name)
    return shader.done(shader.emission(banded(shader, colour, CLOTH_SHADE, light)))


def solid(name: str, colour: Rgb) -> bpy.types.Material:
    """One colour, whatever the light: lashes."""
    shader = Shader(name)
    return shader.done(shader.emission(colour))


def hair(character: Character, light: tuple[float, float, float]) -> bpy.types.Material:
    """Hair in two tones with a jagged band of highlight around the crown."""
    shader = Shader("toon hair")
    colour = linear_rgb(character.hair.colour)
    around, up, _ = shader.attribute("strand_uv", "Vector").xyz()
    zigzag = abs((around * 32.0).fract() - 0.5) * 0.022
    lock = shader.noise(shader.vector(around * 45.0, 0.0, 0.0), 1.0, detail=0.0) * 0.03
    place = up - zigzag - lock
    ring = place.rise(0.058, 0.059) * place.rise(0.077, 0.076)
    lit = _light(shader, light, rounded=True).rise(0.05, 0.08)
    bright = blend(tinted(colour, (1.5, 1.5, 1.5)), (1.0, 1.0, 1.0), 0.28)
    # Locks: lines between them, that fade out towards the crown.
    gaps = abs((around * 21.0 + lock * 12.0).fract() - 0.5) * 2.0
    locks = gaps.rise(0.92, 0.94) * up.rise(0.045, -0.005).above(1.0 - gaps.rise(0.90, 1.0))
    base = shader.mix(locks * 0.75, colour, tinted(colour, _HAIR_SHADE))
    shown = banded(shader, base, _HAIR_SHADE, light, rounded=True)
    return shader.done(shader.emission(shader.mix(ring * lit * 0.85, shown, bright)))


def eye(character: Character) -> bpy.types.Material:
    """A drawn eye: dark rim and upper iris, glowing lower iris, two highlights."""
    shader = Shader("toon eye")
    colour = linear_rgb(character.eyes)
    x, z, radius, _ = polar(shader, _IRIS)
    top = z.rise(-0.12, 0.22)
    iris = shader.mix(
        top, blend(tinted(colour, (1.7, 1.7, 1.7)), (1.0, 1.0, 1.0), 0.12), tinted(colour, (0.38, 0.36, 0.42))
    )
    iris = shader.mix(radius.rise(0.42, 0.40), iris, tinted(colour, (0.05, 0.05, 0.07)))
    iris = shader.mix(radius.rise(0.84, 0.87), iris, tinted(colour, (0.10, 0.09, 0.12)))
    white = shader.mix(z.rise(0.13, 0.17), (0.93, 0.93, 0.95), (0.60, 0.60, 0.72))
    shown = shader.mix(radius.rise(1.01, 0.98), white, iris)
    glint = _disc(x, z, -0.17, 0.15, 0.125).most(_disc(x, z, 0.15, -0.20, 0.065))
    shown = shader.mix(glint, shown, (1.0, 1.0, 1.0))
    return shader.done(shader.emission(shown))


def _disc(x: Field, z: Field, cx: float, cz: float, size: float) -> Field:
    dx, dz = x - cx, z - cz
    return ((dx * dx + dz * dz) ** 0.5).rise(size * 1.06, size * 0.94)


def _light(shader: Shader, light: tuple[float, float, float], rounded: bool = False) -> Field:
    """N·L; on the head, with `rounded`, mostly of the rounded normal."""
    geometry = shader.node("ShaderNodeNewGeometry")
    direct = shader.vector_math(
        "DOT_PRODUCT", Field(shader, geometry.outputs["Normal"]), _unit(light).tolist(), scalar=True
    )
    if not rounded:
        return direct
    local = shader.attribute(_LIGHT_PROPERTY, "Vector", kind="OBJECT")
    soft = shader.vector_math("DOT_PRODUCT", shader.attribute("soft", "Vector"), local, scalar=True)
    share = shader.attribute("on_head") * 0.8
    return soft * share + direct * (1.0 - share)


def banded(
    shader: Shader,
    colour: Value,
    shade: Rgb,
    light: tuple[float, float, float],
    rounded: bool = False,
    folds: Field | None = None,
) -> Field:
    """A colour in light and in tinted shade; with `folds` the edge wavers, and a third tone lies beyond."""
    amount = _light(shader, light, rounded)
    if folds is not None:
        amount = amount + folds
    tint = shader.mix(amount.rise(-0.015, 0.015), shade, (1.0, 1.0, 1.0))
    if folds is not None:
        tint = shader.mix(amount.rise(-0.66, -0.63), tinted(shade, (0.72, 0.72, 0.80)), tint)
    return shader.mix(1.0, colour, tint, "MULTIPLY")


def _unit(vector: tuple[float, float, float]) -> np.ndarray:
    return np.asarray(vector, float) / np.linalg.norm(vector)
