"""Throughput by number of replicas, as a table and as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

from matplotlib import pyplot as plt

__all__ = ["ScalingRun", "draw", "print_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingRun:
    """One number of replicas under one load."""

    num_replicas: int
    reviews_per_request: int
    requests_per_second: float
    ideal_reviews_per_second: float
    proxy_request_ms: float
    """CPU time of the proxy for a request."""
    replica_request_ms: float
    """CPU time of all replicas for a request."""

    @property
    def reviews_per_second(self) -> float:
        """Reviews that were answered."""
        return self.requests_per_second * self.reviews_per_request


def print_table(runs: Sequence[ScalingRun]) -> None:
    """Print a Markdown table."""
    print("| replicas | reviews a request | requests/s | reviews/s | of the lanes' | proxy ms | replica ms |")
    print("|---|---|---|---|---|---|---|")
    for run in runs:
        print(
            f"| {run.num_replicas} | {run.reviews_per_request} | {run.requests_per_second:.0f} "
            f"| {run.reviews_per_second:.0f} | {run.reviews_per_second / run.ideal_reviews_per_second:.0%} "
            f"| {run.proxy_request_ms:.2f} | {run.replica_request_ms:.2f} |"
        )


def draw(runs: Sequence[ScalingRun], path: Path) -> None:
    """Draw reviews a second over replicas."""
    figure, axes = plt.subplots(figsize=(6.4, 4))
    for size in sorted({run.reviews_per_request for run in runs}, reverse=True):
        mine = [run for run in runs if run.reviews_per_request == size]
        label = f"{size} review{'s' if size > 1 else ''} a request"
        axes.plot(
            [run.num_replicas for run in mine], [run.reviews_per_second for run in mine], "o-", label=label
        )
    ideal = sorted({(run.num_replicas, run.ideal_reviews_per_second) for run in runs})
    axes.plot(*zip(*ideal, strict=True), "--", color="grey", label="what the lanes could do")
    axes.set(xlabel="replicas of one lane", ylabel="reviews/s", xticks=[each for each, _ in ideal])
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100, bbox_inches="tight")
