"""Reviews that are in two parts of the data, word for word or nearly so.

A text is the set of its shingles, the sequences of `SHINGLE_TOKENS` tokens in it, and texts are compared by
the Jaccard similarity of their sets (their resemblance in Broder 1997, "On the resemblance and containment of
documents"). Near-duplicates have at least `MIN_SIMILARITY`, as in Broder et al. 1997, "Syntactic clustering
of the Web"; a shingle of five tokens is that of Lee et al. 2022 (arXiv:2107.06499). All pairs are compared,
not a sample, by products of sparse matrices.

Shapes: N texts, F buckets of shingles.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import tee

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer

from model_store import DuplicateFigures
from reviews import Review
from sentiment.tokenizer import split
from training.data.similarity import MIN_SIMILARITY, SHINGLE_TOKENS

__all__ = [
    "Duplicates",
    "Pair",
    "ShingledTexts",
    "find_duplicates",
    "pair_lines",
    "shingles",
    "summary",
]

# Two reviews of 250 shingles each share a bucket by chance in one case of 67, and one more shared bucket
# moves their similarity by 0.002: only pairs at the limit itself can be misjudged.
_NUM_BUCKETS = 2**22
# Limits memory where every review shares a phrase with every other: 250 x 50,000 counts are 0.3 GB.
_BLOCK_REVIEWS = 250


@dataclass(frozen=True, slots=True)
class ShingledTexts:
    """Texts and their shingles, hashed once and compared often."""

    texts: tuple[str, ...]
    buckets: csr_matrix
    """The buckets [N, F] that the shingles of each text fall into: ones, without explicit zeros."""

    @classmethod
    def of(cls, texts: Collection[str]) -> "ShingledTexts":
        """Shingle raw texts; a text of fewer tokens than a shingle is one shingle."""
        if not texts:
            return cls((), csr_matrix((0, _NUM_BUCKETS), dtype=np.int32))
        vectorizer = HashingVectorizer(
            analyzer=shingles,
            n_features=_NUM_BUCKETS,
            alternate_sign=False,
            binary=True,
            norm=None,
            dtype=np.int32,
        )
        kept, hashed = tee(texts)  # so that they are read once, as fast as they are hashed
        buckets = vectorizer.transform(hashed)
        return cls(tuple(kept), buckets)


@dataclass(frozen=True, slots=True)
class Pair:
    """A text and the most similar one of the others, each by its index."""

    index: int
    other: int
    similarity: float
    """Jaccard similarity of their shingles, over 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """The texts of one part that are in another part as well."""

    num_reviews: int
    pairs: tuple[Pair, ...]
    """One for each text with a near-duplicate or an exact copy, by rising index."""
    num_exact: int
    """Texts with an exact copy."""

    @property
    def indices(self) -> frozenset[int]:
        """The indices of the texts with a near-duplicate or an exact copy."""
        return frozenset(pair.index for pair in self.pairs)

    @property
    def figures(self) -> DuplicateFigures:
        """What a manifest records about them."""
        return DuplicateFigures(
            num_reviews=self.num_reviews, num_near=len(self.pairs), num_exact=self.num_exact
        )


def find_duplicates(
    texts: ShingledTexts, among: ShingledTexts, *, min_similarity: float = MIN_SIMILARITY
) -> Duplicates:
    """Return which of `texts` have a near-duplicate or an exact copy in `among`.

    `min_similarity` is above 0 and at most 1; figures compare only at its default.
    """
    known = frozenset(among.texts)
    return Duplicates(
        num_reviews=len(texts.texts),
        pairs=tuple(_pairs(texts.buckets, among.buckets, min_similarity)),
        num_exact=sum(text in known for text in texts.texts),
    )


def summary(figures: DuplicateFigures) -> str:
    """Return the figures as one line for people."""
    return (
        f"{figures.num_near:,} of {figures.num_reviews:,} reviews have a near-duplicate, "
        f"{figures.num_exact:,} of them an exact copy"
    )


def pair_lines(found: Duplicates, reviews: Sequence[Review], others: Sequence[Review]) -> list[str]:
    """Return the ids and the similarity of each pair as lines for people."""
    return [
        f"  {reviews[pair.index].id}  {others[pair.other].id}  {pair.similarity:.3f}" for pair in found.pairs
    ]


def shingles(text: str) -> list[str]:
    """Return the sequences of `SHINGLE_TOKENS` tokens in a text, or all of a shorter one."""
    tokens = split(text)
    num_shingles = max(1, len(tokens) - SHINGLE_TOKENS + 1)
    return [" ".join(tokens[start : start + SHINGLE_TOKENS]) for start in range(num_shingles)]


def _pairs(ours: csr_matrix, theirs: csr_matrix, min_similarity: float) -> Iterator[Pair]:
    our_sizes, their_sizes = np.diff(ours.indptr), np.diff(theirs.indptr)
    by_bucket = theirs.T.tocsr()
    for start in range(0, ours.shape[0], _BLOCK_REVIEWS):
        common = (ours[start : start + _BLOCK_REVIEWS] @ by_bucket).tocoo()
        indices = common.row + start
        similarities = common.data / (our_sizes[indices] + their_sizes[common.col] - common.data)
        near = similarities >= min_similarity
        yield from _most_similar(indices[near], common.col[near], similarities[near])


def _most_similar(
    indices: NDArray[np.int64], others: NDArray[np.int64], similarities: NDArray[np.float64]
) -> Iterator[Pair]:
    """Yield the best pair of each index; among equal ones, that with the lowest index of the other."""
    order = np.lexsort((others, -similarities, indices))
    _, firsts = np.unique(indices[order], return_index=True)
    for chosen in order[firsts]:
        yield Pair(int(indices[chosen]), int(others[chosen]), float(similarities[chosen]))
