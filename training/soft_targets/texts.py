"""The texts that a teacher gets: whole reviews, and sentences cut from reviews, each text once."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from reviews import Columns, Review, read_reviews
from sentiment.sentences import sentence_spans
from training.soft_targets.row import digest_of
from training.soft_targets.writer import IdentifiedText

__all__ = ["cut_sentences", "read_texts"]

_MIN_WORDS = 3
_MAX_WORDS = 60


def read_texts(
    whole: Sequence[Path], to_cut: Sequence[Path], *, columns: Columns, max_sentences: int | None = None
) -> list[IdentifiedText]:
    """Return the texts of `whole`, then sentences of the reviews in `to_cut`, each text once.

    At most `max_sentences` are taken of one review. Raises ReviewsError for what cannot be read.
    """
    texts = [IdentifiedText(review.id, review.text) for review in _read(whole, columns)]
    for review in _read(to_cut, columns):
        texts += cut_sentences(review.id, review.text, max_sentences=max_sentences)
    return list(_each_once(texts))


def cut_sentences(name: str, text: str, *, max_sentences: int | None = None) -> list[IdentifiedText]:
    """Return the sentences of 3 to 60 words in a text, in order, with the ids `name#0`, `name#1`, ….

    Where there are more than `max_sentences`, those with the lowest digests are taken: a random choice that
    is the same each time.
    """
    sentences = [
        IdentifiedText(f"{name}#{index}", text[start:end])
        for index, (start, end) in enumerate(sentence_spans(text))
        if _MIN_WORDS <= len(text[start:end].split()) <= _MAX_WORDS
    ]
    if max_sentences is None or len(sentences) <= max_sentences:
        return sentences
    chosen = set(sorted(sentences, key=lambda sentence: digest_of(sentence.text))[:max_sentences])
    return [sentence for sentence in sentences if sentence in chosen]


def _read(paths: Sequence[Path], columns: Columns) -> tuple[Review, ...]:
    if not paths:
        return ()
    return read_reviews(paths, split="unlabelled", columns=columns, skip_bad=True).reviews


def _each_once(texts: Iterable[IdentifiedText]) -> Iterator[IdentifiedText]:
    seen: set[str] = set()
    for each in texts:
        digest = digest_of(each.text)
        if digest not in seen:
            seen.add(digest)
            yield each
