"""A worker's CPU seconds against plain bpy rendering the same scenes' frames to PNG.

Two processes in one run: one makes pairs as a worker does (staging, estimation, gates, frames, references,
annotation, encoding, commit), the other builds the same scenes, posed beforehand, and lets Blender write
PNG files at the same settings. Only pairs that pass at k = 0 count. Start-up (imports) is left out of both.
"""

from __future__ import annotations

import argparse
import json
import pickle
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.machine import child_cpu, describe

GATE_LIMIT = 3
"""Per cent of a pair's CPU seconds that the geometry gate may take."""


def prepare(folder: Path, pairs: int, cache: Path) -> None:
    """Plan `demo`, and pose the scenes of the first pairs that pass the geometry gate at k = 0.

    A pair's scenes are those of its clips, and one of the references that are no frame of the target.
    """
    from motionpair.plan import read_plan, write_plan
    from motionpair.planning import make_plan
    from motionpair.recipe import load_recipe
    from render import gates
    from render.characters.store import CharacterStore
    from render.references import stage_references
    from render.stage import stage_pair

    write_plan(make_plan(load_recipe("demo"), 0), folder / "plan.parquet")
    plan = read_plan(folder / "plan.parquet")
    store = CharacterStore(cache)
    store.ensure(plan.characters())
    slots = []
    for slot in range(len(plan)):
        spec = plan.spec(slot)
        staged = stage_pair(spec, store)
        try:
            gates.judge_geometry(spec, *staged, plan.recipe.limits)
        except gates.Discard:
            continue
        slots.append(slot)
        scenes = [side.scene for side in staged]
        if (stills := stage_references(spec, staged[1])) is not None:
            scenes.append(stills)
        (folder / f"scenes-{slot}.pickle").write_bytes(pickle.dumps(scenes))
        if len(slots) == pairs:
            break
    (folder / "slots.json").write_text(json.dumps(slots))


def worker(folder: Path, cache: Path) -> None:
    """Make the pairs as a worker does; prints CPU seconds by slot."""
    from render.pair import PairJob

    job = PairJob(folder / "plan.parquet", folder / "staging", cache)
    job.setup()
    costs = {}
    for slot in json.loads((folder / "slots.json").read_text()):
        before = time.process_time()
        record = job.run(slot)
        if record["k"] == 0:
            costs[slot] = (time.process_time() - before, record["seconds"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"costs": costs, "peak": peak}))


def plain(folder: Path) -> None:
    """Render the same scenes to PNG with Blender alone; prints CPU seconds by slot."""
    from render.engines.blender.libraries import load_blender

    load_blender(threads=1)
    import bpy

    from render.engines.blender.console import captured_console
    from render.engines.blender.engine import BlenderEngine

    engine = BlenderEngine(threads=1)
    costs = {}
    for slot in json.loads((folder / "slots.json").read_text()):
        scenes = pickle.loads((folder / f"scenes-{slot}.pickle").read_bytes())
        before = time.process_time()
        for i, scene in enumerate(scenes):
            with captured_console():
                blender = engine.build(scene)
                toon = scene.render.style == "toon"
                blender.view_settings.view_transform = "Standard" if toon else "AgX"
                layer = blender.view_layers[0]
                layer.use_pass_z = layer.use_pass_object_index = False
                blender.render.image_settings.file_format = "PNG"
                blender.render.filepath = str(folder / f"png-{slot}-{i}" / "")
                bpy.ops.render.render(animation=True)
        costs[slot] = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"costs": costs, "peak": peak}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--cache", type=Path, default=None, help="the baked cast")
    parser.add_argument("--part", choices=["worker", "plain"])
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    from pipelines.generate import rendering

    cache = args.cache or rendering(Path(), None).cache
    if args.part == "worker":
        worker(args.folder, cache)
    elif args.part == "plain":
        plain(args.folder)
    else:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            prepare(folder, args.pairs, cache)
            compare(folder, cache)


def compare(folder: Path, cache: Path) -> None:
    """Run both parts, each in a process of its own, and print the ratio."""
    print(describe())
    base = [sys.executable, "-m", "benchmarks.pair_cost", "--folder", str(folder), "--cache", str(cache)]
    results = {}
    for part in ("worker", "plain"):
        _, _, text = child_cpu([*base, "--part", part])
        results[part] = json.loads(text.strip().splitlines()[-1])
    ours, theirs = results["worker"]["costs"], results["plain"]["costs"]
    for slot, (cpu, stages) in ours.items():
        shares = ", ".join(f"{name} {s:.1f}" for name, s in stages.items())
        print(f"slot {slot}: worker {cpu:.1f} CPU s, plain {theirs[slot]:.1f}; {shares}")
    total = sum(cpu for cpu, _ in ours.values())
    for line in shares_of(total, [stages for _, stages in ours.values()]):
        print(line)
    plain_total = sum(theirs[slot] for slot in ours)
    print(f"ratio {total / plain_total:.3f} (limit 1.10), over {len(ours)} pairs at k = 0")
    print(f"peak memory: worker {results['worker']['peak'] / 1e9:.2f} GB (limit 1.2), plain "
          f"{results['plain']['peak'] / 1e9:.2f} GB")  # fmt: skip


def shares_of(total: float, pairs: Sequence[Mapping[str, float]]) -> Iterator[str]:
    """A line a stage of the work, the dearest first: its share of the pairs' `total` CPU seconds."""
    stages = Counter[str]()
    for seconds in pairs:
        stages.update(seconds)
    for name, cpu in stages.most_common():
        limit = f" (limit {GATE_LIMIT})" if name == "geometry gate" else ""
        yield f"share of a pair's CPU seconds, {name}: {100 * cpu / total:.2f} %{limit}"
    rest = total - stages.total()
    yield f"share of a pair's CPU seconds, between the stages: {100 * rest / total:.2f} %"


if __name__ == "__main__":
    main()
