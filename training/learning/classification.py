"""The task of telling a review's label: cross entropy, and what can be added to it.

Adversarial training moves each review's embeddings a little way in the direction that raises its loss most,
and asks for the same label; virtual adversarial training does so for any text, in the direction that changes
what the network itself says most (Miyato et al. 2017, arXiv:1605.07725). Entropy minimisation asks for a
decision on texts without a label (Grandvalet & Bengio 2005).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from sentiment import Engine, SentimentLSTM
from sentiment.tokenizer import UNKNOWN_ID
from training.learning.examples import Examples, Texts, TextStream
from training.learning.task import Mean, Term
from training.recipe.tables import Objective

__all__ = ["Classification", "adversarial_step", "validate", "virtual_step"]

_PROBE_NORM = 1.0
"""How far the power iteration looks around; small beside the embeddings, large beside rounding errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """Learn `train`, be measured on `validation`.

    `unlabelled` is for objectives that use texts without labels; it is left alone by others.
    """

    train: Examples
    validation: Examples
    objective: Objective
    device: torch.device
    unlabelled: TextStream | None = None

    @property
    def lengths(self) -> Sequence[int]:
        """Tokens of each train review."""
        return self.train.lengths

    def groups(self, network: SentimentLSTM) -> list[list[nn.Parameter]]:
        """Return the output layer's weights, those of each LSTM layer from the last, the embedding's."""
        parts = [network.output, *reversed(network.layers), network.embedding]
        return [list(part.parameters()) for part in parts]

    def terms(self, network: SentimentLSTM, places: Sequence[int], step: int) -> list[Term]:
        """Return cross entropy, and the parts that the objective adds."""
        batch = self.train.batch(places).to(self.device)
        texts = self._with_unknown_words(batch.texts)
        shift_TBE = self._no_shift(network, texts).requires_grad_(self.objective.adversarial_norm is not None)

        def supervised() -> Mean:
            logits_BL = network(texts.ids_TB, texts.lengths_B, shift_TBE)
            return Mean(functional.cross_entropy(logits_BL, batch.targets_BL), len(logits_BL))

        def adversarial() -> Mean:
            step_TBE = adversarial_step(shift_TBE.grad, self.objective.adversarial_norm or 0.0)
            logits_BL = network(texts.ids_TB, texts.lengths_B, step_TBE)
            return Mean(functional.cross_entropy(logits_BL, batch.targets_BL), len(logits_BL))

        terms = [supervised]
        if self.objective.adversarial_norm is not None:
            terms.append(adversarial)
        if self.unlabelled and self.objective.uses_unlabelled:
            more = self._with_unknown_words(self.unlabelled.batch(step).to(self.device))
            terms.append(lambda: self._unlabelled_loss(network, more))
        return terms

    def validate(self, network: SentimentLSTM) -> tuple[float, float]:
        """Return mean cross entropy in nats and accuracy, 0 to 1, on validation."""
        return validate(network, self.validation, self.device)

    def _unlabelled_loss(self, network: SentimentLSTM, texts: Texts) -> Mean:
        logits_BL = network(texts.ids_TB, texts.lengths_B, self._no_shift(network, texts))
        losses = []
        if (norm := self.objective.virtual_norm) is not None:
            step_TBE = virtual_step(network, texts, logits_BL.detach(), norm)
            moved_BL = network(texts.ids_TB, texts.lengths_B, step_TBE)
            losses.append(divergence(logits_BL.detach(), moved_BL))
        if self.objective.entropy_weight:
            losses.append(self.objective.entropy_weight * entropy(logits_BL))
        return Mean(torch.stack(losses).sum(), len(logits_BL))

    def _with_unknown_words(self, texts: Texts) -> Texts:
        ratio = self.objective.word_dropout
        if ratio == 0:
            return texts
        dropped_TB = torch.rand(texts.ids_TB.shape, device=texts.ids_TB.device) < ratio
        # Padding is turned into words as well: behind a review's end nothing counts.
        return Texts(texts.ids_TB.masked_fill(dropped_TB, UNKNOWN_ID), texts.lengths_B)

    def _no_shift(self, network: SentimentLSTM, texts: Texts) -> Tensor:
        return torch.zeros(*texts.ids_TB.shape, network.config.embedding_size, device=self.device)


def adversarial_step(gradient_TBE: Tensor | None, norm: float) -> Tensor:
    """Return the step of that norm over a review that raises its loss fastest (Miyato et al. 2017)."""
    assert gradient_TBE is not None  # noqa: S101  # cross entropy was differentiated before
    return norm * unit(gradient_TBE)


def virtual_step(network: SentimentLSTM, texts: Texts, logits_BL: Tensor, norm: float) -> Tensor:
    """Return the step of that norm that changes what the network says fastest, by one power iteration."""
    noise_TBE = torch.randn(*texts.ids_TB.shape, network.config.embedding_size, device=logits_BL.device)
    t_T1 = torch.arange(texts.ids_TB.size(0), device=logits_BL.device).unsqueeze(1)
    noise_TBE = noise_TBE * (t_T1 < texts.lengths_B).unsqueeze(-1)
    shift_TBE = (_PROBE_NORM * unit(noise_TBE)).requires_grad_()
    # The divergence is tiny at such a distance; its direction is all that counts, so it may be scaled.
    loss = 1024 * divergence(logits_BL, network(texts.ids_TB, texts.lengths_B, shift_TBE))
    [gradient_TBE] = torch.autograd.grad(loss, [shift_TBE])
    return norm * unit(gradient_TBE)


def unit(x_TBE: Tensor) -> Tensor:
    """Return x with norm 1 over each review."""
    length_1B1 = x_TBE.float().square().sum((0, 2), keepdim=True).sqrt()
    return x_TBE / length_1B1.clamp(min=1e-12)


def divergence(logits_BL: Tensor, other_BL: Tensor) -> Tensor:
    """Return the mean Kullback-Leibler divergence of what the second logits say from the first, in nats."""
    return functional.kl_div(
        other_BL.float().log_softmax(-1),
        logits_BL.float().log_softmax(-1),
        reduction="batchmean",
        log_target=True,
    )


def entropy(logits_BL: Tensor) -> Tensor:
    """Return the mean entropy of what logits say, in nats."""
    log_BL = logits_BL.float().log_softmax(-1)
    return -(log_BL.exp() * log_BL).sum(-1).mean()


def validate(network: SentimentLSTM, examples: Examples, device: torch.device) -> tuple[float, float]:
    """Return mean cross entropy in nats and accuracy, 0 to 1, on examples of certain classes."""
    rows = Engine(network, device=device.type).probabilities(examples.reviews)
    classes = examples.classes
    hits = sum(row.index(max(row)) == label for row, label in zip(rows, classes, strict=True))
    losses = [-math.log(max(row[label], 1e-300)) for row, label in zip(rows, classes, strict=True)]
    return sum(losses) / len(losses), hits / len(losses)
