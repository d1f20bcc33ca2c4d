"""Signals: the first one interrupts, and a hang-up that nohup has ignored does not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from pipelines.cli import FAREWELL
from pipelines.interrupts import interruptible


def test_a_hang_up_interrupts_once_and_handlers_are_put_back() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with interruptible("farewell"):
            with pytest.raises(KeyboardInterrupt, match="SIGHUP"):
                os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_under_nohup_a_hang_up_is_still_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible("farewell"):
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


STUCK = """
import os, signal, threading, time
import pipelines.cli, pipelines.interrupts
pipelines.interrupts.GRACE_SECONDS = 1

@pipelines.cli.app.command()
def stuck():
    threading.Thread(target=time.sleep, args=(3600,)).start()
    os.kill(os.getpid(), signal.SIGINT)

pipelines.cli.main()
"""
"""A command that is interrupted while a thread of it is in a read that does not return."""


def test_a_thread_that_is_stuck_does_not_keep_an_interrupted_command_from_ending() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STUCK, "stuck"], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 130
    assert ended.stderr.strip() == FAREWELL
