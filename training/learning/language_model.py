"""A language model of the reviews' own texts, for the network to start from.

The embedding and the first LSTM layer learn to predict words: the forward direction the next word, the
backward direction the word before. A classifier that starts from there knows the language of reviews and is
several points more accurate than one that starts from word vectors (Dai & Le 2015, arXiv:1511.01432; Howard &
Ruder 2018, arXiv:1801.06146). Both directions share the embedding, which also scores the predicted words
(Press & Wolf 2017, arXiv:1608.05859).

A full softmax over the vocabulary would cost many times the LSTM. Instead, each step samples some negatives,
each with a probability of its own, and weights them by it, which estimates the denominator of the softmax
without bias (sampled softmax, Jean et al. 2015, arXiv:1412.2007). Validation uses the whole vocabulary.

Shapes: T tokens, B texts in the batch, E embedding features, H units a direction, D units of all directions,
N words to predict, V words in the vocabulary, S sampled negatives.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from sentiment import SentimentLSTM, TokenizedReview
from sentiment.network import LSTMLayer, dropout_over_time
from training.learning.examples import Texts, padded
from training.learning.task import Mean, Term, ValidationMetrics
from training.recipe.tables import LanguageModelling

__all__ = ["LanguageModel", "WordPrediction", "start_from"]

_CHUNK_WORDS = 1024
"""Words that are scored at a time: their scores stay in the processor's cache."""
_MASKED = -1e4
_VALIDATION_BATCH_REVIEWS = 32


class LanguageModel(nn.Module):
    """A network's embedding and first layer, and projections of their states to queries for words."""

    def __init__(self, network: SentimentLSTM, dropout: float = 0.0) -> None:
        super().__init__()
        config = network.config
        self.config = config
        self.dropout = dropout
        self.embedding = network.embedding
        self.layer: LSTMLayer = network.layers[0]  # type: ignore[assignment]
        num_directions = 2 if config.bidirectional else 1
        # Checkpoints of running trainings have this name.
        self.guesses = nn.ModuleList(
            nn.Linear(config.hidden_size, config.embedding_size) for _ in range(num_directions)
        )
        self.bias = nn.Parameter(torch.zeros(config.vocabulary_size))

    def forward(self, ids_TB: Tensor, lengths_B: Tensor, ratio: float = 1.0) -> tuple[Tensor, Tensor]:
        """Return queries [N, E], and the ids [N] of the words to predict: a random share of all words."""
        x_TBE = dropout_over_time(self.embedding(ids_TB), self.dropout, training=self.training)
        states_TBD = self.layer(x_TBE, lengths_B)
        inside_TB = torch.arange(1, ids_TB.size(0), device=ids_TB.device).unsqueeze(1) < lengths_B
        sides = [(states_TBD[:-1], ids_TB[1:])]
        if self.config.bidirectional:
            sides.append((states_TBD[1:], ids_TB[:-1]))
        queries, words = [], []
        for direction, (project, (states, ids)) in enumerate(zip(self.guesses, sides, strict=True)):
            t_N, b_N = random_share(inside_TB.nonzero(), ratio).unbind(1)
            own_NH = states[t_N, b_N].unflatten(-1, (len(sides), -1))[:, direction]
            queries.append(project(functional.dropout(own_NH, self.dropout, self.training)))
            words.append(ids[t_N, b_N])
        return torch.cat(queries) / self.config.embedding_size**0.5, torch.cat(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPrediction:
    """The task of predicting words in `train`, measured on `validation`."""

    train: Sequence[TokenizedReview]
    validation: Sequence[TokenizedReview]
    config: LanguageModelling
    device: torch.device

    @property
    def lengths(self) -> Sequence[int]:
        """Tokens of each train text."""
        return [len(review.ids) for review in self.train]

    def groups(self, network: LanguageModel) -> list[list[nn.Parameter]]:
        """Return all weights as one group."""
        return [list(network.parameters())]

    def terms(self, network: LanguageModel, indices: Sequence[int], step: int) -> list[Term]:  # noqa: ARG002
        """Return the sampled cross entropy of a share of the words in these texts."""
        texts = self._texts(self.train, indices)

        def prediction() -> Mean:
            queries_NE, words_N = network(texts.ids_TB, texts.lengths_B, self.config.predicted_ratio)
            loss = sampled_loss(network, queries_NE, words_N, self.config.num_noise)
            return Mean(loss, len(words_N))

        return [prediction]

    @torch.inference_mode()
    def validate(self, network: LanguageModel) -> ValidationMetrics:
        """Return the mean cross entropy in nats a word, and the share of words with the highest score."""
        network.eval()
        loss, num_hits, num_words = 0.0, 0, 0
        by_length = sorted(range(len(self.validation)), key=lambda index: len(self.validation[index].ids))
        for start in range(0, len(by_length), _VALIDATION_BATCH_REVIEWS):
            texts = self._texts(self.validation, by_length[start : start + _VALIDATION_BATCH_REVIEWS])
            for queries_NE, words_N in _chunks(*network(texts.ids_TB, texts.lengths_B)):
                scores_NV = functional.linear(queries_NE, network.embedding.weight, network.bias)
                loss += functional.cross_entropy(scores_NV, words_N, reduction="sum").item()
                num_hits += int((scores_NV.argmax(1) == words_N).sum())
                num_words += len(words_N)
        network.train()
        return ValidationMetrics(loss / num_words, num_hits / num_words)

    def _texts(self, reviews: Sequence[TokenizedReview], indices: Sequence[int]) -> Texts:
        return padded([reviews[index].ids for index in indices]).to(self.device)


def start_from(network: SentimentLSTM, model: LanguageModel) -> None:
    """Give a network the embedding, scaled to unit variance, and the first layer of a language model.

    Norms of perturbations then mean the same as with word vectors. The layer's states stay the same.
    """
    with torch.no_grad():
        scale = model.embedding.weight.std()
        network.embedding.weight.copy_(model.embedding.weight / scale)
        network.layers[0].load_state_dict(model.layer.state_dict())
        for lstm in network.layers[0].children():
            if isinstance(lstm, nn.LSTM):
                lstm.all_weights[0][0].mul_(scale)


def sampled_loss(model: LanguageModel, queries_NE: Tensor, words_N: Tensor, num_negatives: int) -> Tensor:
    """Return the mean cross entropy of words given queries, estimated with about `num_negatives` negatives.

    It is zero where there are no words.
    """
    inclusion_V = inclusion_probabilities(model.config.vocabulary_size, num_negatives, words_N.device)
    negatives_S = (torch.rand_like(inclusion_V) < inclusion_V).nonzero().squeeze(1)
    index_V = torch.full_like(inclusion_V, -1, dtype=torch.long)
    index_V[negatives_S] = torch.arange(len(negatives_S), device=negatives_S.device)
    negatives_SE = model.embedding(negatives_S)
    bias_S = model.bias[negatives_S] - inclusion_V[negatives_S].log()
    own_N = (queries_NE * model.embedding(words_N)).float().sum(-1) + model.bias[words_N]
    # What the negatives add up to; a word that is among them is left out where it is the answer.
    rest_N = torch.cat(
        [
            _log_sum(queries, negatives_SE, bias_S, indices)
            for queries, indices in _chunks(queries_NE, index_V[words_N])
        ]
    )
    losses_N: Tensor = torch.logaddexp(rest_N, own_N) - own_N
    # Texts of one token have no words to predict, and the mean of nothing would be NaN.
    return losses_N.mean() if len(words_N) else losses_N.sum()


def random_share(rows_NX: Tensor, ratio: float) -> Tensor:
    """Return this share of the rows, chosen at random, in their order; at least one of those there are."""
    if ratio == 1:
        return rows_NX
    num_chosen = math.ceil(ratio * len(rows_NX))
    return rows_NX[torch.randperm(len(rows_NX), device=rows_NX.device)[:num_chosen].sort().values]


def inclusion_probabilities(vocabulary_size: int, num_negatives: int, device: torch.device) -> Tensor:
    """Return how probably each word [V] is a negative: in proportion to its frequency by Zipf's law."""
    frequency_V = 1 / torch.arange(1, vocabulary_size + 1, device=device)
    inclusion_V = frequency_V
    for _ in range(20):  # values above one are clamped, which leaves more for the others
        inclusion_V = (inclusion_V * (num_negatives / inclusion_V.sum())).clamp(max=1)
    return inclusion_V


def _log_sum(queries_NE: Tensor, negatives_SE: Tensor, bias_S: Tensor, index_N: Tensor) -> Tensor:
    scores_NS = functional.linear(queries_NE, negatives_SE).float() + bias_S
    [rows] = (index_N >= 0).nonzero(as_tuple=True)
    return scores_NS.index_put((rows, index_N[rows]), scores_NS.new_tensor(_MASKED)).logsumexp(-1)


def _chunks(queries_NE: Tensor, of_words_N: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield both in equal chunks; a single empty one where there are no words."""
    return zip(torch.split(queries_NE, _CHUNK_WORDS), torch.split(of_words_N, _CHUNK_WORDS), strict=True)
