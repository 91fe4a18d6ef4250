"""Reviews are counted in the bins of the manifest, as training has counted the validation reviews."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client import Histogram as HistogramMetric

from model_store import Draft, Histogram, Manifest, Reason, Rollout, Store
from sentiment import Prediction
from service.telemetry.profile import Profile, reference_ratios
from tests.service import stores
from tests.service.running import samples, series
from tests.service.runtime.following import following
from training.publishing.histograms import reference_histograms

NAME = "sentiment_profile_reviews_total"


def predictions(count: int) -> list[Prediction]:
    """Return predictions of all kinds, with values on the edges of bins among them."""
    choice = random.Random(3)
    return [_prediction(choice) for _ in range(count)]


def _prediction(choice: random.Random) -> Prediction:
    score = round(choice.random(), 1) if choice.random() < 0.3 else choice.random()
    label = "positive" if score >= 0.5 else "negative"
    return Prediction(
        label=label,
        confidence=max(score, 1 - score),
        probabilities={"negative": 1 - score, "positive": score},
        tokens=choice.randint(0, 500),
        truncated=False,
        unknown_ratio=choice.choice([0.0, 0.01, 0.015, 0.02, 0.3, 1.0]),
    )


def manifest(root: Path, **changes: Any) -> Manifest:  # noqa: ANN401  # any field of a draft
    store = Store(root)
    return store.manifest("reviews", store.publish(replace(stores.draft(), **changes)))


def counted(profile: Manifest, found: list[Prediction]) -> dict[str, list[float]]:
    """Return how often each bin was counted, by quantity and in order."""
    registry = CollectorRegistry()
    labels = ("model_version", "quantity", "bin")
    reviews = Counter("reviews", "Reviews.", labels, registry=registry)
    confidence = HistogramMetric("confidence", "Confidence.", ("model_version",), registry=registry)
    counters = Profile(profile, reviews, confidence)
    counters.count(found[:1])
    counters.publish()
    counters.count(found[1:])
    counters.publish()
    counters.publish()
    bins: dict[str, dict[float, float]] = {}
    for sample in next(iter(reviews.collect())).samples:
        if sample.name.endswith("_total"):
            bins.setdefault(sample.labels["quantity"], {})[float(sample.labels["bin"])] = sample.value
    return {quantity: [values[edge] for edge in sorted(values)] for quantity, values in bins.items()}


def test_the_bins_are_those_of_training(tmp_path: Path) -> None:
    found = predictions(2000)
    reference = reference_histograms(found)
    expected = {quantity: list(map(float, histogram.counts)) for quantity, histogram in reference.items()}
    profile = manifest(tmp_path, reference=reference)
    assert counted(profile, found) == expected
    # What is longer than all of validation is in the last bin, as a score of 1 is.
    longest = replace(found[0], tokens=10_000)
    assert counted(profile, [longest])["length"][-1] == 1


def test_ratios_are_shares_of_the_validation_reviews(tmp_path: Path) -> None:
    reference = {
        "score": Histogram(edges=(0.0, 0.5, 1.0), counts=(1, 3)),
        "unknown_ratio": Histogram(edges=(0.0, 0.01, 1.0), counts=(0, 0)),
        "sharpness": Histogram(edges=(0.0, 1.0), counts=(9,)),  # of a later release
    }
    assert reference_ratios(manifest(tmp_path, reference=reference)) == {
        ("score", "0"): 0.25,
        ("score", "0.5"): 0.75,
        ("unknown_ratio", "0"): 0.0,
        ("unknown_ratio", "0.01"): 0.0,
    }


def test_an_older_manifest_has_more_bins_which_are_merged(tmp_path: Path) -> None:
    score = Histogram(edges=tuple(index / 20 for index in range(21)), counts=tuple(range(20)))
    edges = (0.0, 10.0, 25.0, 50.0, 100.0, 150.0, 200.0, 300.0, 400.0, 600.0, 800.0, 1200.0, 2000.0, 10_000.0)
    length = Histogram(edges=edges, counts=(1, 1, 20, 30, 40, 50, 60, 50, 40, 30, 9, 2, 1))
    ratios = reference_ratios(manifest(tmp_path, reference={"score": score, "length": length}))
    scores = {edge: ratio for (quantity, edge), ratio in ratios.items() if quantity == "score"}
    assert list(scores) == ["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"]
    assert [round(190 * ratio) for ratio in scores.values()] == list(range(1, 40, 4))
    lengths = {edge: ratio for (quantity, edge), ratio in ratios.items() if quantity == "length"}
    # The bins with the fewest reviews are merged with a neighbour.
    assert list(lengths) == ["0", "25", "50", "100", "150", "200", "300", "400", "600", "800"]
    assert [round(334 * ratio) for ratio in lengths.values()] == [2, 20, 30, 40, 50, 60, 50, 40, 30, 12]
    found = predictions(100)
    assert [
        len(bins) for bins in counted(manifest(tmp_path, reference={"score": score}), found).values()
    ] == [10]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with two versions, the first of them live, with the figures that drift is measured by."""
    store = Store(tmp_path / "store")
    for size in (10, 11):
        store.publish(_draft(size))
    store.set_alias("reviews", "production", 1)
    return store


def _draft(hidden_size: int) -> Draft:
    draft = stores.draft(hidden_size=hidden_size)
    return replace(draft, evaluation={"validation": stores.EVALUATION})


def test_live_and_canary_answers_count_and_those_by_name_do_not(store: Store) -> None:
    with following(store) as running:
        assert running.answering() == 1
        found = samples(running.url)
        confidence = found[series("sentiment_prediction_confidence_sum", model_version="1")]
        assert confidence == pytest.approx(running.confidence(), abs=1e-6)
        store.set_rollout("reviews", Rollout(candidate=2, shadow=1.0), Reason(action="rollout"))
        running.refresh()
        assert running.answering(version="2") == 2
        assert running.answering(version="1") == 1
        assert (num_counted(running.url, 1), num_counted(running.url, 2)) == (2, 0)
        store.set_rollout("reviews", Rollout(candidate=2, canary=1.0), Reason(action="rollout"))
        running.refresh()
        assert running.answering() == 2
        assert (num_counted(running.url, 1), num_counted(running.url, 2)) == (2, 1)
        for query in ("", "?version=1", "?version=candidate"):
            lines = httpx.post(
                f"{running.url}/predict/stream{query}",
                content=b'"A wonderful film"\n',
                headers={"Content-Type": "application/x-ndjson"},
            )
            assert lines.raise_for_status().text.count("confidence") == 1
        assert (num_counted(running.url, 1), num_counted(running.url, 2)) == (3, 1)


def num_counted(url: str, version: int) -> float:
    """Return how many answers of a version have counted: as many in confidence as in the bins."""
    found = samples(url)
    number = str(version)
    bins = [series(NAME, model_version=number, quantity="score", bin=edge) for edge in ("0", "0.5")]
    count = sum(found[name] for name in bins)
    assert count == found[series("sentiment_prediction_confidence_count", model_version=number)]
    return count


def test_what_to_compare_with_is_that_of_the_versions_that_answer(store: Store) -> None:
    with following(store) as running:
        assert compared(running.url) == {"1"}
        found = samples(running.url)
        name = series("sentiment_reference_ratio", model_version="1", quantity="score", bin="0.5")
        assert found[name] == pytest.approx(4 / 7)
        assert found[series("sentiment_validation_accuracy_ratio", model_version="1")] == 0.8
        store.set_rollout("reviews", Rollout(candidate=2), Reason(action="rollout"))
        running.refresh()
        assert compared(running.url) == {"1", "2"}
        store.set_alias("reviews", "production", 2)
        running.refresh()
        assert compared(running.url) == {"2"}
        store.set_rollout("reviews", Rollout(candidate=1), Reason(action="rollout"))
        running.refresh()
        store.set_rollout("reviews", None, Reason(action="stop"))
        running.refresh()
        assert compared(running.url) == {"2"}


def compared(url: str) -> set[str]:
    """Return the versions whose reference and validation accuracy are shown; both are of the same."""
    shown = samples(url)
    families = ("sentiment_reference_ratio", "sentiment_validation_accuracy_ratio")
    reference, accuracy = (
        {name.split('model_version="')[1][0] for name in shown if name.startswith(family)}
        for family in families
    )
    assert reference == accuracy
    return reference
