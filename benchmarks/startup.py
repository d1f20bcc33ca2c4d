"""What starting costs: `import motionpair`, and `--help` of every command."""

from __future__ import annotations

import sys

from benchmarks.machine import COMMAND_LINE, child_cpu

COMMANDS = ("", "plan", "preview", "generate", "demo", "status", "estimate", "verify", "show")


def main() -> None:
    bare, _, _ = child_cpu([sys.executable, "-c", "pass"])
    cpu, _, _ = child_cpu([sys.executable, "-c", "import motionpair"])
    print(f"import motionpair: {cpu:.2f} CPU s (python alone {bare:.2f}); limit 0.3")
    for command in COMMANDS:
        argv = [COMMAND_LINE, *command.split(), "--help"]
        cpu, _, _ = child_cpu(argv)
        print(f"motionpair {command:9s} --help: {cpu:.2f} CPU s; limit 0.5")


if __name__ == "__main__":
    main()
