"""A linear model of word sequences weighted by naive Bayes (Wang & Manning 2012), as a teacher.

It sees one to three words in a row and no order beyond that. On long reviews it is about as accurate as a
recurrent network, but wrong on other reviews: their average is better than both.

Shapes: N texts, F word sequences, L labels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from sentiment.tokenizer import split

__all__ = ["LinearModel"]

_MAX_WORDS = 3
_MIN_TEXTS = 2
"""Number of texts in which a sequence must occur; others say nothing about new texts."""
_SMOOTHING = 1.0
_INVERSE_PENALTY = 0.25
_SEED = 1


class LinearModel:
    """A logistic regression for each label against the rest, on the sequences that a text has."""

    def __init__(self, texts: Sequence[str], classes: Sequence[int], *, num_labels: int) -> None:
        """Fit the model to texts and their classes, which must include every label."""
        self._vectorizer = CountVectorizer(
            tokenizer=split,
            token_pattern=None,
            lowercase=False,  # `split` does it
            ngram_range=(1, _MAX_WORDS),
            min_df=min(_MIN_TEXTS, len(texts)),
            binary=True,
            dtype=np.float32,
        )
        counts_NF = self._vectorizer.fit_transform(texts)
        truth_N = np.array(classes)
        # One of two labels is the rest of the other.
        positives = range(1, 2) if num_labels == 2 else range(num_labels)
        self._models = [_Weighted(counts_NF, truth_N == label) for label in positives]

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of each label for each text [N, L]."""
        counts_NF = self._vectorizer.transform(texts)
        columns = [model.probabilities(counts_NF) for model in self._models]
        if len(columns) == 1:
            columns.insert(0, 1 - columns[0])
        scores_NL = np.stack(columns, axis=1)
        return np.asarray(scores_NL / scores_NL.sum(1, keepdims=True))


class _Weighted:
    def __init__(self, counts_NF: csr_matrix[Any], of_label_N: NDArray[np.bool_]) -> None:
        inside_F, outside_F = (
            np.asarray(counts_NF[side].sum(0)).ravel() + _SMOOTHING for side in (of_label_N, ~of_label_N)
        )
        self._weights_F = np.log(inside_F / inside_F.sum() / (outside_F / outside_F.sum())).astype(np.float32)
        self._regression = LogisticRegression(
            C=_INVERSE_PENALTY, solver="liblinear", dual=True, max_iter=200, random_state=_SEED
        )
        self._regression.fit(counts_NF.multiply(self._weights_F).tocsr(), of_label_N)

    def probabilities(self, counts_NF: csr_matrix[Any]) -> NDArray[np.float64]:
        features_NF = counts_NF.multiply(self._weights_F).tocsr()
        return np.asarray(self._regression.predict_proba(features_NF)[:, 1])
