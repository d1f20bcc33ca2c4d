"""Places: they build at all corners of the catalogue, leave the stage free, and are exposed at every hour."""

import dataclasses

import numpy as np
import pytest

from motionpair.catalog import ENVIRONMENTS, INDOOR
from motionpair.specs import Camera, Environment, RenderSettings
from render.cameras import solve
from render.scene import Scene

pytestmark = pytest.mark.blender

KINDS = sorted(ENVIRONMENTS)
HOURS = {"day": ("city", "interior"), "dusk": ("sunset",), "night": ("night",)}
LIGHT_IN_THE_AIR = ("beam", "halo", "pool")


@pytest.fixture(scope="module")
def engine():
    from render.engines.blender.engine import BlenderEngine

    return BlenderEngine(threads=1, device="cpu")


def a_place(kind, hdri, seed=0, corner=None):
    """An environment; `corner`: 0 or 1 for the least or greatest of every parameter, None for any."""
    rng = np.random.default_rng(seed)
    described = ENVIRONMENTS[kind]
    share = {name: rng.random() if corner is None else float(corner) for name in described.params}
    params = {n: r.low + share[n] * (r.high - r.low) for n, r in described.params.items()}
    colours = tuple(str(rng.choice(c)) for c in described.colours.values())
    return Environment(kind, hdri, float(rng.uniform(-1, 1)), 1.0, colours, params, seed)


def a_scene(environment, azimuth=0.3, elevation=0.1, width=64, height=36, style="realistic"):
    points = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.3, 0.3) for z in (0.0, 1.8)])[None]
    camera = Camera("static", "full_body", azimuth, elevation, 35.0, 0.05, 0.0, 0.0, 1)
    track = solve(camera, [points], points, width, height, 1, 16)
    return Scene((), track, environment, RenderSettings("blender", "draft", style, 1, "fast", 1, 11), 16)


def solids():
    """Every mesh that the camera may see, with its vertices (N, 3) in the world."""
    import bpy

    bpy.context.view_layer.update()
    for thing in bpy.context.scene.objects:
        if thing.type == "MESH" and not thing.hide_render and not thing.name.startswith(LIGHT_IN_THE_AIR):
            points = np.empty(3 * len(thing.data.vertices), np.float32)
            thing.data.vertices.foreach_get("co", points)
            matrix = np.array(thing.matrix_world)
            yield thing.name, points.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


@pytest.mark.parametrize("corner", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_a_place_at_the_corner_of_its_ranges_leaves_the_stage_free(engine, kind, corner):
    environment = a_place(kind, ENVIRONMENTS[kind].hdris[-1], seed=5 + corner, corner=corner)
    engine.build(a_scene(environment, azimuth=(-0.9, 0.9)[corner]))
    found = dict(solids())
    assert len(found) > 8
    assert np.abs(found["ground"][:, 2]).max() < 1e-6
    clear = environment.params["clear"]
    for name, points in found.items():
        if name in ("ground", "grass"):
            continue
        body = points[(points[:, 2] > -1.0) & (points[:, 2] < 2.0)]
        if len(body):
            assert np.linalg.norm(body[:, :2], axis=1).min() > clear - 0.35, name


def test_a_corridor_is_free_along_its_length(engine):
    environment = a_place("corridor", "interior", seed=2, corner=1)
    engine.build(a_scene(environment))
    bearing = np.arctan2(np.cos(0.3), -np.sin(0.3)) + environment.params["turned"]
    for name, points in solids():
        if name != "ground":
            low = points[(points[:, 2] < 2.0)]
            along = low[:, 0] * np.cos(bearing) + low[:, 1] * np.sin(bearing)
            across = low[:, 1] * np.cos(bearing) - low[:, 0] * np.sin(bearing)
            beside = np.abs(across[np.abs(along) < 8.0])
            assert not len(beside) or beside.min() > environment.params["clear"] - 0.1, name


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_stage_is_well_exposed_at_every_hour(engine, kind):
    luma = {}
    for hour, names in HOURS.items():
        hdri = next((n for n in names if n in ENVIRONMENTS[kind].hdris), None)
        if hdri is None:
            continue
        rgb = engine.render(a_scene(a_place(kind, hdri, seed=9))).rgb
        luma[hour] = float((rgb @ np.array([0.2126, 0.7152, 0.0722])).mean() / 255)
        assert 0.08 < luma[hour] < 0.92, hdri
        assert (rgb < 5).all(-1).mean() < 0.25, f"{hdri}: black"
        assert (rgb > 250).all(-1).mean() < 0.15, f"{hdri}: blown out"
        assert rgb.std() > 8, f"{hdri}: flat"
    assert "day" in luma
    if kind not in INDOOR:
        assert luma["night"] < 0.75 * luma["day"], "night is darker than day"


def test_dusk_is_warmer_than_day(engine):
    for kind in ("plaza", "beach"):
        warmth = {}
        for hdri in ("city", "sunset"):
            red, _, blue = engine.render(a_scene(a_place(kind, hdri, seed=9))).rgb.mean(axis=(0, 1, 2))
            warmth[hdri] = red / blue
        assert warmth["sunset"] > warmth["city"] + 0.1, kind


def test_a_stage_is_lit_in_its_two_colours(engine):
    """The left half of the picture leans to the left light, the right half to the right one."""
    environment = a_place("stage", "studio", seed=4)
    colours = dict(zip(ENVIRONMENTS["stage"].colours, environment.colours, strict=True))
    painted = colours | {"left light": "#ff2f2f", "right light": "#2f7bff", "floor": "#5b3c28"}
    scene = a_scene(dataclasses.replace(environment, colours=tuple(painted.values())))
    rgb = engine.render(scene).rgb[0].astype(float)
    left, right = rgb[:, :24].mean(axis=(0, 1)), rgb[:, 40:].mean(axis=(0, 1))
    assert left[0] / left[2] > 1.3 * right[0] / right[2]


def test_lamps_follow_the_strength_and_the_style(engine):
    import bpy

    environment = a_place("stage", "studio", seed=4)
    energies = {}
    for strength, style in ((1.0, "realistic"), (2.0, "realistic"), (1.0, "toon")):
        stronger = dataclasses.replace(environment, hdri_strength=strength)
        engine.build(a_scene(stronger, style=style))
        energies[strength, style] = {o.name: o.data.energy for o in bpy.data.objects if o.type == "LIGHT"}
    usual = energies[1.0, "realistic"]
    assert len(usual) == 3
    for name, energy in usual.items():
        assert energies[2.0, "realistic"][name] == pytest.approx(2 * energy)
        assert energies[1.0, "toon"][name] < energy


def test_light_in_the_air_hides_nothing(engine):
    """Beams and halos leave depth as it is without them."""
    import bpy

    scene = a_scene(a_place("stage", "studio", seed=4))
    seen = engine.render(scene).depth
    names = [o.name for o in bpy.data.objects if o.name.startswith(LIGHT_IN_THE_AIR)]
    assert len(names) > 10
    build = engine.build

    def without(scene):
        blender = build(scene)
        for name in names:
            bpy.data.objects[name].hide_render = True
        return blender

    engine.build = without
    try:
        hidden = engine.render(scene).depth
    finally:
        del engine.build
    # A sample lies anywhere in its pixel, and adding surfaces draws other numbers: compare at large.
    close = np.isclose(seen, hidden, rtol=0.05)
    assert close.mean() > 0.97


def test_every_colour_that_captions_tell_belongs_to_its_place():
    for kind in ENVIRONMENTS.values():
        assert set(kind.shown) <= set(kind.colours)
        assert all("{}" in words for words in kind.shown.values())
        assert len(kind.params) >= 4
        assert len(kind.colours) >= 3
