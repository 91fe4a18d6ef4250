"""The task of classifying reviews: cross entropy, and the terms that can be added to it.

Adversarial training perturbs the embeddings of each review in the direction that raises its loss most, and
trains for the same label; virtual adversarial training does this for any text, in the direction that changes
the network's own answer most (Miyato et al. 2017, arXiv:1605.07725). Entropy minimisation trains for a
decision on texts without a label (Grandvalet & Bengio 2005).

Shapes: T tokens, B texts in the batch, E embedding features, L labels.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from sentiment import Engine, SentimentLSTM
from sentiment.tokenizer import UNKNOWN_ID
from training.learning.examples import Examples, Texts, TextStream
from training.learning.task import Mean, Term, ValidationMetrics
from training.recipe.tables import Objective

__all__ = ["Classification", "adversarial_perturbation", "virtual_perturbation"]

_POWER_ITERATION_NORM = 1.0
"""Norm of the power iteration's perturbation: small against the embeddings, large against rounding errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """Learn from `train`, be measured on `validation`.

    `unlabelled` is for objectives that use texts without labels; others ignore it. `domains` has for each
    domain the indices of its reviews in `validation`.
    """

    train: Examples
    validation: Examples
    objective: Objective
    device: torch.device
    unlabelled: TextStream | None = None
    domains: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def lengths(self) -> Sequence[int]:
        """Tokens of each train review."""
        return self.train.lengths

    def groups(self, network: SentimentLSTM) -> list[list[nn.Parameter]]:
        """Return the weights of the output layer, of the LSTM layers from the last on, of the embedding."""
        parts = [network.output, *reversed(network.layers), network.embedding]
        return [list(part.parameters()) for part in parts]

    def terms(self, network: SentimentLSTM, indices: Sequence[int], step: int) -> list[Term]:
        """Return the cross entropy, and the terms that the objective adds."""
        batch = self.train.batch(indices, step).to(self.device)
        texts = self._with_unknown_words(batch.texts)
        is_adversarial = self.objective.adversarial_norm is not None
        zeros_TBE = self._zeros(network, texts).requires_grad_(is_adversarial)

        def supervised() -> Mean:
            logits_BL = network(texts.ids_TB, texts.lengths_B, zeros_TBE)
            return Mean(functional.cross_entropy(logits_BL, batch.targets_BL), len(logits_BL))

        def adversarial() -> Mean:
            shift_TBE = adversarial_perturbation(zeros_TBE.grad, self.objective.adversarial_norm or 0.0)
            logits_BL = network(texts.ids_TB, texts.lengths_B, shift_TBE)
            return Mean(functional.cross_entropy(logits_BL, batch.targets_BL), len(logits_BL))

        terms = [supervised]
        if is_adversarial:
            terms.append(adversarial)
        if self.unlabelled and self.objective.uses_unlabelled:
            more = self._with_unknown_words(self.unlabelled.batch(step).to(self.device))
            terms.append(lambda: self._unlabelled_loss(network, more))
        return terms

    def validate(self, network: SentimentLSTM) -> ValidationMetrics:
        """Return how good the network is on `validation`, whose examples have one class each."""
        rows = Engine(network, device=self.device.type).probabilities(self.validation.reviews)
        classes = self.validation.classes
        hits = [row.index(max(row)) == label for row, label in zip(rows, classes, strict=True)]
        losses = [-math.log(max(row[label], 1e-300)) for row, label in zip(rows, classes, strict=True)]
        return ValidationMetrics(
            sum(losses) / len(losses), sum(hits) / len(losses), mean_over_domains(hits, self.domains)
        )

    def _unlabelled_loss(self, network: SentimentLSTM, texts: Texts) -> Mean:
        logits_BL = network(texts.ids_TB, texts.lengths_B, self._zeros(network, texts))
        losses = []
        if (norm := self.objective.virtual_norm) is not None:
            shift_TBE = virtual_perturbation(network, texts, logits_BL.detach(), norm)
            perturbed_BL = network(texts.ids_TB, texts.lengths_B, shift_TBE)
            losses.append(kl_divergence(logits_BL.detach(), perturbed_BL))
        if self.objective.entropy_weight:
            losses.append(self.objective.entropy_weight * entropy(logits_BL))
        return Mean(torch.stack(losses).sum(), len(logits_BL))

    def _with_unknown_words(self, texts: Texts) -> Texts:
        ratio = self.objective.word_dropout
        if ratio == 0:
            return texts
        dropped_TB = torch.rand(texts.ids_TB.shape, device=texts.ids_TB.device) < ratio
        # Padding may become the unknown word as well: what follows the end of a review does not count.
        return Texts(texts.ids_TB.masked_fill(dropped_TB, UNKNOWN_ID), texts.lengths_B)

    def _zeros(self, network: SentimentLSTM, texts: Texts) -> Tensor:
        return torch.zeros(*texts.ids_TB.shape, network.config.embedding_size, device=self.device)


def adversarial_perturbation(gradient_TBE: Tensor | None, norm: float) -> Tensor:
    """Return the perturbation of this norm over a review that raises its loss fastest."""
    assert gradient_TBE is not None  # noqa: S101  # the cross entropy has been differentiated
    return norm * l2_normalised(gradient_TBE)


def virtual_perturbation(network: SentimentLSTM, texts: Texts, logits_BL: Tensor, norm: float) -> Tensor:
    """Return the perturbation of this norm that changes the answer fastest, by one power iteration."""
    noise_TBE = torch.randn(*texts.ids_TB.shape, network.config.embedding_size, device=logits_BL.device)
    t_T1 = torch.arange(texts.ids_TB.size(0), device=logits_BL.device).unsqueeze(1)
    noise_TBE = noise_TBE * (t_T1 < texts.lengths_B).unsqueeze(-1)
    shift_TBE = (_POWER_ITERATION_NORM * l2_normalised(noise_TBE)).requires_grad_()
    # The divergence is tiny at this distance; only the direction of its gradient counts, so it may be scaled.
    loss = 1024 * kl_divergence(logits_BL, network(texts.ids_TB, texts.lengths_B, shift_TBE))
    [gradient_TBE] = torch.autograd.grad(loss, [shift_TBE])
    return norm * l2_normalised(gradient_TBE)


def l2_normalised(x_TBE: Tensor) -> Tensor:
    """Return x with an L2 norm of 1 over each review."""
    norm_1B1 = x_TBE.float().square().sum((0, 2), keepdim=True).sqrt()
    return x_TBE / norm_1B1.clamp(min=1e-12)


def kl_divergence(logits_BL: Tensor, other_BL: Tensor) -> Tensor:
    """Return the mean Kullback-Leibler divergence of the second distributions from the first, in nats."""
    return functional.kl_div(
        other_BL.float().log_softmax(-1),
        logits_BL.float().log_softmax(-1),
        reduction="batchmean",
        log_target=True,
    )


def entropy(logits_BL: Tensor) -> Tensor:
    """Return the mean entropy of the distributions of logits, in nats."""
    log_BL = logits_BL.float().log_softmax(-1)
    return -(log_BL.exp() * log_BL).sum(-1).mean()


def mean_over_domains(hits: Sequence[bool], domains: Mapping[str, Sequence[int]]) -> float | None:
    """Return the mean of the domains' accuracies, each with the same weight; None without domains."""
    if not domains:
        return None
    accuracies = [sum(hits[index] for index in indices) / len(indices) for indices in domains.values()]
    return sum(accuracies) / len(accuracies)
