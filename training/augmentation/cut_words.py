"""Known words read as pieces now and then, so that pieces are trained on words whose meaning is known.

This is subword regularisation for a vocabulary of whole words (as BPE-dropout, Provilkov et al. 2020,
arXiv:1910.13267, is for one of byte pairs).
"""

from functools import cache
from random import Random

from sentiment import Tokenizer
from sentiment.tokenizer import UNKNOWN_ID

__all__ = ["WordCutter"]

_MIN_LETTERS = 4


class WordCutter:
    """Cuts known words of at least four letters into the pieces that unknown words are cut into."""

    def __init__(self, tokenizer: Tokenizer, rate: float) -> None:
        """Take the share of the words to cut, 0 to 1."""
        self._tokenizer = tokenizer
        self._rate = rate
        self._pieces = cache(self._cut)

    def cut(self, ids: list[int], random: Random) -> list[int]:
        """Return the ids with some words cut, at most `max_tokens` of them."""
        room = self._tokenizer.config.max_tokens - len(ids)
        cut: list[int] = []
        for token_id in ids:
            pieces = self._pieces(token_id) if random.random() < self._rate else (token_id,)
            if len(pieces) - 1 > room:
                pieces = (token_id,)
            room -= len(pieces) - 1
            cut += pieces
        return cut

    def _cut(self, token_id: int) -> tuple[int, ...]:
        [word] = self._tokenizer.names([token_id])
        pieces = self._tokenizer.cut(token_id) if word.isalpha() and len(word) >= _MIN_LETTERS else ()
        return pieces if pieces and UNKNOWN_ID not in pieces else (token_id,)
