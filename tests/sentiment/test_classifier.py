import pytest

from sentiment import (
    TOLERANCE,
    Classifier,
    InvalidConfiguration,
    InvalidTokenizer,
    InvalidWeights,
    Tokenizer,
    TokenizerConfig,
    weights_to_bytes,
)
from tests.sentiment.networks import network

TOKENIZER = Tokenizer.fit(["good bad film the a not"], TokenizerConfig(num_words=6, max_tokens=4))
MODEL = network(vocabulary_size=TOKENIZER.vocabulary_size)
PARTS = {
    "labels": ("negative", "positive"),
    "network": MODEL.config,
    "weights": weights_to_bytes(MODEL),
    "tokenizer": TOKENIZER.to_json().encode(),
    "temperature": 1.0,
    "device": "cpu",
}


def build(**parts: object) -> Classifier:
    return Classifier.build(**(PARTS | parts))  # type: ignore[arg-type]  # the parts of the tests


def test_a_prediction_has_all_that_the_model_says() -> None:
    [prediction] = build().predict(["A good film, not a bad one!"])
    assert list(prediction.probabilities) == ["negative", "positive"]
    assert (
        prediction.confidence
        == prediction.probabilities[prediction.label]
        == max(prediction.probabilities.values())
    )
    assert prediction.tokens == 9
    assert prediction.truncated
    assert prediction.unknown_ratio == 0.5


def test_predictions_are_in_the_order_of_the_texts() -> None:
    classifier = build()
    texts = ["good", "bad " * 40, "the film", "not a good film"]
    for text, together in zip(texts, classifier.predict(texts), strict=True):
        [alone] = classifier.predict([text])
        assert together.tokens == alone.tokens
        assert together.probabilities == pytest.approx(alone.probabilities, rel=0, abs=TOLERANCE)


def test_no_texts_give_no_predictions() -> None:
    assert build().predict([]) == []


def test_labels_that_do_not_match_the_network_are_refused() -> None:
    with pytest.raises(InvalidConfiguration, match="2 labels, but 3"):
        build(labels=("a", "b", "c"))


def test_a_tokenizer_of_another_size_is_refused() -> None:
    other = Tokenizer.fit(["good"], TokenizerConfig(num_words=5))
    with pytest.raises(InvalidConfiguration, match="words"):
        build(tokenizer=other.to_json().encode())


def test_broken_parts_are_refused() -> None:
    with pytest.raises(InvalidWeights):
        build(weights=b"{}")
    with pytest.raises(InvalidTokenizer):
        build(tokenizer=b"{}")
