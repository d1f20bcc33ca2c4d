"""LeRobot's layout of version 3: rows in Parquet, the clips of many episodes joined in one MP4 file a camera.

A row says from when to when in the file its clip runs. A clip's coded bytes are its packets, which are
found by seeking; files stay open, as LeRobot's decoders do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from benchmarks.loaders.stores import huggingface, loose_files
from benchmarks.loaders.stores.lerobot_files import CLIPS

_MOST = 200 * 10**6
"""Bytes of a joined file, LeRobot's default."""


def write(samples: Path, out: Path) -> None:
    out.mkdir()
    rows: list[dict[str, Any]] = []
    for sample in loose_files.all_of(samples):
        rows.append({name: value for name, value in sample.items() if name not in CLIPS})
    for clip in CLIPS:
        _join(samples, out, clip, rows)
    huggingface.write_rows(rows, out / "data")
    huggingface.opened(out / "data")


def _join(samples: Path, out: Path, clip: str, rows: list[dict[str, Any]]) -> None:
    file_number, written = -1, _MOST
    joined: Any = None
    for row, name in zip(rows, loose_files.names(samples), strict=True):
        path = samples / name / f"{clip}.mp4"
        with av.open(str(path)) as container:
            source = container.streams.video[0]
            rate = source.average_rate
            assert rate is not None
            assert source.time_base is not None
            if written + path.stat().st_size > _MOST:
                if joined is not None:
                    joined.close()
                file_number, written, start = file_number + 1, 0, Fraction(0)
                into = _path(out, clip, file_number)
                into.parent.mkdir(parents=True, exist_ok=True)
                joined = av.open(str(into), "w")
                stream = joined.add_stream_from_template(source)
            shift = int(start / source.time_base)
            for packet in container.demux(source):
                if packet.size:
                    assert packet.pts is not None
                    assert packet.dts is not None
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = stream
                    joined.mux(packet)
            end = start + source.frames / rate
        row[f"{clip}_file"], row[f"{clip}_from"], row[f"{clip}_to"] = file_number, float(start), float(end)
        start, written = end, written + path.stat().st_size
    joined.close()


def _path(out: Path, clip: str, number: int) -> Path:
    return out / f"videos/{clip}/chunk-000/file-{number:03d}.mp4"


class Episodes:
    """Map-style."""

    def __init__(self, out: Path) -> None:
        self._out, self._rows = out, huggingface.opened(out / "data")
        self._open: dict[tuple[str, int], Any] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, i: int) -> dict[str, Any]:
        row = self._rows[i]
        sample = {k: v for k, v in row.items() if isinstance(v, (str, bytes))}
        for clip in CLIPS:
            packets = self._packets(clip, row[f"{clip}_file"], row[f"{clip}_from"], row[f"{clip}_to"])
            sample[clip] = b"".join(packets)
        return sample

    def _packets(self, clip: str, number: int, start: float, end: float) -> Iterable[bytes]:
        file = self._open.get((clip, number))
        if file is None:
            file = self._open[clip, number] = av.open(str(_path(self._out, clip, number)))
        stream = file.streams.video[0]
        assert stream.time_base is not None
        first, last = round(start / stream.time_base), round(end / stream.time_base)
        file.seek(first, stream=stream)
        for packet in file.demux(stream):
            if packet.pts is None:
                return
            if packet.pts >= last and packet.is_keyframe:
                return
            if packet.pts >= first:
                yield bytes(packet)


def fetcher(out: Path) -> Callable[[int], dict[str, Any]]:
    return Episodes(out).__getitem__


def loader(out: Path, batch: int, workers: int) -> Iterable[Any]:
    return loose_files.map_loader(Episodes(out), batch, workers)
