"""The draft engine: index and depth mean what Blender's mean, drafts repeat, and refusals are one line."""

import os
import subprocess
import sys

import numpy as np
import pytest

from motionpair.catalog import ENVIRONMENTS
from motionpair.errors import InputError
from motionpair.specs import Environment, RenderSettings
from render.engines import PROP_INDEX, open_engine
from render.engines.pyrender_draft import libraries
from render.engines.pyrender_draft.colours import encoded, linear
from render.scene import Actor, CameraTrack, Prop, Scene

WIDTH, HEIGHT = 96, 64
LOW, HIGH = np.array([-0.4, -0.25, 0.3]), np.array([0.35, 0.25, 1.5])


@pytest.fixture(scope="module")
def engine():
    return open_engine("pyrender")


class _Box:
    """Stands in for a figure: an axis-aligned box, which has an exact silhouette and depth."""

    def __init__(self, actor, light, camera):
        from render.engines.pyrender_draft.meshes import box

        self.solid = box(LOW, HIGH)

    def meshes(self, t):
        from render.engines.pyrender_canvas.meshes import Mesh

        white = np.full((len(self.solid.points), 3), 255, np.uint8)
        yield Mesh(self.solid.points.astype(np.float32), self.solid.triangles, white)

    def shadow(self, t, ground):
        return next(self.meshes(t))


@pytest.fixture
def boxes(monkeypatch):
    from render.engines.pyrender_draft import engine

    class Shadowless(_Box):
        def shadow(self, t, ground):
            from render.engines.pyrender_canvas.meshes import Mesh

            return Mesh(np.zeros((3, 3), np.float32), np.array([(0, 1, 2)]), np.zeros((3, 3), np.uint8))

    monkeypatch.setattr(engine, "Figure", Shadowless)


def a_camera(frames=2):
    """A camera that stands on −Y at eye level and, from frame to frame, steps aside; it looks along +Y."""
    position = np.array([(0.3 * t, -4.0, 1.0) for t in range(frames)])
    rotation = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    return CameraTrack(position, np.repeat(rotation[None], frames, 0), np.full(frames, 70.0), WIDTH, HEIGHT)


def an_environment(kind="plaza", hdri="city"):
    known = ENVIRONMENTS[kind]
    params = {name: (span.low + span.high) / 2 for name, span in known.params.items()}
    return Environment(kind, hdri, 0.6, 1.0, tuple(c[0] for c in known.colours.values()), params, 3)


def a_scene(actors=(), kind="plaza", frames=2):
    settings = RenderSettings("pyrender", "draft", "realistic", 1, "none", 1, 0)
    return Scene(actors, a_camera(frames), an_environment(kind), settings, 16)


def an_actor(props=()):
    return Actor(None, None, 1, props)


def test_the_index_covers_what_the_camera_projects(engine, boxes):
    scene = a_scene((an_actor(),))
    frames = engine.render(scene)
    front = np.array([(x, LOW[1], z) for x in (LOW[0], HIGH[0]) for z in (LOW[2], HIGH[2])])
    corners, _ = scene.camera.project(np.repeat(front[None], 2, 0))
    for t in range(2):
        rows, columns = np.nonzero(frames.index[t] == 1)
        seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        expected = [*corners[t].min(axis=0), *corners[t].max(axis=0)]
        # The side that the camera steps towards adds pixels on the far side; a pixel's middle decides.
        assert np.abs(np.array(seen) - expected)[[0, 1, 3]].max() <= 1.0
    assert set(np.unique(frames.index)) == {0, 1}


def test_depth_is_metres_along_the_viewing_axis(engine, boxes):
    frames = engine.render(a_scene((an_actor(),)))
    body = frames.index[0] == 1
    assert frames.depth[0][body] == pytest.approx(4.0 + LOW[1], abs=2e-3)
    # The ground: a camera 1 m up sees it, y pixels below the middle, at 70 / y metres.
    assert frames.depth[0][-1, 0] == pytest.approx(70.0 / (HEIGHT / 2 - 0.5), rel=1e-3)
    assert frames.depth.dtype == np.float32


def test_the_sky_is_infinitely_far(engine):
    frames = engine.render(a_scene(kind="park"))
    assert np.isinf(frames.depth[0][0]).all()
    assert not np.isinf(frames.depth[0][-1]).any()
    assert not frames.index.any()


def test_things_in_hands_have_an_index_of_their_own_and_hide_who_stands_behind(engine, boxes):
    at = np.repeat([[0.0, -1.0, 0.8]], 2, 0)
    still = np.repeat([[1.0, 0.0, 0.0, 0.0]], 2, 0)
    box = Prop("box", (0.3, 0.3, 0.3), "#cc2222", still, at)
    frames = engine.render(a_scene((an_actor((box,)),)))
    assert set(np.unique(frames.index)) == {0, 1, PROP_INDEX}
    middle = frames.index[0][HEIGHT // 2, WIDTH // 2 - 1]
    assert middle == PROP_INDEX
    red = frames.rgb[0][frames.index[0] == PROP_INDEX].mean(axis=0)
    assert red[0] > 2 * red[1]


@pytest.mark.parametrize("kind", list(ENVIRONMENTS))
def test_every_place_has_a_stand_in_with_a_floor_under_a_free_stage(engine, kind):
    frames = engine.render(a_scene(kind=kind, frames=1))
    floor = frames.depth[0][-4:]
    assert np.isfinite(floor).all()
    rows = np.arange(HEIGHT - 4, HEIGHT) + 0.5 - HEIGHT / 2
    assert floor == pytest.approx(np.repeat((70.0 / rows)[:, None], WIDTH, 1), rel=2e-3)
    assert frames.rgb.std() > 5


def test_the_same_scene_gives_the_same_bytes(engine, boxes):
    first, second = (engine.render(a_scene((an_actor(),))) for _ in range(2))
    assert first.rgb.tobytes() == second.rgb.tobytes()
    assert first.depth.tobytes() == second.depth.tobytes()


def test_a_character_is_drawn_in_its_colours(engine, character_store):
    from character_cast import MAN

    from render.scene import Pose

    baked = character_store.load(MAN)
    joints = len(baked.rig.names)
    upright = np.zeros((1, joints, 4))
    upright[..., 0] = 1.0
    pose = Pose(upright, baked.rig.heads[None], np.zeros((1, 52)), np.ones((1, 4), bool))
    frames = engine.render(a_scene((Actor(baked, pose, 1),), frames=1))
    body = frames.rgb[0][frames.index[0] == 1].astype(float)
    assert len(body) > 200
    blue = (body[:, 2] > body[:, 0] + 10).mean()
    assert blue > 0.3, "the shirt and trousers are blue"
    assert (body[:, 0] > body[:, 2] + 10).mean() > 0.1, "the skin is not"


def test_colours_come_back_from_linear_light():
    colours = ["#000000", "#204060", "#808080", "#c0a080"]
    shown = encoded(np.stack([linear(c) for c in colours]))
    expected = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours])
    assert np.abs(shown.astype(int) - expected).max() <= 1


def test_missing_libraries_are_named_with_what_installs_them(monkeypatch):
    def nothing(name):
        raise OSError(name)

    assert libraries.missing_packages(nothing) == ["libegl1", "libgl1", "libglx-mesa0", "libgl1-mesa-dri"]
    monkeypatch.setattr(libraries, "missing_packages", lambda: ["libegl1"])
    with pytest.raises(InputError, match=r"apt-get install -y --no-install-recommends libegl1"):
        libraries.load_pyrender(1)


def test_a_missing_driver_is_named_with_what_installs_it(tmp_path):
    code = (
        "from motionpair.errors import InputError\n"
        "from render.engines import open_engine\n"
        "try: open_engine('pyrender')\n"
        "except InputError as error: print(error)"
    )
    # Where EGL looks for drivers, there are none.
    environment = os.environ | {"__EGL_VENDOR_LIBRARY_DIRS": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert "run: apt-get install -y --no-install-recommends libgl1-mesa-dri" in done.stdout, done.stderr


def test_the_check_for_libraries_prints_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(libraries, "missing_packages", lambda: ["libegl1", "libgl1-mesa-dri"])
    monkeypatch.setattr(sys, "platform", "linux")
    assert libraries.report(libraries.missing_packages) == 2
    assert capsys.readouterr().out == "libegl1 libgl1-mesa-dri\n"


def test_another_opengl_platform_is_refused(monkeypatch):
    monkeypatch.setenv("PYOPENGL_PLATFORM", "osmesa")
    with pytest.raises(InputError, match="expected egl"):
        libraries.load_pyrender(1)
