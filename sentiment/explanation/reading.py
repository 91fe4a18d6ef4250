"""What the model reads of a review: its sentences and words, with their ids and where they stand."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sentiment.explanation.explanation import TextRange
from sentiment.graphemes import GraphemeClusters
from sentiment.sentences import sentence_spans
from sentiment.tokenizer import UNKNOWN_ID, Span, TokenizedReview, Tokenizer

__all__ = ["Ids", "ReadPart", "ReadWord", "Reading"]

Ids = tuple[int, ...]
"""Token ids, at least one."""


@dataclass(frozen=True, slots=True)
class ReadPart(TextRange):
    """A part of a review, as text and as ids."""

    first_id: int
    """Index of its first id among those of the review."""
    behind_id: int
    """Index behind its last id, so it has `behind_id - first_id` of them, at least one."""


@dataclass(frozen=True, slots=True)
class ReadWord(ReadPart):
    """A word or mark.

    Tokens that stand for the same characters are one: "½" is read as "1", "/" and "2", and an emoji may
    be made of several others.
    """

    is_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A review as the model reads it.

    Leaving out a part never lets it read what truncation cut off, and no part begins or ends within what
    readers see as one character.
    """

    raw: str
    review: TokenizedReview
    ids: Ids
    """Those of `review`."""
    words: tuple[ReadWord, ...]
    """In the order of the text, without an overlap; together they have all ids of `review`."""
    sentences: tuple[ReadPart, ...]
    """Those with at least one word, in the order of the text; together they have all words."""
    unread: tuple[TextRange, ...]

    @classmethod
    def of(cls, raw: str, tokenizer: Tokenizer) -> "Reading":
        """Read a review; takes about ten times as long as `Tokenizer.encode`."""
        spans, gap = tokenizer.spans_and_gap(raw)
        clusters = GraphemeClusters.of(raw)
        words = tuple(_words([_widened(span, clusters) for span in spans]))
        review = tokenizer.encode(raw)
        return cls(
            raw=raw,
            review=review,
            ids=tuple(review.ids),
            words=words,
            sentences=tuple(_sentences(raw, words, clusters)),
            unread=tuple(_outside(clusters.around(*gap), words)) if gap else (),
        )

    def without(self, part: ReadPart) -> Ids:
        """Return the ids of all but a part; if nothing is left, those of an empty review."""
        ids = self.ids
        return ids[: part.first_id] + ids[part.behind_id :] or (UNKNOWN_ID,)

    def only(self, part: ReadPart) -> Ids:
        """Return the ids of a part."""
        return self.ids[part.first_id : part.behind_id]

    def words_of(self, sentence: ReadPart) -> tuple[ReadWord, ...]:
        """Return the words of a sentence."""
        return tuple(word for word in self.words if sentence.first_id <= word.first_id < sentence.behind_id)

    def text(self, part: TextRange) -> str:
        """Return a part as it was given."""
        return self.raw[part.start : part.end]


def _widened(span: Span, clusters: GraphemeClusters) -> Span:
    """Return a span with the whole of the characters that it is a part of, as readers see them."""
    start, end = clusters.around(span.start, span.end)
    return span._replace(start=start, end=end)


def _words(spans: Sequence[Span]) -> Iterator[ReadWord]:
    """Yield words without an overlap: cleaning may make several tokens of the same characters."""
    position = 0
    for group in _overlapping(spans):
        num_ids = sum(len(span.ids) for span in group)
        yield ReadWord(
            start=group[0].start,
            end=max(span.end for span in group),
            first_id=position,
            behind_id=position + num_ids,
            is_known=all(span.is_known for span in group),
        )
        position += num_ids


def _overlapping(spans: Sequence[Span]) -> Iterator[list[Span]]:
    group: list[Span] = []
    end = 0
    for span in spans:
        if group and span.start >= end:
            yield group
            group = []
        group.append(span)
        end = max(end, span.end)
    if group:
        yield group


def _sentences(raw: str, words: Sequence[ReadWord], clusters: GraphemeClusters) -> Iterator[ReadPart]:
    """Yield the sentences that words begin in; one that begins outside of all belongs to the one before."""
    spans = [clusters.around(*span) for span in sentence_spans(raw)] or [(0, len(raw))]
    starts = [start for start, _ in spans]
    for index, group in groupby(words, key=lambda word: max(0, bisect_right(starts, word.start) - 1)):
        members = list(group)
        yield ReadPart(*spans[index], first_id=members[0].first_id, behind_id=members[-1].behind_id)


def _outside(gap: tuple[int, int], words: Sequence[ReadWord]) -> Iterator[TextRange]:
    """Yield what is left of a gap outside of all words, if anything."""
    start = max([gap[0], *(word.end for word in words if word.start <= gap[0])])
    end = min([gap[1], *(word.start for word in words if word.start > gap[0])])
    if start < end:
        yield TextRange(start, end)
