"""Transferring the weights of a base version to a new vocabulary.

A word that is in both vocabularies keeps its vector. The vector of a new word starts as the mean of all the
base's vectors (Hewitt 2021, "Initializing New Word Embeddings for Pretrained Language Models"), and that of a
new piece as the mean of the words that contain it. A piece that is marked as the beginning of a word is the
exception: it starts as the mean of all, since names begin like words with an opinion by chance.

Shapes: V token ids, E embedding features.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from sentiment import Tokenizer
from sentiment.pieces import CONTINUATION, MAX_PIECE_LETTERS

__all__ = ["with_vocabulary"]

_EMBEDDING = "embedding.weight"


def with_vocabulary(weights: Mapping[str, Tensor], old: Tokenizer, new: Tokenizer) -> dict[str, Tensor]:
    """Return the weights with another embedding: it has a row for each id of `new` instead of `old`."""
    return {**weights, _EMBEDDING: _embedding(weights[_EMBEDDING], old, new)}


def _embedding(old_VE: Tensor, old: Tokenizer, new: Tokenizer) -> Tensor:
    old_ids = {name: token_id for token_id, name in enumerate(old.names(range(old.vocabulary_size)))}
    mean_E = old_VE.mean(0)
    words_of = _words_by_piece(new.pieces, old.words)
    rows = []
    for name in new.names(range(new.vocabulary_size)):
        if name in old_ids:
            rows.append(old_VE[old_ids[name]])
        elif with_it := words_of.get(name):
            rows.append(old_VE[[old_ids[word] for word in with_it]].mean(0))
        else:
            rows.append(mean_E)
    return torch.stack(rows)


def _words_by_piece(pieces: Iterable[str], words: Iterable[str]) -> Mapping[str, list[str]]:
    """Return for each piece the words that contain it: at their start, or later for a continuation.

    There are none for a piece with the mark of a beginning.
    """
    wanted = set(pieces)
    found = defaultdict(list)
    for word in words:
        for piece in sorted(_pieces_in(word) & wanted):
            found[piece].append(word)
    return found


def _pieces_in(word: str) -> set[str]:
    return {
        (CONTINUATION if start else "") + word[start:end]
        for start in range(len(word))
        for end in range(start + 1, min(len(word), start + MAX_PIECE_LETTERS) + 1)
    }
