"""How a metric is declared: once, with its documentation and the series that exist from the start."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Generic, Self, TypeVar, overload

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = ["PREFIX", "RATIOS", "SECONDS", "Metric", "MetricGroup"]

PREFIX = "sentiment_"

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
RATIOS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)

CollectorT = TypeVar("CollectorT", Counter, Gauge, Histogram)


class Metric(Generic[CollectorT]):
    """A metric as a class declares it; an instance of that class has the collector itself.

    `labels` maps each label to the values that are known beforehand, or to () where they are not.
    """

    def __init__(
        self,
        kind: type[CollectorT],
        name: str,
        documentation: str,
        labels: Mapping[str, Sequence[str]] | None = None,
        *,
        buckets: Sequence[float] = (),
    ) -> None:
        self.name = PREFIX + name
        self.documentation = documentation
        self.labels: Mapping[str, Sequence[str]] = labels or {}
        self.buckets = tuple(buckets)
        self._kind: type[CollectorT] = kind
        self._attribute = ""

    @property
    def kind(self) -> str:
        """Its kind as people call it: "counter", "gauge" or "histogram"."""
        return self._kind.__name__.lower()

    def __set_name__(self, owner: type, name: str) -> None:
        """Remember which attribute it is."""
        self._attribute = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: "MetricGroup", owner: type) -> CollectorT: ...

    def __get__(self, instance: "MetricGroup | None", owner: type) -> Self | CollectorT:
        """Return the collector, made when it is first asked for; of the class, the declaration."""
        if instance is None:
            return self
        # From now on, the instance's own attribute is found before this method.
        collector = instance.__dict__[self._attribute] = self._make(instance.registry)
        return collector

    def _make(self, registry: CollectorRegistry) -> CollectorT:
        options: dict[str, Any] = {"buckets": self.buckets} if self.buckets else {}
        collector = self._kind(
            self.name, self.documentation, tuple(self.labels), registry=registry, **options
        )
        for values in product(*self.labels.values()) if self.labels else ():
            collector.labels(*values)
        return collector


class MetricGroup:
    """A class whose attributes are metrics; groups are joined by inheritance, and share one registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # A second series for each counter and histogram, with the time of its making, says nothing here.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no annotations
        for metric in self.declarations():
            metric.__get__(self, type(self))

    @classmethod
    def declarations(cls) -> tuple[Metric[Any], ...]:
        """Return the metrics of all groups of this class, in the order of the documentation."""
        groups = (vars(group).values() for group in cls.__mro__)
        return tuple(each for group in groups for each in group if isinstance(each, Metric))
