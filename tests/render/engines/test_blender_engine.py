"""The Blender engine's frames: exact index, planar depth, equal bytes, Blender's own colours."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from motionpair.catalog import ENVIRONMENTS
from motionpair.errors import InputError, MachineError
from motionpair.specs import Camera, Environment, RenderSettings
from render.cameras import solve
from render.scene import CameraTrack, Scene

pytestmark = pytest.mark.blender

WIDTH, HEIGHT = 64, 96


def an_environment(kind, hdri="city", seed=3):
    rng = np.random.default_rng(seed)
    described = ENVIRONMENTS[kind]
    params = {name: float(rng.uniform(r.low, r.high)) for name, r in described.params.items()}
    colours = tuple(choices[0] for choices in described.colours.values())
    return Environment(kind, hdri, 0.6, 1.0, colours, params, seed)


def a_scene(kind="studio", frames=1, actors=(), samples=2, denoise="fast", style="realistic", hdri="city"):
    points = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.3, 0.3) for z in (0.0, 1.8)])
    camera = Camera("orbit", "full_body", 0.3, 0.1, 45.0, 0.05, 0.3, 0.0, 1)
    track = solve(camera, [np.repeat(points[None], frames, 0)], points[None], WIDTH, HEIGHT, frames, 16)
    settings = RenderSettings("blender", "draft", style, samples, denoise, 2, 11)
    return Scene(actors, track, an_environment(kind, hdri), settings, 16)


class _Box:
    """Stands in for an actor: an axis-aligned box, which has an exact silhouette and depth."""

    low, high = np.array([-0.4, -0.25, 0.3]), np.array([0.35, 0.25, 1.5])
    props = ()


@pytest.fixture
def boxes(monkeypatch):
    """Let the engine build boxes where it would build characters."""
    import bpy

    from render.engines.blender import characters

    def build(actor, pass_index, *_args):
        bpy.ops.mesh.primitive_cube_add(size=1, location=tuple((actor.low + actor.high) / 2))
        cube = bpy.context.object
        cube.scale = tuple(actor.high - actor.low)
        cube.pass_index = pass_index
        return [cube]

    monkeypatch.setattr(characters, "build", build)
    return (_Box(),)


@pytest.fixture(scope="module")
def engine():
    from render.engines.blender.engine import BlenderEngine

    return BlenderEngine(threads=1, device="cpu")


def ray_box(camera: CameraTrack, box):
    """Depth (H, W) of the box along the viewing axis through pixel centres, inf beside it, for frame 0."""
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    focal = camera.focal[0]
    local = np.stack([(u - WIDTH / 2) / focal, -(v - HEIGHT / 2) / focal, -np.ones_like(u)], -1)
    rays = local @ camera.rotation[0].T
    with np.errstate(divide="ignore", invalid="ignore"):
        near = np.minimum((box.low - camera.position[0]) / rays, (box.high - camera.position[0]) / rays).max(
            -1
        )
        far = np.maximum((box.low - camera.position[0]) / rays, (box.high - camera.position[0]) / rays).min(
            -1
        )
    return np.where((near < far) & (near > 0), near, np.inf)


def test_index_and_depth_are_those_of_the_geometry(engine, boxes):
    scene = a_scene(actors=boxes)
    frames = engine.render(scene)
    exact = ray_box(scene.camera, boxes[0])
    inside = np.isfinite(exact)
    # Only pixels that the silhouette crosses may differ from their centre's ray.
    padded = np.pad(inside, 1, mode="edge")
    shifted = [padded[i : i + HEIGHT, j : j + WIDTH] for i in range(3) for j in range(3)]
    certain = np.all(shifted, 0) | ~np.any(shifted, 0)
    assert set(np.unique(frames.index)) == {0, 1}
    assert inside.sum() > 300
    np.testing.assert_array_equal(frames.index[0][certain], inside[certain])
    core = certain & inside
    np.testing.assert_allclose(frames.depth[0][core], exact[core], rtol=0.02)


def test_depth_is_along_the_viewing_axis(engine):
    scene = a_scene("studio")
    depth = engine.render(scene).depth[0]
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    focal, rotation, position = (getattr(scene.camera, n)[0] for n in ("focal", "rotation", "position"))
    rays = np.stack([(u - WIDTH / 2) / focal, -(v - HEIGHT / 2) / focal, -np.ones_like(u)], -1) @ rotation.T
    with np.errstate(divide="ignore"):
        floor = -position[2] / rays[..., 2]
    hit = position + rays * floor[..., None]
    stage = (floor > 0) & (np.linalg.norm(hit[..., :2], axis=-1) < scene.environment.params["clear"] * 0.9)
    length = np.linalg.norm(rays, axis=-1)[stage]
    assert length.max() > 1.1, "the picture's corners would tell ray length from depth"
    # A sample lies anywhere in its pixel; near the horizon a pixel spans centimetres of floor.
    ratio = depth[stage] / floor[stage]
    assert abs(np.median(ratio) - 1) < 0.003
    assert np.abs(ratio - 1).max() < 0.03


def test_an_aperture_blurs_the_picture_alone(engine, boxes):
    sharp = a_scene("plaza", actors=boxes)
    distance = np.linalg.norm(sharp.camera.position[0])
    camera = dataclasses.replace(sharp.camera, f_stop=0.3, focus=np.array([distance]))
    frames, blurred = (engine.render(scene) for scene in (sharp, dataclasses.replace(sharp, camera=camera)))
    np.testing.assert_array_equal(frames.index, blurred.index)
    np.testing.assert_array_equal(frames.depth, blurred.depth)
    box, far = frames.index[0] == 1, frames.depth[0] > 2 * distance
    assert (frames.rgb[0][box] == blurred.rgb[0][box]).mean() > 0.9
    assert (frames.rgb[0][far] != blurred.rgb[0][far]).mean() > 0.5


def test_an_aperture_without_a_focus_is_refused(engine, boxes):
    scene = a_scene(actors=boxes)
    camera = dataclasses.replace(scene.camera, f_stop=2.0)
    with pytest.raises(InputError, match=r"camera\.focus"):
        engine.render(dataclasses.replace(scene, camera=camera))


def test_a_second_actor_has_the_second_index(engine, boxes):
    other = _Box()
    other.low, other.high = np.array([0.45, -0.1, 0.0]), np.array([0.6, 0.1, 0.5])
    frames = engine.render(a_scene(actors=(*boxes, other)))
    assert set(np.unique(frames.index)) == {0, 1, 2}


def test_frames_have_the_promised_shapes_and_units(engine):
    frames = engine.render(a_scene("plaza", frames=5))
    assert frames.rgb.shape == (5, HEIGHT, WIDTH, 3)
    assert frames.rgb.dtype == np.uint8
    assert frames.index.dtype == np.uint8
    assert not frames.index.any()
    assert frames.depth.dtype == np.float32
    assert frames.depth.min() > 0
    assert (frames.rgb[0] != frames.rgb[4]).any(), "an orbiting camera sees another picture"


def test_sky_is_infinitely_far(engine):
    scene = a_scene("court")
    up = dataclasses.replace(scene.camera, rotation=np.diag([1.0, -1.0, -1.0])[None])
    frames = engine.render(dataclasses.replace(scene, camera=up))
    assert np.isinf(frames.depth).mean() > 0.3


@pytest.mark.parametrize("kind", sorted(ENVIRONMENTS))
def test_bytes_are_equal_whatever_the_threads_and_what_was_rendered_before(engine, kind):
    from render.engines.blender.engine import BlenderEngine

    scene = a_scene(kind)
    first = engine.render(scene)
    second = BlenderEngine(threads=2, device="cpu").render(scene)
    for name in ("rgb", "index", "depth"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)


def test_the_environment_does_not_depend_on_who_was_there(engine, boxes):
    # Both clips of a replacement pair, rendered with their characters hidden.
    scene = a_scene("park")
    alone = engine.render(scene)
    engine.render(dataclasses.replace(scene, actors=boxes))
    again = engine.render(scene)
    np.testing.assert_array_equal(alone.rgb, again.rgb)
    np.testing.assert_array_equal(alone.depth, again.depth)


@pytest.mark.parametrize("style", ["realistic", "toon"])
def test_colours_are_those_that_blender_would_write(engine, style, tmp_path: Path):
    import bpy
    from PIL import Image

    from render.engines.blender.display import VIEWS

    scene = a_scene("plaza", style=style, denoise="none")
    ours = engine.render(scene).rgb[0]
    blender = bpy.context.scene
    view, look = VIEWS[style]
    blender.display_settings.display_device = "sRGB"
    blender.view_settings.view_transform = view
    blender.view_settings.look = look or "None"
    blender.render.image_settings.file_format = "PNG"
    blender.render.image_settings.color_depth = "8"
    blender.render.dither_intensity = 0.0
    blender.render.filepath = str(tmp_path / "blender.png")
    bpy.ops.render.render(write_still=True)
    theirs = np.asarray(Image.open(tmp_path / "blender.png").convert("RGB"))
    assert np.abs(ours.astype(int) - theirs).max() <= 2


def test_blenders_console_stays_silent(engine, capfd):
    engine.render(a_scene())
    assert capfd.readouterr() == ("", "")


def test_a_frame_that_blender_did_not_write_is_an_error(tmp_path):
    from render.engines.blender.passes import read_passes

    with pytest.raises(MachineError, match=r"0001\.exr"):
        read_passes(tmp_path / "0001.exr")


def test_an_environment_that_is_not_in_the_catalogue_is_refused(engine):
    scene = a_scene()
    for change, message in (
        ({"kind": "moon"}, "environment.kind"),
        ({"hdri": "noon"}, "environment.hdri"),
        ({"colours": ("#ffffff",)}, "environment.colours"),
        ({"params": {}}, "environment.params"),
    ):
        wrong = dataclasses.replace(scene.environment, **change)
        with pytest.raises(InputError, match=message):
            engine.render(dataclasses.replace(scene, environment=wrong))


def test_an_unknown_device_is_refused():
    from render.engines.blender.device import Device

    with pytest.raises(InputError, match="auto, cpu, optix"):
        Device("voodoo")


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        ("sse4_2 ssse3 popcnt", "x86-64-v2"),
        ("sse4_2 ssse3 popcnt avx2 bmi1 bmi2 fma f16c movbe", "x86-64-v3"),
        ("avx2 bmi1 bmi2 fma f16c movbe avx512f avx512bw avx512cd avx512dq avx512vl", "x86-64-v4"),
        ("", "x86-64-v1"),
    ],
)
def test_the_cpu_level_follows_the_flags(flags, level):
    from render.engines.blender.device import cpu_level

    assert cpu_level("x86_64", f"model name\t: any\nflags\t\t: {flags}\n") == level
    assert cpu_level("aarch64", "") == "aarch64"


def test_every_light_is_known_as_measured():
    import bpy

    from motionpair.catalog import HDRIS
    from render.engines.blender import lights
    from render.engines.blender.display import bundled_module

    assert bpy.app.version >= (4, 5)
    assert set(lights._LIGHTS) == set(HDRIS)
    oiio = bundled_module("OpenImageIO")
    for name, light in lights._LIGHTS.items():
        pixels = np.maximum(oiio.ImageBuf(str(lights.hdri_path(name))).get_pixels("float")[..., :3], 0)
        height, width = pixels.shape[:2]
        elevation = np.pi / 2 - (np.arange(height) + 0.5) / height * np.pi
        solid = np.cos(elevation) * (np.pi / height) * (2 * np.pi / width)
        up = np.maximum(np.sin(elevation), 0) * solid / np.pi
        sky = np.einsum("hwc,h->c", np.minimum(pixels, light.cut), up) @ (0.2126, 0.7152, 0.0722)
        assert sky == pytest.approx(light.irradiance, rel=0.02), name
