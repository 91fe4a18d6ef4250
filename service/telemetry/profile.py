"""What the reviews and answers of one version look like, in the bins that its manifest has them in.

The manifest says how the version's validation reviews fall into the bins, and Prometheus how far the traffic
is from that: the service keeps no window.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from threading import Lock

from prometheus_client import Counter, Histogram

from model_store import Histogram as ReferenceHistogram
from model_store import Manifest
from sentiment import Prediction

__all__ = ["Profile", "reference_ratios"]

QUANTITIES = ("score", "length", "unknown_ratio")
MAX_BINS = 10
"""Over more bins, the population stability index (PSI) gives false alarms on a few hundred reviews."""


class _Binned:
    """One quantity of a version: how to read it, the edges between its bins, and a counter for each bin.

    Changing a counter takes a microsecond, and there are three for each review. So what comes in is summed up
    in plain numbers until somebody reads the metrics.
    """

    def __init__(
        self, read: Callable[[Prediction], float], edges: Sequence[float], bins: list[Counter]
    ) -> None:
        self._read = read
        self._inner_edges = edges[1:-1]
        self._bins = bins
        self._pending = [0] * len(bins)

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Count reviews; a value outside the edges belongs to the first bin or to the last."""
        for prediction in predictions:
            self._pending[bisect_right(self._inner_edges, self._read(prediction))] += 1

    def publish(self) -> None:
        """Bring the counters up to date."""
        for index, count in enumerate(self._pending):
            if count:
                self._bins[index].inc(count)
                self._pending[index] = 0


class Profile:
    """The counters of one version. Safe to use from any thread."""

    def __init__(self, manifest: Manifest, reviews: Counter, confidence: Histogram) -> None:
        """Begin the series of a version; `reviews` has the labels model_version, quantity and bin."""
        number = str(manifest.version)
        self._lock = Lock()
        self._confidence = confidence.labels(number)
        self._quantities = [
            _Binned(
                _reader(quantity, manifest),
                histogram.edges,
                [reviews.labels(number, quantity, _label(edge)) for edge in histogram.edges[:-1]],
            )
            for quantity, histogram in _histograms(manifest).items()
        ]

    def count(self, predictions: Sequence[Prediction]) -> None:
        """Count reviews that a client was answered, without having asked for this version by name."""
        for prediction in predictions:
            self._confidence.observe(prediction.confidence)
        with self._lock:
            for quantity in self._quantities:
                quantity.add(predictions)

    def publish(self) -> None:
        """Bring the counters up to date, before they are read."""
        with self._lock:
            for quantity in self._quantities:
                quantity.publish()


def reference_ratios(manifest: Manifest) -> dict[tuple[str, str], float]:
    """Return the share of the validation reviews in each bin, by quantity and the bin's label."""
    return {
        (quantity, _label(edge)): count / max(1, sum(histogram.counts))
        for quantity, histogram in _histograms(manifest).items()
        for edge, count in zip(histogram.edges, histogram.counts, strict=False)
    }


def _histograms(manifest: Manifest) -> Mapping[str, ReferenceHistogram]:
    """Return what the manifest has of the known quantities, in at most ten bins each."""
    reference = manifest.reference
    return {name: _coarse(reference[name]) for name in QUANTITIES if name in reference}


def _coarse(histogram: ReferenceHistogram) -> ReferenceHistogram:
    """Merge bins, two or more of equal number each where that gives ten, until there are at most ten.

    Manifests of releases before 0.3.0 have 20 bins of score and 13 of length.
    """
    edges, counts = list(histogram.edges), list(histogram.counts)
    step = len(counts) // MAX_BINS
    if len(counts) == step * MAX_BINS:
        edges = edges[::step]
        counts = [sum(counts[start : start + step]) for start in range(0, len(counts), step)]
    while len(counts) > MAX_BINS:
        index = min(range(len(counts) - 1), key=lambda index: counts[index] + counts[index + 1])
        counts[index : index + 2] = [counts[index] + counts[index + 1]]
        del edges[index + 1]
    return ReferenceHistogram(edges=tuple(edges), counts=tuple(counts))


def _reader(quantity: str, manifest: Manifest) -> Callable[[Prediction], float]:
    """Return what gives the quantity of a prediction; the score is the probability of the last label."""
    if quantity == "score":
        label = manifest.labels[-1]
        return lambda prediction: prediction.probabilities[label]
    return attrgetter({"length": "tokens"}.get(quantity, quantity))


def _label(edge: float) -> str:
    """Return a bin's label: its lower edge."""
    return f"{edge:g}"
