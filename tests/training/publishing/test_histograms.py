import pytest

from sentiment import Prediction
from training.publishing.histograms import reference_histograms


def prediction(score: float, tokens: int, unknown_ratio: float) -> Prediction:
    label = "positive" if score >= 0.5 else "negative"
    probabilities = {"negative": 1 - score, "positive": score}
    return Prediction(
        label, max(score, 1 - score), probabilities, tokens, truncated=False, unknown_ratio=unknown_ratio
    )


def test_every_prediction_is_in_one_bin_of_each_quantity() -> None:
    predictions = [prediction(0.0, 1, 0.0), prediction(0.52, 120, 0.31), prediction(1.0, 50_000, 1.0)]
    histograms = reference_histograms(predictions)
    assert set(histograms) == {"score", "length", "unknown_ratio"}
    assert histograms["score"].counts == (1, 0, 0, 0, 0, 1, 0, 0, 0, 1)
    assert histograms["unknown_ratio"].counts == (1, 0, 0, 0, 0, 2)
    assert sum(histograms["length"].counts) == 3


def test_the_edges_are_those_that_a_service_counts_by() -> None:
    histograms = reference_histograms([prediction(0.3, length, 0.015) for length in range(1, 101)])
    assert histograms["score"].edges == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    assert histograms["score"].counts[3] == 100
    assert histograms["unknown_ratio"].edges == (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 1.0)
    assert histograms["unknown_ratio"].counts == (0, 100, 0, 0, 0, 0)


def test_lengths_are_cut_into_ten_bins_of_about_as_many_reviews() -> None:
    length = reference_histograms([prediction(0.3, 7 * number, 0.0) for number in range(1, 1001)])["length"]
    assert len(length.counts) == 10
    assert length.edges[0] == 0
    assert all(edge.is_integer() for edge in length.edges)
    assert all(count == pytest.approx(100, abs=2) for count in length.counts)


@pytest.mark.parametrize(("lengths", "edges"), [([5] * 20, (0.0, 5.0, 6.0)), ([0] * 9, (0.0, 1.0))])
def test_equal_lengths_share_a_bin(lengths: list[int], edges: tuple[float, ...]) -> None:
    length = reference_histograms([prediction(0.3, each, 0.0) for each in lengths])["length"]
    assert length.edges == edges
    assert length.counts[-1] == len(lengths)
