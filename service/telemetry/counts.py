"""What a service has done since it started, read from its metrics."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Sample

from service.telemetry.metric import PREFIX

__all__ = ["Bucket", "Counts", "LabelCount", "RequestCount", "RouteDurations", "read_counts", "read_gauges"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCount:
    """How many requests to a route had this status; 499 is a client that left."""

    route: str
    method: str
    status: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """How many requests took at most this long; `le_seconds` is null for all of them."""

    le_seconds: float | None
    count: int


@dataclass(slots=True, kw_only=True)
class RouteDurations:
    """How long the requests to a route took, as a cumulative histogram."""

    route: str
    method: str
    sum_seconds: float = 0.0
    buckets: list[Bucket] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCount:
    """How many reviews a version has given a label."""

    model_version: int
    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Counts since the start: a reader that wants a rate subtracts an earlier answer of the same process."""

    requests: list[RequestCount]
    durations: list[RouteDurations]
    """Of the routes that score, which take POST."""
    predictions: list[LabelCount]
    rejected: dict[str, int]
    """By the code of the error."""


def read_counts(registry: CollectorRegistry) -> Counts:
    """Return the counts; routes and statuses without a request are left out."""
    return Counts(
        requests=_requests(registry),
        durations=_durations(registry),
        predictions=[
            LabelCount(
                model_version=int(each.labels["model_version"]),
                label=each.labels["label"],
                count=int(each.value),
            )
            for each in _samples(registry, "predictions_total")
        ],
        rejected={
            each.labels["reason"]: int(each.value) for each in _samples(registry, "requests_rejected_total")
        },
    )


def read_gauges(registry: CollectorRegistry, name: str, label: str = "") -> dict[str, int]:
    """Return the values of a gauge by one of its labels; by "" for a gauge without labels."""
    return {each.labels.get(label, ""): int(each.value) for each in _samples(registry, name)}


def _requests(registry: CollectorRegistry) -> list[RequestCount]:
    return [
        RequestCount(
            route=each.labels["route"],
            method=each.labels["method"],
            status=int(each.labels["status"]),
            count=int(each.value),
        )
        for each in _samples(registry, "http_requests_total")
        if each.value
    ]


def _durations(registry: CollectorRegistry) -> list[RouteDurations]:
    name = "http_request_duration_seconds"
    found: dict[tuple[str, str], RouteDurations] = {}
    sums: defaultdict[tuple[str, str], float] = defaultdict(float)
    for each in _samples(registry, f"{name}_sum"):
        sums[each.labels["route"], each.labels["method"]] = each.value
    for each in _samples(registry, f"{name}_bucket"):
        key = route, method = each.labels["route"], each.labels["method"]
        if method == "POST":
            entry = found.setdefault(key, RouteDurations(route=route, method=method, sum_seconds=sums[key]))
            entry.buckets.append(Bucket(le_seconds=_bound(each.labels["le"]), count=int(each.value)))
    return [each for each in found.values() if each.buckets[-1].count]


def _bound(text: str) -> float | None:
    return None if text == "+Inf" else float(text)  # JSON has no infinity


def _samples(registry: CollectorRegistry, name: str) -> Iterator[Sample]:
    """Yield the samples of one name, without asking the collectors of any other."""
    families: Iterator[Family] = iter(registry.restricted_registry([PREFIX + name]).collect())
    for family in families:
        yield from family.samples
