"""Positions as UTF-16 code units."""

from collections.abc import Sequence

from hypothesis import given

from sentiment.explanation import SentenceEffect, TokenEffect, explain, in_utf16
from sentiment.prediction import Prediction
from sentiment.tokenizer import TokenizedReview
from tests.sentiment.explanation.test_reading import TEXTS
from tests.sentiment.test_tokenizer import PIECES


def score(reviews: Sequence[TokenizedReview]) -> list[Prediction]:
    """Say the same of every review."""
    return [Prediction("a", 0.5, {"a": 0.5, "b": 0.5}, 1, False, 0.0) for _ in reviews]


def encoded(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


@given(raw=TEXTS)
def test_both_kinds_of_offsets_cut_out_the_text(raw: str) -> None:
    explanation = explain(raw, PIECES, score)
    in_units = in_utf16(explanation, raw)
    assert [part.text for part in in_units.tokens] == [part.text for part in explanation.tokens]
    points: list[SentenceEffect | TokenEffect] = [*explanation.sentences, *explanation.tokens]
    for point in points:
        assert raw[point.start : point.end] == point.text
    units: list[SentenceEffect | TokenEffect] = [*in_units.sentences, *in_units.tokens]
    for unit in units:
        assert encoded(raw)[2 * unit.start : 2 * unit.end] == encoded(unit.text)
    for part, moved in zip(explanation.unread, in_units.unread, strict=True):
        assert encoded(raw)[2 * moved.start : 2 * moved.end] == encoded(raw[part.start : part.end])
