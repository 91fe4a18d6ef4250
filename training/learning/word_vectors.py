"""Word vectors learned from the reviews' own texts, for the embedding to start from.

word2vec in its CBOW form (Mikolov et al. 2013, arXiv:1301.3781) as gensim implements it. Starting from such
vectors instead of random ones is worth about 3.5 points on IMDB (Dai & Le 2015, arXiv:1511.01432).
"""

from collections.abc import Collection, Iterator
from typing import Never

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from sentiment import Tokenizer
from sentiment.tokenizer import UNKNOWN_ID
from training.recipe.tables import Vectors

__all__ = ["learn_vectors", "num_passes"]

SAMPLE = 1e-4
"""Words that are more frequent are downsampled, as in the paper, which also doubles the speed."""


def num_passes(config: Vectors) -> int:
    """Return how often the texts are read: once to count the words, then once an epoch."""
    return config.epochs + 1


def learn_vectors(
    texts: Collection[str], tokenizer: Tokenizer, config: Vectors, *, size: int, seed: int
) -> NDArray[np.float32]:
    """Return a vector for each token id, [V, size], scaled to unit variance; zeros for ids without one.

    The texts are read `num_passes` times. It uses one thread, so that the same texts and seed give the same
    vectors.
    """
    # Imported here, since training continues from learned vectors on machines with torch and little else.
    from gensim.models import Word2Vec  # noqa: PLC0415

    model = Word2Vec(
        vector_size=size,
        window=config.window,
        negative=config.negative,
        sample=SAMPLE,
        min_count=1,
        seed=seed,
        workers=1,
    )
    num_reads = len(texts) * num_passes(config)
    bar: tqdm[Never] = tqdm(total=num_reads, desc="word vectors", unit="review", disable=None)
    with bar:
        corpus = _Corpus(texts, tokenizer, bar)
        model.build_vocab(corpus)
        model.train(corpus, total_examples=model.corpus_count, epochs=config.epochs)
    vectors = np.zeros((tokenizer.vocabulary_size, size), dtype=np.float32)
    for token_id, name in enumerate(tokenizer.names(range(tokenizer.vocabulary_size))):
        if name in model.wv:
            vectors[token_id] = model.wv[name]
    return np.asarray(vectors / vectors.std(), dtype=np.float32)


class _Corpus:
    """The texts as lists of known words and pieces, cut again on each pass: all lists might not fit."""

    def __init__(self, texts: Collection[str], tokenizer: Tokenizer, bar: "tqdm[Never]") -> None:
        self._texts = texts
        self._tokenizer = tokenizer
        self._bar = bar

    def __iter__(self) -> Iterator[list[str]]:
        for text in self._texts:
            ids = self._tokenizer.encode_whole(text)
            yield self._tokenizer.names(token_id for token_id in ids if token_id != UNKNOWN_ID)
            self._bar.update()
