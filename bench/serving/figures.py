"""The figures of a run: the JSON file holds exactly these."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.client import RequestOutcome, Sample

__all__ = ["CaseFigures", "OfflineFigures", "ServerFigures", "ServingResults", "percentile", "summarise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFigures:
    """One server under one load in one round. Latencies are of good answers, null if there are none."""

    offered_reviews_per_second: float | None
    """At constant arrival."""
    reviews_per_second: float
    """Of good answers; under overload this is the goodput."""
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    num_good: int
    num_refused: int
    num_late: int
    num_failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFigures:
    """One server over all rounds."""

    name: str
    setup: str
    requirements: tuple[str, ...]
    skipped: str | None = None
    """The reason, if it was not measured."""
    cold_start_seconds: tuple[float, ...] = ()
    rss_mib: tuple[float, ...] = ()
    pss_mib: tuple[float, ...] = ()
    cases: dict[str, tuple[CaseFigures, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineFigures:
    """Reviews/s without HTTP, by round."""

    score: tuple[float, ...]
    """The engine on tokenized reviews in ideal batches."""
    predict: tuple[float, ...]
    """The same with tokenizing."""
    transformer: tuple[float, ...]
    """A network of DistilBERT's size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingResults:
    """A whole run."""

    started_at: str
    machine: dict[str, str]
    model: str
    seconds: float
    rounds: int
    servers: dict[str, ServerFigures]
    offline: OfflineFigures | None


def summarise(
    samples: Sequence[Sample],
    *,
    window_seconds: float,
    reviews_per_request: int,
    offered_reviews_per_second: float | None = None,
) -> CaseFigures:
    """Return the figures of the requests of a window of time."""
    counts = {outcome: sum(sample.outcome is outcome for sample in samples) for outcome in RequestOutcome}
    good = [1000 * sample.latency_seconds for sample in samples if sample.outcome is RequestOutcome.GOOD]
    p50, p95, p99 = (percentile(good, share) for share in (50, 95, 99))
    return CaseFigures(
        offered_reviews_per_second=offered_reviews_per_second,
        reviews_per_second=len(good) * reviews_per_request / window_seconds,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        num_good=counts[RequestOutcome.GOOD],
        num_refused=counts[RequestOutcome.REFUSED],
        num_late=counts[RequestOutcome.LATE],
        num_failed=counts[RequestOutcome.FAILED],
    )


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the lowest measured value that `share` percent of the values do not exceed (nearest rank)."""
    return float(np.percentile(values, share, method="inverted_cdf")) if values else None
