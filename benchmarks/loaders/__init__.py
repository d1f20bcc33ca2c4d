"""The loader against the stores that others use: same clips, runs in turn; and what it costs at scale.

A store is read by a process of its own, in the environment that its library needs, which the benchmark makes
under the output folder. Processes take turns, a short run each, so that a busy machine slows all of them;
figures are medians over the rounds, and ratios are those of runs of one round.
"""


def main() -> None:
    from benchmarks.loaders.report import main as run

    run()
