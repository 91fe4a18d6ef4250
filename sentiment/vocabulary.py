"""Learning a vocabulary from texts: words by frequency, and the pieces that other words are cut into."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import sqrt
from typing import NamedTuple

from sentiment.pieces import BEGINNING, CONTINUATION, MAX_PIECE_LETTERS
from sentiment.stretched import is_stretched
from sentiment.tokenizer_config import TokenizerConfig

__all__ = ["Vocabulary", "learn_vocabulary"]

_WORD = re.compile(r"\w")


class Vocabulary(NamedTuple):
    """What a tokenizer knows, in the order of the ids."""

    words: list[str]
    pieces: list[str]


def learn_vocabulary(reviews: Iterable[Sequence[str]], config: TokenizerConfig) -> Vocabulary:
    """Learn from the tokens of each review: words by falling frequency, ties in alphabetical order."""
    counts: Counter[str] = Counter()
    num_texts: Counter[str] = Counter()
    for tokens in reviews:
        counts.update(tokens)
        if config.min_texts > 1 or config.num_pieces:
            num_texts.update(set(tokens))
    if config.min_texts > 1:
        counts = Counter({word: counts[word] for word in counts if num_texts[word] >= config.min_texts})
    by_frequency = sorted(counts, key=lambda word: (-counts[word], word))
    if not config.num_pieces:
        return Vocabulary(by_frequency[config.skip_top : config.num_words], [])
    # A stretched word is read as the plain one, which it could not be as a word of its own.
    plain = [word for word in by_frequency if not is_stretched(word)]
    words = plain[config.skip_top : config.num_words - config.num_pieces]
    weights = {word: sqrt(num_texts[word]) for word in sorted(plain) if _WORD.match(word)}
    totals = _piece_totals(weights, set(words), own_beginnings=config.own_beginnings)
    return Vocabulary(words, _most_useful(totals, config.num_pieces))


def _piece_totals(
    weights: Mapping[str, float], known: Collection[str], *, own_beginnings: bool
) -> Mapping[str, float]:
    """Return the weight of all words that a piece is in, for every piece that is not a known word itself."""
    totals: defaultdict[str, float] = defaultdict(float)
    for word, weight in weights.items():
        for start in range(len(word)):
            for end in range(start + 1, min(len(word), start + MAX_PIECE_LETTERS) + 1):
                letters = word[start:end]
                if start:
                    totals[CONTINUATION + letters] += weight
                elif not own_beginnings:
                    totals[letters] += weight
                elif letters not in known or end < len(word):
                    totals[letters + BEGINNING] += weight
    return {piece: totals[piece] for piece in totals if piece not in known}


def _most_useful(totals: Mapping[str, float], num: int) -> list[str]:
    """Return `num` pieces: all characters, then those that spare the most pieces.

    A piece of k letters does the work of k characters. Words count by the square root of the number of their
    texts: by the number itself, the few most frequent words would leave no room for the pieces of others.
    """

    def usefulness(piece: str) -> tuple[bool, float, str]:
        num_letters = len(piece.removeprefix(CONTINUATION).removesuffix(BEGINNING))
        return num_letters > 1, -totals[piece] * max(num_letters - 1, 1), piece

    return sorted(totals, key=usefulness)[:num]
