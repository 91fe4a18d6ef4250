"""Fitting a network to labelled reviews: steps, epochs, early stopping, and a state that can be resumed.

A trainer that is restored from the state of another goes on exactly as that one would have: the order of
reviews follows from seed and epoch, and all else that steps depend on is in the state.
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from sentiment import Engine, SentimentLSTM
from training.errors import InvalidCheckpoint
from training.examples import Batch, Examples, shuffled_batches
from training.recipe import Fitting

__all__ = ["EpochFigures", "Progress", "Trainer"]

_LEAST_SPANS = 5
"""A run is at least so many spans of its moving average long."""


@dataclass(frozen=True, slots=True)
class EpochFigures:
    """What one epoch gave; losses are in nats."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float


@dataclass(slots=True)
class Progress:
    """How far training has come, and what it has seen."""

    epoch: int = 0
    step: int = 0
    """Steps done within this epoch."""
    step_losses: list[float] = field(default_factory=list)
    """The loss of each step of all epochs."""
    history: list[EpochFigures] = field(default_factory=list)

    @property
    def epoch_losses(self) -> list[float]:
        """The loss of each step of this epoch."""
        return self.step_losses[len(self.step_losses) - self.step :]

    @property
    def best(self) -> EpochFigures | None:
        """The epoch with the highest validation accuracy; the earlier of two equal ones."""
        return max(self.history, key=lambda figures: figures.validation_accuracy, default=None)


class Trainer:
    """Fits `network` to `train`, and keeps the weights that did best on `validation`."""

    def __init__(
        self,
        network: SentimentLSTM,
        fitting: Fitting,
        *,
        train: Examples,
        validation: Examples,
        seed: int,
        device: torch.device,
    ) -> None:
        self._network = network.to(device)
        self._fitting = fitting
        self._train = train
        self._validation = validation
        self._seed = seed
        self._device = device
        self._lengths = [len(review.ids) for review in train.reviews]
        self._optimiser = torch.optim.AdamW(
            network.parameters(), lr=fitting.learning_rate, weight_decay=fitting.weight_decay, fused=True
        )
        self._schedule = LambdaLR(self._optimiser, learning_rate_factor(fitting, self._steps_per_epoch))
        self._average = new_average(self._network, average_decay(fitting, self._steps_per_epoch))
        self._best_weights: dict[str, Tensor] = {}
        self.progress = Progress()
        torch.manual_seed(seed)

    @property
    def _steps_per_epoch(self) -> int:
        return math.ceil(len(self._lengths) / self._fitting.batch_reviews)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or early stopping has ended them."""
        progress, patience = self.progress, self._fitting.patience_epochs
        if progress.epoch >= self._fitting.epochs:
            return True
        return (
            patience is not None
            and progress.best is not None
            and progress.epoch - progress.best.epoch >= patience
        )

    @property
    def learning_rate(self) -> float:
        """The rate of the step that comes next."""
        [rate] = self._schedule.get_last_lr()
        return float(rate)

    def run(self, after_step: Callable[[], None], after_epoch: Callable[[EpochFigures], None]) -> None:
        """Train to the end. The callbacks may save the state, or raise to stop after a whole step."""
        while not self.finished:
            self._run_epoch(after_step)
            after_epoch(self.progress.history[-1])

    def best_network(self) -> SentimentLSTM:
        """Return a network with the weights that did best on validation."""
        network = copy.deepcopy(self._network)
        network.load_state_dict(self._best_weights)
        return network.eval()

    def state(self) -> dict[str, Any]:
        """Return all that `restore` needs, as tensors and plain data."""
        return {
            "network": self._network.state_dict(),
            "average": self._average.state_dict() if self._average else None,
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "best_weights": self._best_weights,
            "progress": asdict(self.progress),
            "random_state": torch.get_rng_state(),
            "cuda_random_states": torch.cuda.get_rng_state_all() if self._device.type == "cuda" else [],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; raises InvalidCheckpoint when it is of another network, recipe or release."""
        try:
            progress = _progress(state["progress"])
            self._network.load_state_dict(state["network"])
            if self._average:
                self._average.load_state_dict(state["average"])
            self._optimiser.load_state_dict(state["optimiser"])
            self._schedule.load_state_dict(state["schedule"])
            self._best_weights = state["best_weights"]
            self.progress = progress
            torch.set_rng_state(state["random_state"])
            if state["cuda_random_states"]:
                torch.cuda.set_rng_state_all(state["cuda_random_states"])
        except KeyError as error:
            raise InvalidCheckpoint(
                f"the checkpoint has no {error}: another release wrote it, so start a new run"
            ) from error
        except (TypeError, ValueError, RuntimeError) as error:
            raise InvalidCheckpoint(f"the checkpoint does not fit this run: {error}") from error

    def _run_epoch(self, after_step: Callable[[], None]) -> None:
        progress = self.progress
        batches = shuffled_batches(
            self._lengths, self._fitting.batch_reviews, seed=self._seed, epoch=progress.epoch
        )
        self._network.train()
        description = f"epoch {progress.epoch + 1}/{self._fitting.epochs}"
        with tqdm(
            total=len(batches), initial=progress.step, desc=description, unit="batch", disable=None
        ) as bar:
            for places in batches[progress.step :]:
                loss = self._step(places)
                progress.step += 1
                progress.step_losses.append(loss)
                bar.set_postfix(loss=f"{loss:.3f}", learning_rate=f"{self.learning_rate:.1e}", refresh=False)
                bar.update()
                after_step()
        self._end_epoch()

    def _step(self, places: list[int]) -> float:
        batch = self._train.batch(places).to(self._device)
        self._optimiser.zero_grad()
        loss = self._backward(batch)
        if self._fitting.clip_norm is not None:
            nn.utils.clip_grad_norm_(self._network.parameters(), self._fitting.clip_norm)
        self._optimiser.step()
        self._schedule.step()
        if self._average:
            self._average.update_parameters(self._network)
        return loss

    def _backward(self, batch: Batch) -> float:
        """Add the gradients of a batch, and return its loss on the reviews as they are."""
        norm = self._fitting.adversarial_norm
        x_TBE = self._network.embedding(batch.ids_TB)
        if norm is not None:
            x_TBE.retain_grad()
        loss = functional.cross_entropy(self._network.classify(x_TBE, batch.lengths_B), batch.labels_B)
        if norm is None:
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        else:
            loss.backward(retain_graph=True)  # type: ignore[no-untyped-call]
            attacked_TBE = x_TBE + adversarial_step(x_TBE.grad, norm)
            logits_BL = self._network.classify(attacked_TBE, batch.lengths_B)
            functional.cross_entropy(logits_BL, batch.labels_B).backward()  # type: ignore[no-untyped-call]
        return loss.item()

    def _end_epoch(self) -> None:
        progress = self.progress
        candidate = cast(SentimentLSTM, self._average.module) if self._average else self._network
        loss, accuracy = validate(candidate, self._validation, self._device)
        train_loss = sum(progress.epoch_losses) / len(progress.epoch_losses)
        progress.epoch += 1
        progress.history.append(EpochFigures(progress.epoch, train_loss, loss, accuracy))
        progress.step = 0
        if progress.best is progress.history[-1]:
            self._best_weights = {name: weight.clone() for name, weight in candidate.state_dict().items()}


def learning_rate_factor(fitting: Fitting, steps_per_epoch: int) -> Callable[[int], float]:
    """Return the function from a step to what the rate is multiplied by, 0 to 1."""
    num_steps = fitting.epochs * steps_per_epoch
    num_warmup_steps = round(fitting.warmup_ratio * num_steps)

    def factor(step: int) -> float:
        if step < num_warmup_steps:
            return (step + 1) / num_warmup_steps
        if fitting.schedule == "constant":
            return 1.0
        if fitting.schedule == "exponential":
            return float(fitting.decay_ratio ** ((step - num_warmup_steps) / steps_per_epoch))
        return max(0.0, (num_steps - step) / (num_steps - num_warmup_steps))

    return factor


def adversarial_step(gradient_TBE: Tensor | None, norm: float) -> Tensor:
    """Return the step of that norm over a review that raises its loss fastest (Miyato et al. 2017)."""
    assert gradient_TBE is not None  # noqa: S101  # retained by the caller
    length_1B1 = gradient_TBE.square().sum((0, 2), keepdim=True).sqrt()
    return norm * gradient_TBE / length_1B1.clamp(min=1e-12)


def average_decay(fitting: Fitting, steps_per_epoch: int) -> float | None:
    """Return the decay of the moving average: the recipe's, or less in a run so short that it would lag.

    An average with decay d spans about 1 / (1 - d) steps. One that spans more than a fifth of a run would
    serve weights that are still half the random ones it began with.
    """
    if fitting.ema_decay is None:
        return None
    num_steps = fitting.epochs * steps_per_epoch
    return min(fitting.ema_decay, max(0.0, 1 - _LEAST_SPANS / num_steps))


def new_average(network: SentimentLSTM, decay: float | None) -> AveragedModel | None:
    """Return the exponential moving average of a network's weights (Polyak & Juditsky 1992), if wanted."""
    if decay is None:
        return None
    average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return AveragedModel(network, multi_avg_fn=average)


def validate(network: SentimentLSTM, examples: Examples, device: torch.device) -> tuple[float, float]:
    """Return mean cross entropy in nats and accuracy, 0 to 1, on examples."""
    rows = Engine(network, device=device.type).probabilities(examples.reviews)
    hits = sum(row.index(max(row)) == label for row, label in zip(rows, examples.labels, strict=True))
    losses = [-math.log(max(row[label], 1e-300)) for row, label in zip(rows, examples.labels, strict=True)]
    return sum(losses) / len(losses), hits / len(losses)


def _progress(saved: Mapping[str, Any]) -> Progress:
    history = [EpochFigures(**figures) for figures in saved["history"]]
    return Progress(saved["epoch"], saved["step"], list(saved["step_losses"]), history)
