"""The house's rules that a reader of one file cannot see: floors, light imports, file names and lengths."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("motionpair", "render", "model", "pipelines", "assets_manifest")

FORBIDDEN = {
    "motionpair": {"bpy", "mathutils", "ray", "torch", "anny", "render", "model", "pipelines"},
    "render": {"ray", "model", "pipelines"},
    "model": {"bpy", "mathutils", "ray", "render", "pipelines"},
    "pipelines": {"bpy", "mathutils"},
    "assets_manifest": set(ROOMS),
}
LATER = {"motionpair": {"torch"}, "model": {"transformers", "tensorboard", "peft"}}
"""What a room may import inside functions, where something needs it."""
BLENDER_ROOMS = ("render/engines/blender", "render/importers")


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def imported_at_once(path: Path) -> set[str]:
    """Top-level names that a file imports when it is itself imported, so not those inside functions."""
    names: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(path.read_text())]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
        typing_alone = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if not typing_alone and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            nodes += ast.iter_child_nodes(node)
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_floors_below(room):
    for path in sources(room):
        later = LATER.get(room, set())
        climbs = imported(path) & (FORBIDDEN[room] - later) | imported_at_once(path) & later
        assert not climbs, f"{path.relative_to(ROOT)} imports {sorted(climbs)}"


def test_only_the_blender_engine_imports_bpy():
    for path in sources("render"):
        relative = str(path.relative_to(ROOT))
        if not relative.startswith(BLENDER_ROOMS):
            assert not imported(path) & {"bpy", "mathutils"}, relative


def test_importing_motionpair_brings_in_nothing_heavy():
    code = (
        "import sys, time; import motionpair; cpu = time.process_time();"
        "heavy = {'torch', 'bpy', 'ray', 'pyarrow', 'av', 'numpy'} & set(sys.modules);"
        "print(sorted(heavy), cpu < 0.3)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"


def test_the_model_needs_nothing_of_renderers_and_runners():
    """Training runs on machines without them, and without a video decoder: on encoded latents."""
    code = (
        "import sys;"
        "blocked = ['bpy', 'ray', 'anny', 'trimesh', 'pyrender', 'cv2', 'duckdb', 'smplx', 'scipy', 'av'];"
        "sys.modules.update(dict.fromkeys(blocked));"
        "import torch; torch.set_num_threads(1);"
        "from model import flow; from model.scail2 import CONFIGS, build, checkpoints;"
        "build(CONFIGS['tiny'], device='meta')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_file_is_called_after_nothing():
    vague = {"util", "utils", "helper", "helpers", "common", "misc"}
    for room in (*ROOMS, "tests", "benchmarks"):
        for path in sources(room):
            assert path.stem not in vague, path


def test_modules_stay_readable():
    for room in ROOMS:
        for path in sources(room):
            lines = len(path.read_text().splitlines())
            assert lines <= 420, f"{path.relative_to(ROOT)}: {lines} lines, split it by subject"
