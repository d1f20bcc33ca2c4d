"""The errors that end a command, and the exit status that each one means.

A user's mistake is an `InputError`: one line that names the file or field and what would be accepted.
The command line prints the line and exits with `exit_status`; it never shows a traceback for these.
"""

from __future__ import annotations

EXIT_DONE = 0
EXIT_FINDINGS = 1
EXIT_BAD_INPUT = 2
EXIT_QUARANTINED = 3
EXIT_MACHINE = 4
EXIT_INTERRUPTED = 130


def printable(text: str) -> str:
    """A text for a terminal: what is named after a hostile file's contents must not steer it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


class MotionPairError(Exception):
    """Base of the errors that a command reports in one line."""

    exit_status = EXIT_BAD_INPUT


class InputError(MotionPairError):
    """Bad input: the message names the file or field and says what would be accepted."""

    exit_status = EXIT_BAD_INPUT


class DataError(InputError):
    """A dataset file is damaged or of another version: the message names the file (and pair, offset)."""


class MachineError(MotionPairError):
    """The machine failed, not the work: a full disk, a lost cluster. Nothing is lost; run again."""

    exit_status = EXIT_MACHINE
