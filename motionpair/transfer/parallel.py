"""Some files at a time, all stopped by the first error or by Ctrl-C."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from motionpair import fields
from motionpair.manifest import FileEntry, Manifest

Progress = Callable[[int, int], None]
Tell = Callable[[int], None]

THREADS = 8


@dataclass(frozen=True)
class Moved:
    """What a transfer did: files of the dataset, how many were there already, bytes that were sent."""

    files: int
    kept: int
    bytes: int


def in_parallel(
    todo: Mapping[str, FileEntry],
    move: Callable[[str, FileEntry, Tell], None],
    progress: Progress | None = None,
    *,
    done: int = 0,
    total: int = 0,
    now_and_then: Callable[[], None] = lambda: None,
) -> None:
    """Do something with files, some at a time; at the first error, or Ctrl-C, all stop within a chunk.

    Args:
        todo: the files.
        move: called with name, entry and a function to tell bytes that are done.
        progress: called in the calling thread with (bytes done, bytes).
        done, total: for `progress`: bytes done before, and of all.
        now_and_then: called in the calling thread several times a second.
    """
    lock, stop = threading.Lock(), threading.Event()

    def tell(size: int) -> None:
        nonlocal done
        with lock:
            done += size
        if stop.is_set():
            raise _Stopped

    def show() -> None:
        if progress is not None:
            progress(done, total)

    show()
    with ThreadPoolExecutor(THREADS) as pool:
        left: set[Future[None]] = {pool.submit(move, name, entry, tell) for name, entry in todo.items()}
        try:
            while left:
                ready, left = wait(left, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in ready:
                    future.result()
                now_and_then()
                show()
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


class _Stopped(Exception):
    """Another file failed, or the user asked to stop."""


def bytes_of(files: Mapping[str, FileEntry]) -> int:
    """Sum of their sizes."""
    return sum(entry.bytes for entry in files.values())


def identity(manifest: Manifest) -> str:
    """Equal for versions of one dataset (a report was added, a pair mended), not for parts of it."""
    plans = [generation.plan_hash for generation in manifest.generations]
    return fields.content_hash({"plans": plans, "made_from": fields.to_plain(manifest.made_from)})
