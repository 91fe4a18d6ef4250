"""From single requests to the figures of a case."""

from bench.client import RequestOutcome, Sample
from bench.serving.figures import percentile, summarise


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, share) for share in (50, 95, 99, 100)] == [50.0, 95.0, 99.0, 100.0]
    assert percentile([*values, 1000.0], 99) == 100.0
    assert percentile([7.0], 50) == 7.0
    assert percentile([], 50) is None


def test_only_good_answers_count_as_throughput_and_latency() -> None:
    samples = [Sample(10.0, 10.0 + 0.25 * number, RequestOutcome.GOOD) for number in (1, 2, 3, 4)]
    samples += [
        Sample(10.0, 19.0, outcome) for outcome in RequestOutcome if outcome is not RequestOutcome.GOOD
    ]
    found = summarise(samples, window_seconds=2.0, reviews_per_request=32)
    assert found.reviews_per_second == 4 * 32 / 2
    assert (found.p50_ms, found.p95_ms, found.p99_ms) == (500.0, 1000.0, 1000.0)
    assert (found.num_good, found.num_refused, found.num_late, found.num_failed) == (4, 1, 1, 1)
