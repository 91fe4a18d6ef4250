"""What an unknown word is read as, so that a misspelt, stretched or new word and an emoji mean something.

1. A stretched word as the plain one: "woooorst" is "worst" (`sentiment.stretched`).
2. A symbol as the words of its Unicode name: U+1F44E is "thumbs down sign".
3. Anything else as known pieces, the longest first: "terribel" is "terri" and "##bel". The mark tells pieces
   that go on from those that begin a word. This is the cut of WordPiece (Wu et al. 2016, arXiv:1609.08144).
   With `own_beginnings`, pieces that begin a word have a mark as well ("terri##"),
   and ids of their own. Without, a known word may begin another one, unless it has two or three letters:
   "Mehmet" is not "meh" and "##met".
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from sentiment.stretched import is_stretched, spellings

__all__ = ["BEGINNING", "CONTINUATION", "MAX_PIECE_LETTERS", "Pieces"]

CONTINUATION = "##"
"""Stands before a piece that goes on; no token of a text has it, since a mark is a token by itself."""
BEGINNING = "##"
"""Stands behind a piece that begins a word, where such pieces have ids of their own."""
MAX_PIECE_LETTERS = 12
"""Longer pieces would be nearly whole words."""

_MAX_LETTERS = 64
"""Longer words are no words, and stay unknown: they would fill the review with pieces."""
_SHORT = (2, 3)
"""Numbers of letters: such words have a meaning of their own, and many names begin with one by chance."""
_MUCH_MORE_FREQUENT = 50
"""Of two spellings of a stretched word the longer one is meant ("too", not "to"; "soon", not "son"), unless
the shorter one is this many times as frequent ("so", not "soo"). Frequency falls as 1 / rank (Zipf's law)."""
_NAME_WORDS = re.compile(r"[a-z0-9]+")


class Pieces:
    """The pieces of a vocabulary, and how a word is cut into them."""

    def __init__(
        self,
        words: Mapping[str, int],
        pieces: Sequence[str],
        *,
        unknown_id: int,
        own_beginnings: bool = False,
    ) -> None:
        """Take the ids of the words, lower ones for more frequent words; those of the pieces follow."""
        first_id = unknown_id + 1 + len(words)
        ids = {piece: token_id for token_id, piece in enumerate(pieces, start=first_id)}
        self._words = words
        self._next = {
            piece.removeprefix(CONTINUATION): ids[piece] for piece in ids if piece.startswith(CONTINUATION)
        }
        beginnings = {piece: ids[piece] for piece in ids if not piece.startswith(CONTINUATION)}
        if own_beginnings:
            self._first = {piece.removesuffix(BEGINNING): ids[piece] for piece in beginnings}
        else:
            self._first = {word: words[word] for word in words if len(word) not in _SHORT} | beginnings
        self._longest_first, self._longest_next = (
            max(map(len, known), default=1) for known in (self._first, self._next)
        )
        self._unknown_id = unknown_id

    def cut(self, word: str) -> tuple[int, ...]:
        """Return the ids that a word is read as, at least one.

        Characters that no piece has are unknown, a row of them once.
        """
        if is_stretched(word) and (plain := self._plain(word)):
            return (self._words[plain],)
        if len(word) == 1 and word not in self._first and unicodedata.category(word) == "So":
            return self._named(word)
        if len(word) > _MAX_LETTERS:
            return (self._unknown_id,)
        return tuple(self._greedy(word, self._longest_first))

    def cut_known(self, word: str) -> tuple[int, ...]:
        """Return the pieces of a known word, as if it were unknown: more than one, or the unknown id."""
        return tuple(self._greedy(word, len(word) - 1))

    def _plain(self, word: str) -> str | None:
        """Return the known word that a stretched one stands for."""
        known = [spelling for spelling in spellings(word) if spelling in self._words]
        best = known[0] if known else None
        for spelling in known[1:]:
            if best and self._rank(spelling) * _MUCH_MORE_FREQUENT < self._rank(best):
                best = spelling
        return best

    def _rank(self, word: str) -> int:
        return self._words[word] - self._unknown_id

    def _named(self, symbol: str) -> tuple[int, ...]:
        words = _NAME_WORDS.findall(unicodedata.name(symbol, "").lower())
        ids = chain.from_iterable(
            (self._words[word],) if word in self._words else self.cut(word) for word in words
        )
        return tuple(ids) or (self._unknown_id,)

    def _greedy(self, word: str, longest: int) -> Iterator[int]:
        """Yield the ids of the pieces, at most `longest` letters in the first."""
        start, known, was_known = 0, self._first, True
        while start < len(word):
            for end in range(min(len(word), start + longest), start, -1):
                if (token_id := known.get(word[start:end])) is not None:
                    yield token_id
                    was_known = True
                    break
            else:
                if was_known:
                    yield self._unknown_id
                was_known = False
            start, known, longest = end, self._next, self._longest_next
