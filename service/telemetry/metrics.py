"""Prometheus metrics, as data: each is declared once, and `docs/metrics.md` is made from the declarations.

No label holds what a client sent: unknown paths count as one route, unknown methods as one method. Every
series that can be known beforehand exists from the start, so that rates and alerts work from the first event.
"""

import platform
from collections.abc import Iterable
from importlib import metadata

import prometheus_client
from prometheus_client import Gauge

from service.telemetry.batch_metrics import BatchMetrics
from service.telemetry.metric import Metric
from service.telemetry.request_metrics import Endpoint, RequestMetrics
from service.telemetry.version_metrics import VersionMetrics

__all__ = ["METRICS", "VERSION", "Metrics"]

VERSION = metadata.version("sentiment-service")


class Metrics(RequestMetrics, BatchMetrics, VersionMetrics):
    """The metrics of one service, in a registry of its own. Safe to use from any thread."""

    ready = Metric(Gauge, "ready", "1 while new requests are taken, else 0.")
    _build_info = Metric(
        Gauge,
        "build_info",
        "1, with versions of the software.",
        {"version": (), "python_version": ()},
    )

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        super().__init__()
        self.expect(endpoints)
        self._build_info.labels(VERSION, platform.python_version()).set(1)
        prometheus_client.ProcessCollector(registry=self.registry)
        prometheus_client.PlatformCollector(registry=self.registry)

    def render(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        self.publish_profiles()
        return prometheus_client.generate_latest(self.registry)


METRICS = Metrics.declarations()
"""All declarations, in the order of the documentation."""
