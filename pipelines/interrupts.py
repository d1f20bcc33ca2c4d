"""Ctrl-C and SIGTERM: stop soon, cleanly, once.

The first signal raises `KeyboardInterrupt` in the main thread, wherever it is: safe, because every step
of a run survives kill -9. Further signals are ignored while the run winds down. Should winding down hang
(C code that never returns, a dead network disk), a watchdog ends the process within the promised time, and
`end_soon` should it hang after that, on its way out.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from motionpair.errors import EXIT_INTERRUPTED

GRACE_SECONDS = 8.0
"""At most, to wind down after a signal; and as long again for the interpreter to end."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_AGAIN = "Ctrl-C again stops at once"
_AGAIN_UNDER_TORCHRUN = (
    "Ctrl-C again does not stop it sooner; torchrun kills it after its --shutdown-timeout, 30 s by default"
)


@contextmanager
def interruptible(farewell: str) -> Iterator[None]:
    """Raise `KeyboardInterrupt` at the first signal; if the process then hangs, say `farewell` and exit.

    Main thread only. Handlers are put back at the end.
    """
    caught = threading.Event()

    def handle(signum: int, frame: FrameType | None) -> None:
        if not caught.is_set():
            caught.set()
            raise KeyboardInterrupt(signal.Signals(signum).name)

    # nohup has the hang-up ignored, and means it
    heard = [n for n in SIGNALS if n != signal.SIGHUP or signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in heard}
    # The wake-up pipe is written in the C signal handler, so the watchdog hears of a signal even while the
    # main thread sits in C code and the Python handler has to wait.
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    wakeup_before = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    over = threading.Event()
    watchdog = threading.Thread(target=_watch, args=(read_end, over, farewell), daemon=True)
    watchdog.start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(wakeup_before)
        os.close(write_end)
        watchdog.join()
        os.close(read_end)
        for number, handler in before.items():
            signal.signal(number, handler)


def end_soon() -> None:
    """For a process that was interrupted and now ends: `EXIT_INTERRUPTED`, though it has to wait meanwhile.

    The interpreter waits for threads at its end, and one of them may be in a read that never returns; so may
    a reader of what is still to be written. Further signals are ignored. Main thread only.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    last = threading.Timer(GRACE_SECONDS, os._exit, (EXIT_INTERRUPTED,))
    last.daemon = True
    last.start()  # first of all: a flush waits for as long as a pipe is full
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # who read it is gone: its rest is nobody's, and the exit status stays
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def asked_to_stop(note: str) -> Iterator[Callable[[], bool]]:
    """A function that says whether a signal came: for work that winds down in its own time.

    The first signal is only noted, and `note` said, with what a second Ctrl-C does: it raises
    `KeyboardInterrupt`, but not under torchrun, which passes on a Ctrl-C that the terminal has sent already.
    Inside `interruptible`, no watchdog ends the process meanwhile. Main thread only.
    """
    caught = False
    launched = "TORCHELASTIC_RUN_ID" in os.environ
    again = _AGAIN_UNDER_TORCHRUN if launched else _AGAIN

    def handle(signum: int, frame: FrameType | None) -> None:
        nonlocal caught
        if caught and signum == signal.SIGINT and not launched:
            raise KeyboardInterrupt(signal.Signals(signum).name)
        if not caught and os.environ.get("RANK", "0") == "0":
            os.write(2, f"\n{note}; {again}\n".encode())
        caught = True

    heard = [n for n in SIGNALS if n != signal.SIGHUP or signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in heard}
    wakeup = signal.set_wakeup_fd(-1)
    try:
        yield lambda: caught
    finally:
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(read_end: int, over: threading.Event, farewell: str) -> None:
    while data := os.read(read_end, 64):
        if not any(byte in SIGNALS for byte in data):
            continue
        if not over.wait(GRACE_SECONDS):
            sys.stderr.write(f"\n{farewell}\n")
            sys.stderr.flush()
            os._exit(EXIT_INTERRUPTED)
        return
