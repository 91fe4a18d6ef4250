"""Timing alternatives in turn."""

import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["median_seconds"]


def median_seconds(runs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each run over `rounds` rounds, after one that warms up.

    A round has each run once, so that a slow moment of the machine hits all alike: compare them with each
    other.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}
