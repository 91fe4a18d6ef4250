from sentiment import Prediction
from training.publishing.histograms import reference_histograms


def prediction(score: float, tokens: int, unknown_ratio: float) -> Prediction:
    label = "positive" if score >= 0.5 else "negative"
    probabilities = {"negative": 1 - score, "positive": score}
    return Prediction(
        label, max(score, 1 - score), probabilities, tokens, truncated=False, unknown_ratio=unknown_ratio
    )


def test_every_prediction_is_in_one_bin() -> None:
    predictions = [prediction(0.0, 0, 0.0), prediction(0.52, 120, 0.31), prediction(1.0, 50_000, 1.0)]
    histograms = reference_histograms(predictions)
    assert set(histograms) == {"score", "length", "unknown_ratio"}
    score, length = histograms["score"], histograms["length"]
    assert (score.counts[0], score.counts[10], score.counts[-1]) == (1, 1, 1)
    assert sum(score.counts) == sum(length.counts) == 3
    assert length.counts[length.edges.index(100.0)] == 1
    assert length.counts[-1] == 1
