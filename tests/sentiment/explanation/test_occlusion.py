"""Contributions against the plain network, for any number of labels and both ways of running it."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from sentiment import TOLERANCE, Classifier, Engine, Prediction, TokenizedReview, Tokenizer, TokenizerConfig
from sentiment.explanation import Explanation, Occlusion, Reading, SentenceEffect, TokenEffect, Unit, explain
from sentiment.explanation.occlusion import is_mixed, log_odds
from sentiment.network import SentimentLSTM
from sentiment.padded import Padded
from tests.sentiment.networks import network, padded

CONFIG = TokenizerConfig(num_words=10, max_tokens=30)
TOKENIZER = Tokenizer.fit(["good bad film the a not dull story . !"], CONFIG)
LABELS = ("negative", "positive", "neutral", "angry", "other")
RAW = "A good, good film! The story is not bad. <br />dull? Not dull."
TEMPERATURE, SLOPE = 1.3, -0.2


class PaddedEngine(Engine):
    """Runs the network as on a GPU."""

    def __init__(self, whole: SentimentLSTM) -> None:
        super().__init__(whole, temperature=TEMPERATURE, temperature_slope=SLOPE, device="cpu")
        self._runner = Padded(whole, torch.device("cpu"))


class Counting:
    """Scores, and remembers how many inputs each round had."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self.rounds: list[int] = []
        self.inputs: list[list[int]] = []

    def __call__(self, reviews: Sequence[TokenizedReview]) -> list[Prediction]:
        """Score."""
        self.rounds.append(len(reviews))
        self.inputs += [review.ids for review in reviews]
        return self._classifier.score(reviews)


def classifier(num_labels: int = 2, *, pads: bool = False) -> Classifier:
    whole = network(vocabulary_size=TOKENIZER.vocabulary_size, num_labels=num_labels)
    engine = (
        PaddedEngine(whole)
        if pads
        else Engine(whole, temperature=TEMPERATURE, temperature_slope=SLOPE, device="cpu")
    )
    return Classifier(labels=LABELS[:num_labels], tokenizer=TOKENIZER, engine=engine)


def plain_log_odds(whole: SentimentLSTM, ids: Sequence[int], label: int) -> float:
    """Return the calibrated log-odds of a label, by PyTorch alone."""
    with torch.no_grad():
        [logits] = whole(*padded([list(ids)])).double()
    logits = logits / (TEMPERATURE * (len(ids) / 100) ** SLOPE)
    rest = torch.cat([logits[:label], logits[label + 1 :]])
    return float(logits[label] - torch.logsumexp(rest, 0))


@pytest.mark.parametrize("pads", [False, True])
@pytest.mark.parametrize("num_labels", [2, 3, 5])
def test_contributions_are_the_log_odds_that_the_plain_network_loses(num_labels: int, pads: bool) -> None:
    model = classifier(num_labels, pads=pads)
    explanation = explain(RAW, TOKENIZER, model.score)
    assert explanation.prediction == model.predict([RAW])[0]
    assert explanation.complete
    label = LABELS.index(explanation.prediction.label)
    reading = Reading.of(RAW, TOKENIZER)
    whole = plain_log_odds(model.network, reading.ids, label)
    effects: list[SentenceEffect | TokenEffect] = [*explanation.sentences, *explanation.tokens]
    found = [effect.contribution for effect in effects]
    expected = [
        whole - plain_log_odds(model.network, reading.without(part), label)
        for part in (*reading.sentences, *reading.words)
    ]
    assert found == pytest.approx(expected, abs=100 * TOLERANCE)
    alone = [plain_log_odds(model.network, reading.only(part), label) for part in reading.sentences]
    assert [sentence.alone for sentence in explanation.sentences] == pytest.approx(
        [1 / (1 + math.exp(-each)) for each in alone], abs=TOLERANCE
    )
    assert [effect.text for effect in explanation.sentences] == [
        "A good, good film!",
        "The story is not bad.",
        "dull?",
        "Not dull.",
    ]
    assert len(explanation.tokens) == explanation.prediction.tokens == 17


def test_a_contribution_is_what_an_edit_of_the_text_would_lose() -> None:
    model = classifier()
    explanation = explain("A good film! A bad story.", TOKENIZER, model.score)
    whole, without, alone = model.predict(["A good film! A bad story.", "A good film!", "A bad story."])
    expected = log_odds(whole, whole.label) - log_odds(without, whole.label)
    assert explanation.sentences[1].contribution == pytest.approx(expected, abs=100 * TOLERANCE)
    assert explanation.sentences[1].alone == pytest.approx(alone.probabilities[whole.label], abs=TOLERANCE)


def test_the_only_sentence_is_compared_with_an_empty_review() -> None:
    model = classifier()
    score = Counting(model)
    explanation = explain("a good film!", TOKENIZER, score, unit="sentence")
    [sentence] = explanation.sentences
    whole, empty = model.predict(["a good film!", ""])
    assert sentence.alone == whole.confidence
    expected = log_odds(whole, whole.label) - log_odds(empty, whole.label)
    assert sentence.contribution == pytest.approx(expected, abs=100 * TOLERANCE)
    assert not explanation.mixed
    assert score.rounds == [2], "the sentence by itself is the whole review"


@pytest.mark.parametrize(
    ("unit", "num_sentences", "num_tokens"), [("sentence", 4, 0), ("token", 0, 17), ("both", 4, 17)]
)
def test_a_unit_is_all_that_is_explained(unit: Unit, num_sentences: int, num_tokens: int) -> None:
    explanation = explain(RAW, TOKENIZER, classifier().score, unit=unit)
    assert (len(explanation.sentences), len(explanation.tokens)) == (num_sentences, num_tokens)
    assert explanation.complete


def test_no_input_is_scored_twice() -> None:
    score = Counting(classifier())
    explain("good good good.<br>bad", TOKENIZER, score)  # "bad" is a word and a sentence
    assert len(set(map(tuple, score.inputs))) == len(score.inputs)


def known(effects: Sequence[SentenceEffect | TokenEffect]) -> list[bool]:
    return [effect.contribution is not None for effect in effects]


def within(max_forwards: int, unit: Unit = "both") -> tuple[Explanation, int]:
    """Explain within a budget; returns how many inputs were scored, too."""
    score = Counting(classifier())
    explanation = explain(RAW, TOKENIZER, score, unit=unit, max_forwards=max_forwards)
    return explanation, sum(score.rounds)


def test_a_budget_goes_to_sentences_first() -> None:
    explanation, num_forwards = within(1)
    assert num_forwards == 1
    assert explanation.prediction == classifier().predict([RAW])[0]
    assert not explanation.complete
    assert known(explanation.sentences) == [False] * 4
    explanation, num_forwards = within(3)
    assert num_forwards == 3
    assert known(explanation.sentences) == [True, True, False, False]
    assert [sentence.alone for sentence in explanation.sentences] == [None] * 4
    explanation, num_forwards = within(9)
    assert num_forwards == 9
    assert known(explanation.sentences) == [True] * 4
    assert None not in [sentence.alone for sentence in explanation.sentences]
    assert known(explanation.tokens) == [False] * 17
    assert not explanation.complete
    assert within(9, "sentence")[0].complete


def test_the_rest_of_a_budget_goes_to_the_words_of_the_strongest_sentence() -> None:
    complete = explain(RAW, TOKENIZER, classifier().score)
    sizes = [abs(sentence.contribution or 0) for sentence in complete.sentences]
    strongest = complete.sentences[sizes.index(max(sizes))]
    inside = [strongest.start <= token.start < strongest.end for token in complete.tokens]
    assert strongest.text == "The story is not bad."
    explanation, _ = within(9 + sum(inside))
    assert known(explanation.tokens) == inside


def test_rounds_keep_to_their_tokens_and_change_no_figure() -> None:
    reading = Reading.of(RAW, TOKENIZER)
    model, occlusion = classifier(), Occlusion(reading, unit="both", max_forwards=100)
    num_rounds, before = 0, occlusion.has_prediction
    while reviews := occlusion.next_round(max_tokens=50):
        assert sum(len(review.ids) for review in reviews) <= 50
        occlusion.take(model.score(reviews))
        num_rounds += 1
    assert (before, occlusion.has_prediction) == (False, True)
    assert num_rounds > 5
    assert occlusion.explanation() == explain(RAW, TOKENIZER, classifier().score)


def test_a_round_has_one_input_however_long() -> None:
    occlusion = Occlusion(Reading.of(RAW, TOKENIZER), unit="both", max_forwards=100)
    assert len(occlusion.next_round(max_tokens=1)) == 1


def test_a_probability_of_one_has_finite_log_odds() -> None:
    sure = Prediction("a", 1.0, {"a": 1.0, "b": 0.0}, 1, False, 0.0)
    assert 700 < log_odds(sure, "a") == -log_odds(sure, "b")
    nearly = replace(sure, probabilities={"a": 1.0, "b": 1e-30})
    assert log_odds(nearly, "a") == pytest.approx(30 * math.log(10))


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        ([(0.5, 0.9), (-0.5, 0.1)], True),
        ([(0.5, 0.9), (-0.5, 0.11)], False),
        ([(0.5, 0.9), (-0.49, 0.1)], False),
        ([(0.5, 0.89), (-0.5, 0.1)], False),
        ([(0.49, 0.9), (-0.5, 0.1)], False),
        ([(0.5, 0.9), (None, None)], False),
        ([(2.0, 0.99)], False),
        ([], False),
    ],
)
def test_a_review_is_mixed_when_sentences_pull_both_ways(
    sentences: list[tuple[float | None, float | None]], expected: bool
) -> None:
    effects = [SentenceEffect(0, 1, "a", contribution, alone) for contribution, alone in sentences]
    assert is_mixed(effects) is expected


def test_the_text_of_a_review_without_a_token_is_explained() -> None:
    explanation = explain("<br>", TOKENIZER, classifier().score)
    assert (explanation.sentences, explanation.tokens, explanation.complete) == ((), (), True)
