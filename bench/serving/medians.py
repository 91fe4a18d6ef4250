"""Medians of a server's figures over the rounds of a run."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.serving.figures import ServingResults

__all__ = ["THIS", "Medians", "divide", "median", "medians"]

THIS: Final = "this"
"""The key of this service among the servers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Medians:
    """Medians of one server under one load; all None if it was not measured."""

    reviews_per_second: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None


def medians(results: ServingResults, server: str, case: str) -> Medians:
    """Return the medians of a server under a load."""
    figures = results.servers[server].cases.get(case, ()) if server in results.servers else ()
    return Medians(
        reviews_per_second=median([each.reviews_per_second for each in figures]),
        p50_ms=median([each.p50_ms for each in figures]),
        p95_ms=median([each.p95_ms for each in figures]),
        p99_ms=median([each.p99_ms for each in figures]),
    )


def median(values: Sequence[float | None]) -> float | None:
    """Return the median of the values that are not None, or None without any."""
    present = [value for value in values if value is not None]
    return statistics.median(present) if present else None


def divide(value: float | None, by: float | None) -> float | None:
    """Return a ratio, or None where there is none."""
    return value / by if value is not None and by else None
