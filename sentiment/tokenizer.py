"""Review text to token ids: the same object in training and in serving, saved with each version.

One regular expression cuts clean text into words, contractions and punctuation; a word's id is its rank in
a vocabulary sorted by frequency. A vocabulary may have pieces of words after its words: an unknown word is
then read as pieces (`sentiment.pieces`), and still counts as one token.

Python's `re` takes about 0.1 ms for a review of 230 words, half the time of a compiled tokenizer with the
same rules (`experiments/tokenizer.py` prints the ratio).
"""

import json
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import NamedTuple, TypeVar

from sentiment.errors import InvalidTokenizer
from sentiment.pieces import Pieces
from sentiment.saved import saved_fields
from sentiment.text import align, clean
from sentiment.text_rules import TextRules
from sentiment.tokenizer_config import TokenizerConfig
from sentiment.vocabulary import learn_vocabulary

__all__ = ["FIRST_WORD_ID", "PADDING_ID", "UNKNOWN_ID", "Span", "TokenizedReview", "Tokenizer", "split"]

T = TypeVar("T")

PADDING_ID = 0
UNKNOWN_ID = 1
_SPECIAL = ("<pad>", "<unk>")  # In angle brackets, so that no word of a review can be one.
FIRST_WORD_ID = len(_SPECIAL)
_FORMAT = 1


def _combining_marks() -> str:
    """Return all combining marks: `re` does not count them as letters, though words contain them."""
    marks = [code for code in range(0x300, 0x10000) if unicodedata.category(chr(code)).startswith("M")]
    return "".join(map(chr, marks))


_TOKEN = re.compile(
    rf"[\w{_combining_marks()}]+(?:'t\b)?"  # a word; "don't" stays whole, since its meaning turns on its end
    r"|'(?:s|re|ve|ll|d|m)\b"  # other contractions and possessives stand alone: "film" + "'s"
    r"|!{1,3}|\?{1,3}|\.{2,3}"  # up to three marks in one token, so that the vocabulary has few runs
    r"|[^\w\s]"  # any other mark or symbol by itself
)


@dataclass(frozen=True, slots=True)
class TokenizedReview:
    """One review as the network takes it."""

    ids: list[int]
    """Ids of words and pieces after truncation; never empty: a review without a token counts as one unknown
    token."""
    num_tokens: int
    """Tokens in the whole review, before truncation. A word that is read as pieces is one token."""
    truncated: bool
    unknown_ratio: float
    """Share of the tokens left after truncation that are no words of the vocabulary, 0 to 1. A word that is
    read as pieces counts as unknown, since the model is less sure of its meaning."""


class Span(NamedTuple):
    """The position of a token in the raw text, `raw[start:end]`."""

    start: int
    end: int
    ids: tuple[int, ...]
    """One for a known word, one or more for the pieces of another."""
    is_known: bool
    """Whether the token is a word of the vocabulary; the others are what `unknown_ratio` counts."""


class Tokenizer:
    """Turns raw review text into token ids. Immutable, and safe to share between threads."""

    def __init__(self, words: Sequence[str], config: TokenizerConfig, pieces: Sequence[str] = ()) -> None:
        """Take the known words and pieces in the order of their ids; `fit` is the usual way to make them."""
        if pieces and not config.num_pieces:
            raise InvalidTokenizer("there are pieces of words, though num_pieces is 0")
        self.config = config
        self.words = tuple(words)
        self.pieces = tuple(pieces)
        self._names = (*_SPECIAL, *self.words, *self.pieces)
        self._ids = {word: token_id for token_id, word in enumerate(self.words, start=FIRST_WORD_ID)}
        if len({*self._ids, *self.pieces}) != len(self.words) + len(self.pieces):
            raise InvalidTokenizer("the vocabulary lists a word or a piece twice")
        self._pieces = self._make_pieces() if config.num_pieces else None

    @classmethod
    def fit(cls, texts: Iterable[str], config: TokenizerConfig) -> "Tokenizer":
        """Learn the vocabulary from raw texts: words by falling frequency, ties in alphabetical order."""
        vocabulary = learn_vocabulary((split(text, config.text_rules) for text in texts), config)
        return cls(vocabulary.words, config, vocabulary.pieces)

    @property
    def vocabulary_size(self) -> int:
        """Number of ids, padding and unknown included: the rows of the embedding."""
        return len(self._names)

    def split(self, raw: str) -> list[str]:
        """Return the tokens of a raw review as text, known or not, before truncation."""
        return split(raw, self.config.text_rules)

    def names(self, ids: Iterable[int]) -> list[str]:
        """Return the words and pieces that ids stand for."""
        return [self._names[token_id] for token_id in ids]

    def cut(self, token_id: int) -> tuple[int, ...]:
        """Return the pieces that a known word would be read as if it were unknown.

        That is the unknown id without pieces, and any other id than that of a word stands for itself.
        """
        index = token_id - FIRST_WORD_ID
        if not 0 <= index < len(self.words):
            return (token_id,)
        return self._pieces.cut_known(self.words[index]) if self._pieces else (UNKNOWN_ID,)

    def encode(self, raw: str) -> TokenizedReview:
        """Return the ids of a raw review, cut to `max_tokens`. Any string is accepted."""
        tokens = self.split(raw)
        kept = self._keep(tokens)
        ids = [self._ids.get(token, UNKNOWN_ID) for token in kept] or [UNKNOWN_ID]
        if self._pieces and UNKNOWN_ID in ids and kept:
            return self._encode_with_pieces(tokens, kept, ids, self._pieces)
        return TokenizedReview(
            ids=ids,
            num_tokens=len(tokens),
            truncated=len(kept) < len(tokens),
            unknown_ratio=ids.count(UNKNOWN_ID) / len(ids),
        )

    def encode_whole(self, raw: str) -> list[int]:
        """Return the ids of a raw review without truncation; empty for a review without a token."""
        return list(chain.from_iterable(map(self._ids_of, self.split(raw))))

    def spans(self, raw: str) -> list[Span]:
        """Return the position in the raw text of each token that `encode` keeps, in the order of its ids."""
        return self.spans_and_gap(raw)[0]

    def spans_and_gap(self, raw: str) -> tuple[list[Span], tuple[int, int] | None]:
        """Return `spans`, and where the tokens that `encode` does not keep begin and end, if any."""
        aligned = align(raw, self.config.text_rules)
        matches = list(_TOKEN.finditer(aligned.text))
        spans = [
            Span(
                aligned.starts[match.start()],
                aligned.ends[match.end() - 1],
                self._ids_of(match[0]),
                match[0] in self._ids,
            )
            for match in self._keep(matches)
        ]
        head, tail = self._ends([len(span.ids) for span in spans])
        cut_off = matches[head : len(matches) - tail]
        gap = (aligned.starts[cut_off[0].start()], aligned.ends[cut_off[-1].end() - 1]) if cut_off else None
        return spans[:head] + spans[len(spans) - tail :], gap

    def to_json(self) -> str:
        """Return all that `from_json` needs to make the same tokenizer."""
        saved = {"format": _FORMAT, "config": saved_fields(self.config), "words": self.words}
        if self.config.num_pieces:
            saved["pieces"] = self.pieces
        return json.dumps(saved, indent=0) + "\n"

    @classmethod
    def from_json(cls, saved: str | bytes) -> "Tokenizer":
        """Make the tokenizer that `to_json` saved; raises InvalidTokenizer when it cannot be read."""
        try:
            fields = json.loads(saved)
            if fields["format"] != _FORMAT:
                raise InvalidTokenizer(f"format {fields['format']!r} is not known to this software")
            words, pieces = _strings(fields, "words"), _strings({"pieces": [], **fields}, "pieces")
            config = TokenizerConfig(**fields["config"])
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidTokenizer(f"not a saved tokenizer: {error!r}") from error
        return cls(words, config, pieces)

    def _make_pieces(self) -> Pieces:
        return Pieces(
            self._ids, self.pieces, unknown_id=UNKNOWN_ID, own_beginnings=self.config.own_beginnings
        )

    def _ids_of(self, token: str) -> tuple[int, ...]:
        token_id = self._ids.get(token, UNKNOWN_ID)
        return (token_id,) if token_id != UNKNOWN_ID or not self._pieces else self._pieces.cut(token)

    def _encode_with_pieces(
        self, tokens: Sequence[str], kept: Sequence[str], ids: list[int], pieces: Pieces
    ) -> TokenizedReview:
        cuts = {index: pieces.cut(kept[index]) for index, known in enumerate(ids) if known == UNKNOWN_ID}
        num_kept, num_unknown = len(kept), len(cuts)
        for index in reversed(cuts):
            ids[index : index + 1] = cuts[index]
        if len(ids) > self.config.max_tokens:
            num_ids = [1] * len(kept)
            for index, cut in cuts.items():
                num_ids[index] = len(cut)
            head, tail = self._room(num_ids)
            first_of_tail = len(kept) - tail
            ids = ids[: sum(num_ids[:head])] + ids[len(ids) - sum(num_ids[first_of_tail:]) :] or [UNKNOWN_ID]
            num_kept = head + tail
            num_unknown = sum(index < head or index >= first_of_tail for index in cuts)
        return TokenizedReview(
            ids=ids,
            num_tokens=len(tokens),
            truncated=num_kept < len(tokens),
            unknown_ratio=num_unknown / num_kept if num_kept else 1.0,
        )

    def _ends(self, num_ids: Sequence[int]) -> tuple[int, int]:
        """Return how many of the tokens that `_keep` keeps are of the beginning and of the end, and fit."""
        if sum(num_ids) > self.config.max_tokens:
            return self._room(num_ids)
        head = min(len(num_ids), self._head_limit())
        return head, len(num_ids) - head

    def _room(self, num_ids: Sequence[int]) -> tuple[int, int]:
        """Return how many tokens at the beginning and at the end fit whole into `max_tokens`.

        `num_ids` has the number of ids of each token; if all fit, all are of the beginning.
        """
        sums = list(accumulate(num_ids, initial=0))
        if sums[-1] <= self.config.max_tokens:
            return len(num_ids), 0
        head_limit = self._head_limit()
        tail_limit = self.config.max_tokens - head_limit
        return bisect_right(sums, head_limit) - 1, len(num_ids) - bisect_left(sums, sums[-1] - tail_limit)

    def _head_limit(self) -> int:
        """Return how many of `max_tokens` are of the beginning of a longer review."""
        limit = self.config.max_tokens
        return {"head": limit, "head_tail": limit // 4, "tail": 0}[self.config.truncation]

    def _keep(self, tokens: Sequence[T]) -> Sequence[T]:
        limit = self.config.max_tokens
        if len(tokens) <= limit:
            return tokens
        head = self._head_limit()
        return [*tokens[:head], *tokens[len(tokens) - limit + head :]]


def _strings(fields: Mapping[str, object], name: str) -> list[str]:
    found = fields[name]
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise InvalidTokenizer(f"{name} must be a list of strings")
    return found


def split(raw: str, rules: TextRules = 1) -> list[str]:
    """Return the tokens of a raw review as text, without any vocabulary."""
    return _TOKEN.findall(clean(raw, rules))
