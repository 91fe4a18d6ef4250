"""The arithmetic to a billion reviews a day: CPUs, replicas, cost, store reads, metrics series.

    python -m bench.billion reviews@2=1.99 reviews-small@1=0.27 --price-per-cpu-hour 0.04

Each model stands with its milliseconds a review on one thread, as `python -m bench.sizes` prints them; all
other milliseconds are those that `python -m bench.scaling` prints. The price is yours to give.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model_store import RELEASED, Store
from service.app import create_app
from service.settings import Settings

DAY_SECONDS = 86_400
HOURS = 24
MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is asked for, and what a request costs beside the scoring."""

    reviews_per_day: float
    peak_ratio: float
    """The busiest moment over the mean."""
    busy_ratio: float
    """Share of its CPUs' time that a replica is planned to be busy at the peak, so that queues stay short."""
    reviews_per_request: int
    replica_request_ms: float
    """CPU of a replica for a request, without scoring and tokenizing."""
    replica_review_ms: float
    """CPU of a replica for a review, without scoring: reading, tokenizing, answering."""
    proxy_request_ms: float
    replica_cpus: int
    price_per_cpu_hour: float
    scrape_seconds: float

    @property
    def peak_reviews_per_second(self) -> float:
        """In the busiest moment."""
        return self.peak_ratio * self.reviews_per_day / DAY_SECONDS

    @property
    def peak_requests_per_second(self) -> float:
        """In the busiest moment."""
        return self.peak_reviews_per_second / self.reviews_per_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one model needs for a demand."""

    review_ms: float
    """CPU of a replica for a review, all told."""
    num_cpus: int
    num_proxy_cpus: int
    num_replicas: int
    cost_per_day: float
    """When all of it runs all day."""
    cost_per_day_scaled: float
    """When the number of replicas follows the demand, at the same share of busy time."""
    store_bytes: int
    """Read when all replicas start, each once."""
    num_series: int
    samples_per_second: float


def plan(demand: Demand, *, score_ms: float, version_bytes: int, series_per_replica: int) -> Plan:
    """Return what a model needs that scores a review in `score_ms` on one thread."""
    review_ms = score_ms + demand.replica_review_ms + demand.replica_request_ms / demand.reviews_per_request
    busy_cpus = demand.peak_reviews_per_second * review_ms / 1000
    num_replicas = math.ceil(busy_cpus / demand.busy_ratio / demand.replica_cpus)
    num_cpus = num_replicas * demand.replica_cpus
    busy_proxy_cpus = demand.peak_requests_per_second * demand.proxy_request_ms / 1000
    num_proxy_cpus = math.ceil(busy_proxy_cpus / demand.busy_ratio)
    cost_per_day = HOURS * demand.price_per_cpu_hour * (num_cpus + num_proxy_cpus)
    return Plan(
        review_ms=review_ms,
        num_cpus=num_cpus,
        num_proxy_cpus=num_proxy_cpus,
        num_replicas=num_replicas,
        cost_per_day=cost_per_day,
        cost_per_day_scaled=cost_per_day / demand.peak_ratio,
        store_bytes=num_replicas * version_bytes,
        num_series=num_replicas * series_per_replica,
        samples_per_second=num_replicas * series_per_replica / demand.scrape_seconds,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    options = _parser().parse_args(arguments)
    demand = Demand(
        reviews_per_day=options.reviews_per_day,
        peak_ratio=options.peak_ratio,
        busy_ratio=options.busy_ratio,
        reviews_per_request=options.reviews_per_request,
        replica_request_ms=options.replica_request_ms,
        replica_review_ms=options.replica_review_ms,
        proxy_request_ms=options.proxy_request_ms,
        replica_cpus=options.replica_cpus,
        price_per_cpu_hour=options.price_per_cpu_hour,
        scrape_seconds=options.scrape_seconds,
    )
    names = [name for name, _ in options.models]
    plans = [
        plan(demand, score_ms=score_ms, version_bytes=_num_bytes(name), series_per_replica=_num_series(name))
        for name, score_ms in options.models
    ]
    print(f"| {demand.reviews_per_day:,.0f} reviews a day | {' | '.join(names)} |")
    print("|---" * (1 + len(names)) + "|")
    for title, figures in _rows(demand, plans):
        print(f"| {title} | {' | '.join(figures)} |")


def _rows(demand: Demand, plans: Sequence[Plan]) -> Iterator[tuple[str, list[str]]]:
    busy = f"{demand.busy_ratio:.0%} busy"
    yield "reviews/s at the peak", [f"{demand.peak_reviews_per_second:,.0f}" for _ in plans]
    yield "requests/s at the peak", [f"{demand.peak_requests_per_second:,.0f}" for _ in plans]
    yield "ms of CPU a review, all told", [f"{each.review_ms:.2f}" for each in plans]
    yield f"replicas of {demand.replica_cpus} CPUs, {busy}", [f"{each.num_replicas:,}" for each in plans]
    yield "CPUs for replicas", [f"{each.num_cpus:,}" for each in plans]
    yield f"CPUs for Ray's proxies, {busy}", [f"{each.num_proxy_cpus:,}" for each in plans]
    price = f"at {demand.price_per_cpu_hour:g} per CPU-hour"
    yield f"cost a day {price}, all day at peak size", [f"{each.cost_per_day:,.0f}" for each in plans]
    yield f"cost a day {price}, following the demand", [f"{each.cost_per_day_scaled:,.0f}" for each in plans]
    yield "store reads when all replicas start, MiB", [f"{each.store_bytes / MIB:,.0f}" for each in plans]
    yield "metrics series", [f"{each.num_series:,}" for each in plans]
    yield (
        f"samples/s, every {demand.scrape_seconds:g} s",
        [f"{each.samples_per_second:,.0f}" for each in plans],
    )


def _num_bytes(reference: str) -> int:
    """Return the size of all files that loading a version reads."""
    return Store(RELEASED).load(reference, device="cpu").manifest.size_bytes


def _num_series(reference: str) -> int:
    """Return how many series a ready replica has before its first request."""
    version = Store(RELEASED).load(reference, device="cpu")
    metrics = create_app(Settings(lanes=1)).state.service.metrics
    metrics.loaded(version)
    return sum(not line.startswith(b"#") for line in metrics.render().splitlines())


def _model(text: str) -> tuple[str, float]:
    name, _, milliseconds = text.partition("=")
    return name, float(milliseconds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=_model, metavar="VERSION=MILLISECONDS")
    parser.add_argument("--price-per-cpu-hour", type=float, required=True, help="in whatever currency")
    parser.add_argument("--reviews-per-day", type=float, default=1e9)
    parser.add_argument("--peak-ratio", type=float, default=2.0, help="the busiest moment over the mean")
    parser.add_argument("--busy-ratio", type=float, default=0.6, help="planned share of busy time")
    parser.add_argument("--reviews-per-request", type=int, default=32)
    parser.add_argument("--replica-request-ms", type=float, default=0.0)
    parser.add_argument("--replica-review-ms", type=float, default=0.0)
    parser.add_argument("--proxy-request-ms", type=float, default=0.0)
    parser.add_argument("--replica-cpus", type=int, default=2)
    parser.add_argument("--scrape-seconds", type=float, default=15.0)
    return parser


if __name__ == "__main__":
    main()
