"""A run that was never measured."""

from bench.serving.figures import CaseFigures, OfflineFigures, ServerFigures, ServingResults


def figures(reviews_per_second: float, p99_ms: float | None = 100.0, **counts: int) -> CaseFigures:
    """Return figures with this throughput and tail."""
    half = None if p99_ms is None else p99_ms / 2
    return CaseFigures(
        offered_reviews_per_second=None,
        reviews_per_second=reviews_per_second,
        p50_ms=half,
        p95_ms=p99_ms,
        p99_ms=p99_ms,
        num_good=counts.get("num_good", 90),
        num_refused=counts.get("num_refused", 0),
        num_late=counts.get("num_late", 0),
        num_failed=counts.get("num_failed", 0),
    )


def server(name: str, **cases: tuple[CaseFigures, ...]) -> ServerFigures:
    """Return a server that was measured."""
    return ServerFigures(
        name=name,
        setup="as it comes",
        requirements=(name.lower(),),
        cold_start_seconds=(2.0, 4.0, 3.0),
        rss_mib=(400.0,),
        pss_mib=(300.0,),
        cases={case.replace("_", "-"): found for case, found in cases.items()},
    )


def results(**servers: ServerFigures) -> ServingResults:
    """Return a run with these servers and an engine that does 200 reviews/s offline."""
    return ServingResults(
        started_at="2025-01-31T12:00:00+00:00",
        machine={"processor": "a processor", "cores": "2", "python": "3.11", "torch": "2.13"},
        model="reviews@2",
        seconds=5.0,
        rounds=3,
        servers={key.replace("_", "-"): each for key, each in servers.items()},
        offline=OfflineFigures(score=(190.0, 200.0, 210.0), predict=(180.0,), transformer=(5.0,)),
    )
