"""The targets of this service, and which are met."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.serving.cases import CAPACITY_CASE
from bench.serving.figures import ServingResults
from bench.serving.medians import THIS, divide, median, medians

__all__ = ["Target", "targets"]

_OF_32: Final = "requests-of-32"
# It has this project's engine inside, so it is no peer.
_OURS: Final = (THIS, "litserve-engine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A ratio, and the value that it should reach."""

    what: str
    min_ratio: float
    ratio: float
    p99_is_no_worse: bool = True

    @property
    def is_met(self) -> bool:
        """Whether it is reached."""
        return self.ratio >= self.min_ratio and self.p99_is_no_worse


def targets(results: ServingResults) -> list[Target]:
    """Return the targets for which the run has figures."""
    return [*_offline(results), *_peers(results)]


def _offline(results: ServingResults) -> Iterator[Target]:
    engine = median(results.offline.score) if results.offline else None
    for case, what, min_ratio in (
        (_OF_32, "requests of 32: to the engine offline", 0.85),
        (CAPACITY_CASE, "single reviews, concurrency 64: to the engine offline", 0.75),
    ):
        ratio = divide(medians(results, THIS, case).reviews_per_second, engine)
        if ratio is not None:
            yield Target(what=what, min_ratio=min_ratio, ratio=ratio)


def _peers(results: ServingResults) -> Iterator[Target]:
    for case, name in ((CAPACITY_CASE, "single reviews, concurrency 64"), (_OF_32, "requests of 32")):
        yield from _against(results, case, "litserve", f"{name}: to LitServe, p99 no worse", 2.0)
        best = _best_peer(results, case)
        if best is not None:
            what = f"{name}: to the best peer ({results.servers[best].name}), p99 no worse"
            yield from _against(results, case, best, what, 1.5)


def _best_peer(results: ServingResults, case: str) -> str | None:
    throughput = {
        key: medians(results, key, case).reviews_per_second for key in results.servers if key not in _OURS
    }
    return max(
        (key for key, value in throughput.items() if value),
        key=lambda key: throughput[key] or 0.0,
        default=None,
    )


def _against(results: ServingResults, case: str, peer: str, what: str, min_ratio: float) -> Iterator[Target]:
    this, other = medians(results, THIS, case), medians(results, peer, case)
    ratio = divide(this.reviews_per_second, other.reviews_per_second)
    if ratio is not None and this.p99_ms is not None and other.p99_ms is not None:
        yield Target(what=what, min_ratio=min_ratio, ratio=ratio, p99_is_no_worse=this.p99_ms <= other.p99_ms)
