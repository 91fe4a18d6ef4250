"""Explaining one review by occlusion: parts are left out one by one, and each remainder is scored anew.

Occlusion is from Zeiler and Fergus (2014, arXiv:1311.2901), for words Li et al. (2016, arXiv:1612.08220). A
contribution is the difference of two log-odds of the predicted label, ln(p / (1 - p)): those of the whole
review less those without the part. With two labels, that is the difference of the label's calibrated logit.
"""

import math
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

from sentiment.explanation.explanation import Explanation, SentenceEffect, TokenEffect
from sentiment.explanation.reading import Ids, Reading, ReadPart, ReadWord
from sentiment.prediction import Prediction
from sentiment.tokenizer import TokenizedReview

__all__ = ["Occlusion", "Unit", "is_mixed", "log_odds"]

Unit = Literal["sentence", "token", "both"]
"""Which parts are explained."""

_MIN_LOG_ODDS = 0.5
_SURE, _SURE_NOT = 0.9, 0.1
"""What a sentence must do to pull one way; docs/explanations.md has how many reviews that makes mixed."""


class Occlusion:
    """The explanation of one review while it grows.

    Score what `next_round` asks for, give the predictions to `take`, and go on until it asks for nothing. The
    whole review comes first, then each sentence is left out and stands alone, then the words are left out,
    those of the strongest sentences first. `explanation` is there from the first round on.
    """

    def __init__(self, reading: Reading, *, unit: Unit, max_forwards: int) -> None:
        """Take how many inputs may be scored, at least one: the whole review is the first."""
        self._reading = reading
        self._unit = unit
        self._num_left = max_forwards
        self._stages: deque[Callable[[], Iterable[Ids]]] = deque([self._sentence_inputs, self._word_inputs])
        self._waiting: deque[Ids] = deque()
        self._asked: list[Ids] = []
        self._found: dict[Ids, Prediction] = {}

    @property
    def has_prediction(self) -> bool:
        """Whether the whole review has been scored, so that there is something to explain."""
        return self._reading.ids in self._found

    def next_round(self, *, max_tokens: int) -> list[TokenizedReview]:
        """Return what to score next, one input at least; nothing at the end. No input is asked for twice."""
        while not self._waiting and self._stages:
            inputs = dict.fromkeys(self._stages.popleft()())
            self._waiting.extend(ids for ids in inputs if ids not in self._found)
        self._asked = list(self._take_waiting(max_tokens))
        return list(map(self._as_review, self._asked))

    def take(self, predictions: Sequence[Prediction]) -> None:
        """Take the predictions of what the last round asked for, in its order."""
        self._found.update(zip(self._asked, predictions, strict=True))

    def explanation(self) -> Explanation:
        """Return what is known by now; the whole review must have been scored."""
        reading = self._reading
        sentences = [self._sentence_effect(each) for each in reading.sentences]
        tokens = [self._token_effect(each) for each in reading.words] if self._unit != "sentence" else []
        mixed = is_mixed(sentences)
        if self._unit == "token":
            sentences = []
        return Explanation(
            prediction=self._found[reading.ids],
            complete=_is_complete(sentences, tokens),
            mixed=mixed,
            unread=reading.unread,
            sentences=tuple(sentences),
            tokens=tuple(tokens),
        )

    def _take_waiting(self, max_tokens: int) -> Iterator[Ids]:
        num_tokens = 0
        while self._waiting and self._num_left:
            num_tokens += len(self._waiting[0])
            if num_tokens > max_tokens and num_tokens > len(self._waiting[0]):
                return
            self._num_left -= 1
            yield self._waiting.popleft()

    def _as_review(self, ids: Ids) -> TokenizedReview:
        if ids == self._reading.ids:
            return self._reading.review
        return TokenizedReview(ids=list(ids), num_tokens=len(ids), truncated=False, unknown_ratio=0.0)

    def _sentence_inputs(self) -> Iterator[Ids]:
        reading = self._reading
        yield reading.ids
        yield from map(reading.without, reading.sentences)
        yield from map(reading.only, reading.sentences)

    def _word_inputs(self) -> Iterator[Ids]:
        if self._unit == "sentence":
            return
        for sentence in sorted(self._reading.sentences, key=self._strength, reverse=True):
            yield from map(self._reading.without, self._reading.words_of(sentence))

    def _strength(self, sentence: ReadPart) -> float:
        return abs(self._contribution(sentence) or 0.0)

    def _sentence_effect(self, sentence: ReadPart) -> SentenceEffect:
        alone = self._found.get(self._reading.only(sentence))
        label = self._found[self._reading.ids].label
        return SentenceEffect(
            start=sentence.start,
            end=sentence.end,
            text=self._reading.text(sentence),
            contribution=self._contribution(sentence),
            alone=None if alone is None else alone.probabilities[label],
        )

    def _token_effect(self, word: ReadWord) -> TokenEffect:
        return TokenEffect(
            start=word.start,
            end=word.end,
            text=self._reading.text(word),
            contribution=self._contribution(word),
            known=word.is_known,
        )

    def _contribution(self, part: ReadPart) -> float | None:
        whole, rest = self._found[self._reading.ids], self._found.get(self._reading.without(part))
        return None if rest is None else log_odds(whole, whole.label) - log_odds(rest, whole.label)


def log_odds(prediction: Prediction, label: str) -> float:
    """Return ln(p / (1 - p)) of a label's probability, from the others' sum, which loses no digits near 1."""
    others = sum(p for name, p in prediction.probabilities.items() if name != label)
    return _log(prediction.probabilities[label]) - _log(others)


def is_mixed(sentences: Iterable[SentenceEffect]) -> bool:
    """Return whether one sentence pulls clearly towards the label, and another one away from it.

    A sentence does if it moves the log-odds by at least 0.5, and the label's probability for the sentence by
    itself is at least 0.9, or at most 0.1.
    """
    pulls = set(map(_pull, sentences))
    return {-1, 1} <= pulls


def _pull(sentence: SentenceEffect) -> int:
    contribution, alone = sentence.contribution, sentence.alone
    if contribution is None or alone is None:
        return 0
    if contribution >= _MIN_LOG_ODDS and alone >= _SURE:
        return 1
    return -1 if contribution <= -_MIN_LOG_ODDS and alone <= _SURE_NOT else 0


def _is_complete(sentences: Iterable[SentenceEffect], tokens: Iterable[TokenEffect]) -> bool:
    return all(None not in (each.contribution, each.alone) for each in sentences) and all(
        each.contribution is not None for each in tokens
    )


def _log(value: float) -> float:
    # A probability may be so small that it is zero as a float.
    return math.log(max(value, sys.float_info.min))
