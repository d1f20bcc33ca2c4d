"""Signals: the first one interrupts, and a hang-up that nohup has ignored does not."""

from __future__ import annotations

import fcntl
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
import os, signal, sys, threading, time
import pipelines.cli, pipelines.interrupts
pipelines.interrupts.GRACE_SECONDS = 1

@pipelines.cli.app.command()
def stuck(threads: int):
    for _ in range(threads):
        threading.Thread(target=time.sleep, args=(3600,)).start()
    sys.stdout.write("some words")
    os.kill(os.getpid(), signal.SIGINT)

pipelines.cli.main()
"""
"""A command that is interrupted while threads of it are in a read that does not return."""


def interrupted(threads: int, stdout: int) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        [sys.executable, "-c", STUCK, "stuck", str(threads)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )


def test_a_thread_that_is_stuck_does_not_keep_an_interrupted_command_from_ending() -> None:
    ended = interrupted(1, subprocess.PIPE)
    assert (ended.returncode, ended.stdout, ended.stderr.strip()) == (130, "some words", FAREWELL)


def test_a_reader_that_does_not_read_does_not_keep_an_interrupted_command_from_ending() -> None:
    read_end, write_end = os.pipe()
    try:
        os.write(write_end, bytes(fcntl.fcntl(write_end, fcntl.F_GETPIPE_SZ)))
        ended = interrupted(0, write_end)
    finally:
        os.close(read_end)
        os.close(write_end)
    assert (ended.returncode, ended.stderr.strip()) == (130, FAREWELL)


@pytest.mark.parametrize("threads", [0, 1])
def test_an_interrupted_command_whose_reader_is_gone_ends_as_others(threads: int) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        ended = interrupted(threads, write_end)
    finally:
        os.close(write_end)
    assert (ended.returncode, ended.stderr.strip()) == (130, FAREWELL)
