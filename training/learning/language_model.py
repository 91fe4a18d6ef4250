"""A language model of the reviews' own texts, for the network to start from.

The embedding and the first LSTM layer learn to foretell words: its forward direction the next one, its
backward direction the one before. A classifier that starts from there knows the language of reviews and is
worth several points more than one that starts from word vectors (Dai & Le 2015, arXiv:1511.01432; Howard &
Ruder 2018, arXiv:1801.06146). Both directions share the embedding, which also scores the words to foretell
(Press & Wolf 2017, arXiv:1608.05859).

A full softmax over the vocabulary would cost many times the LSTM. Each step instead draws some noise words,
each by a chance of its own, and weighs them by it, which estimates the softmax's denominator without bias
(sampled softmax, Jean et al. 2015, arXiv:1412.2007). Validation uses the whole vocabulary.
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
from training.learning.task import Mean, Term
from training.recipe.tables import LanguageModelling

__all__ = ["LanguageModel", "WordPrediction", "start_from"]

_CHUNK_WORDS = 1024
"""So many words are scored at a time: their scores then stay in a processor's cache."""
_MASKED = -1e4
_VALIDATION_BATCH_REVIEWS = 32


class LanguageModel(nn.Module):
    """A network's embedding and first layer, and what turns their states into guesses at words."""

    def __init__(self, network: SentimentLSTM, dropout: float = 0.0) -> None:
        super().__init__()
        config = network.config
        self.config = config
        self.dropout = dropout
        self.embedding = network.embedding
        self.layer: LSTMLayer = network.layers[0]  # type: ignore[assignment]
        num_directions = 2 if config.bidirectional else 1
        self.guesses = nn.ModuleList(
            nn.Linear(config.hidden_size, config.embedding_size) for _ in range(num_directions)
        )
        self.bias = nn.Parameter(torch.zeros(config.vocabulary_size))

    def forward(self, ids_TB: Tensor, lengths_B: Tensor, ratio: float = 1.0) -> tuple[Tensor, Tensor]:
        """Return guesses [N, E] at words, and the ids [N] of these: a random share of all in the texts."""
        x_TBE = dropout_over_time(self.embedding(ids_TB), self.dropout, training=self.training)
        states_TBD = self.layer(x_TBE, lengths_B)
        inside_TB = torch.arange(1, ids_TB.size(0), device=ids_TB.device).unsqueeze(1) < lengths_B
        sides = [(states_TBD[:-1], ids_TB[1:])]
        if self.config.bidirectional:
            sides.append((states_TBD[1:], ids_TB[:-1]))
        guesses, words = [], []
        for number, (guess, (states, ids)) in enumerate(zip(self.guesses, sides, strict=True)):
            t_N, b_N = random_share(inside_TB.nonzero(), ratio).unbind(1)
            own_NH = states[t_N, b_N].unflatten(-1, (len(sides), -1))[:, number]
            guesses.append(guess(functional.dropout(own_NH, self.dropout, self.training)))
            words.append(ids[t_N, b_N])
        return torch.cat(guesses) / self.config.embedding_size**0.5, torch.cat(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPrediction:
    """The task of foretelling words in `train`, measured on `validation`."""

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

    def terms(self, network: LanguageModel, places: Sequence[int], step: int) -> list[Term]:  # noqa: ARG002
        """Return the sampled cross entropy of some of the words in these texts."""
        texts = self._texts(self.train, places)

        def foretelling() -> Mean:
            guesses_NE, words_N = network(texts.ids_TB, texts.lengths_B, self.config.predicted_ratio)
            loss = sampled_loss(network, guesses_NE, words_N, self.config.num_noise)
            return Mean(loss, len(words_N))

        return [foretelling]

    @torch.inference_mode()
    def validate(self, network: LanguageModel) -> tuple[float, float]:
        """Return mean cross entropy in nats a word, and the share of words that are the first guess."""
        network.eval()
        loss, num_hits, num_words = 0.0, 0, 0
        by_length = sorted(range(len(self.validation)), key=lambda place: len(self.validation[place].ids))
        for start in range(0, len(by_length), _VALIDATION_BATCH_REVIEWS):
            texts = self._texts(self.validation, by_length[start : start + _VALIDATION_BATCH_REVIEWS])
            for guesses_NE, words_N in _chunks(*network(texts.ids_TB, texts.lengths_B)):
                scores_NV = functional.linear(guesses_NE, network.embedding.weight, network.bias)
                loss += functional.cross_entropy(scores_NV, words_N, reduction="sum").item()
                num_hits += int((scores_NV.argmax(1) == words_N).sum())
                num_words += len(words_N)
        network.train()
        return loss / num_words, num_hits / num_words

    def _texts(self, reviews: Sequence[TokenizedReview], places: Sequence[int]) -> Texts:
        return padded([reviews[place].ids for place in places]).to(self.device)


def start_from(network: SentimentLSTM, model: LanguageModel) -> None:
    """Give a network the embedding and first layer of a language model, with embeddings of unit variance.

    Norms of adversarial steps then mean the same as with word vectors. The layer's states stay as they are.
    """
    with torch.no_grad():
        scale = model.embedding.weight.std()
        network.embedding.weight.copy_(model.embedding.weight / scale)
        network.layers[0].load_state_dict(model.layer.state_dict())
        for lstm in network.layers[0].children():
            if isinstance(lstm, nn.LSTM):
                lstm.all_weights[0][0].mul_(scale)


def sampled_loss(model: LanguageModel, guesses_NE: Tensor, words_N: Tensor, num_noise: int) -> Tensor:
    """Return the mean cross entropy of words given guesses, estimated with about so many noise words.

    It is zero where there are no words.
    """
    chances_V = noise_chances(model.config.vocabulary_size, num_noise, words_N.device)
    noise_S = (torch.rand_like(chances_V) < chances_V).nonzero().squeeze(1)
    place_V = torch.full_like(chances_V, -1, dtype=torch.long)
    place_V[noise_S] = torch.arange(len(noise_S), device=noise_S.device)
    noise_SE, bias_S = model.embedding(noise_S), model.bias[noise_S] - chances_V[noise_S].log()
    own_N = (guesses_NE * model.embedding(words_N)).float().sum(-1) + model.bias[words_N]
    # What the noise adds up to, with a word that is among the noise left out where it is the answer.
    rest_N = torch.cat(
        [
            _log_sum(guesses, noise_SE, bias_S, places)
            for guesses, places in _chunks(guesses_NE, place_V[words_N])
        ]
    )
    losses_N: Tensor = torch.logaddexp(rest_N, own_N) - own_N
    # Texts of one token have no words to foretell, and the mean of nothing would be no number.
    return losses_N.mean() if len(words_N) else losses_N.sum()


def random_share(rows_NX: Tensor, ratio: float) -> Tensor:
    """Return that share of the rows, picked at random, in their order; at least one where there are any."""
    if ratio == 1:
        return rows_NX
    num_kept = math.ceil(ratio * len(rows_NX))
    return rows_NX[torch.randperm(len(rows_NX), device=rows_NX.device)[:num_kept].sort().values]


def noise_chances(vocabulary_size: int, num_noise: int, device: torch.device) -> Tensor:
    """Return how probably each word [V] is among the noise: by its frequency, which Zipf's law tells."""
    frequency_V = 1 / torch.arange(1, vocabulary_size + 1, device=device)
    chances_V = frequency_V
    for _ in range(20):  # chances above one are cut, which leaves more for the others
        chances_V = (chances_V * (num_noise / chances_V.sum())).clamp(max=1)
    return chances_V


def _log_sum(guesses_NE: Tensor, noise_SE: Tensor, bias_S: Tensor, place_N: Tensor) -> Tensor:
    noise_NS = functional.linear(guesses_NE, noise_SE).float() + bias_S
    [rows] = (place_N >= 0).nonzero(as_tuple=True)
    return noise_NS.index_put((rows, place_N[rows]), noise_NS.new_tensor(_MASKED)).logsumexp(-1)


def _chunks(guesses_NE: Tensor, of_words_N: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield both in equal chunks; a single empty one where there are no words."""
    return zip(torch.split(guesses_NE, _CHUNK_WORDS), torch.split(of_words_N, _CHUNK_WORDS), strict=True)
