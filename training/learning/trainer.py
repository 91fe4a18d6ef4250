"""Fitting a network to a task: steps, epochs, early stopping, and a state that can be resumed.

A trainer that is restored from a saved state continues exactly as the one that was saved: the order of
reviews follows from seed and epoch, and everything else that steps depend on is in the state.
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm

from training.distributed.processes import from_first, is_first, num_processes, share, total
from training.distributed.rng_state import random_states, restore_random_states, seed_process
from training.errors import InvalidCheckpoint
from training.learning.amp import MixedPrecision
from training.learning.data_parallel import DataParallel
from training.learning.ema import ema_decay, new_ema
from training.learning.examples import shuffled_batches
from training.learning.schedule import rate_factors
from training.learning.task import Task
from training.recipe.tables import Fitting, Selection

__all__ = ["EpochMetrics", "Progress", "Trainer"]

N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class EpochMetrics:
    """The results of one epoch; losses are in nats."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    domain_accuracy: float | None = None
    """The mean of the validation accuracies on each domain; None where there are no domains."""

    def accuracy_by(self, selection: Selection) -> float:
        """Return the accuracy that epochs are chosen by; without domains, that on all reviews."""
        if selection == "domains" and self.domain_accuracy is not None:
            return self.domain_accuracy
        return self.validation_accuracy

    def __str__(self) -> str:
        domains = "" if self.domain_accuracy is None else f", mean over domains {self.domain_accuracy:.2%}"
        return (
            f"epoch {self.epoch}: loss {self.train_loss:.4f}, validation loss {self.validation_loss:.4f}, "
            f"validation accuracy {self.validation_accuracy:.2%}{domains}"
        )


@dataclass(slots=True)
class Progress:
    """How far training has come, and its results so far."""

    epoch: int = 0
    step: int = 0
    """Number of steps done in this epoch."""
    step_losses: list[float] = field(default_factory=list)
    """The loss of each step of all epochs."""
    history: list[EpochMetrics] = field(default_factory=list)
    selection: Selection = "reviews"

    @property
    def num_steps(self) -> int:
        """Number of steps done in all epochs."""
        return len(self.step_losses)

    @property
    def epoch_losses(self) -> list[float]:
        """The loss of each step of this epoch."""
        return self.step_losses[len(self.step_losses) - self.step :]

    @property
    def best(self) -> EpochMetrics | None:
        """The epoch with the highest accuracy by `selection`; among equal ones, that with the lowest loss."""
        return max(
            self.history,
            key=lambda epoch: (epoch.accuracy_by(self.selection), -epoch.validation_loss),
            default=None,
        )


class Trainer(Generic[N]):
    """Fits `network` to a task, and keeps the weights that are best on the task's held-out examples.

    Where several processes train together, each has a trainer of its own, which takes the same steps on its
    share of the same batches. All must call `run`, `state` and `restore` together.
    """

    def __init__(
        self,
        network: N,
        task: Task[N],
        fitting: Fitting,
        *,
        seed: int,
        device: torch.device,
        selection: Selection = "reviews",
    ) -> None:
        self._network = network.to(device)
        self._parallel = DataParallel(self._network)
        self._task = task
        self._fitting = fitting
        self._seed = seed
        self._device = device
        self._lengths = task.lengths
        groups = [{"params": list(group)} for group in task.groups(network)]
        self._optimiser = torch.optim.AdamW(
            groups, lr=fitting.learning_rate, weight_decay=fitting.weight_decay, fused=True
        )
        self._schedule = LambdaLR(self._optimiser, rate_factors(fitting, self._steps_per_epoch, len(groups)))
        self._ema = new_ema(self._network, ema_decay(fitting, self._steps_per_epoch))
        self._precision = MixedPrecision(device, enabled=fitting.mixed_precision)
        self._best_weights: dict[str, Tensor] = {}
        self._selection: Selection = selection
        self.progress = Progress(selection=selection)
        seed_process(seed)

    @property
    def _steps_per_epoch(self) -> int:
        num_batches = math.ceil(len(self._lengths) / self._fitting.batch_reviews)
        return min(num_batches, self._fitting.epoch_steps or num_batches)

    @property
    def num_steps(self) -> int:
        """Number of steps of all epochs, if early stopping does not end them."""
        return self._fitting.epochs * self._steps_per_epoch

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
        """The rate of the output layer in the next step."""
        return float(self._schedule.get_last_lr()[0])

    def run(self, after_step: Callable[[], None], after_epoch: Callable[[EpochMetrics], None]) -> None:
        """Train to the end. The callbacks may save the state, or raise an exception to stop after a step."""
        while not self.finished:
            self._run_epoch(after_step)
            after_epoch(self.progress.history[-1])

    def best_network(self) -> N:
        """Return a network with the weights of the best epoch."""
        network = copy.deepcopy(self._network)
        network.load_state_dict(self._best_weights)
        return network.eval()

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs, as tensors and plain data."""
        return {
            "network": self._network.state_dict(),
            "average": self._ema.state_dict() if self._ema else None,
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "precision": self._precision.state_dict(),
            "best_weights": self._best_weights,
            "progress": asdict(self.progress),
            **random_states(self._device),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a state; raises InvalidCheckpoint if it is of another network, recipe or release."""
        try:
            progress = _progress(state["progress"], self._selection)
            self._network.load_state_dict(state["network"])
            if self._ema:
                self._ema.load_state_dict(state["average"])
            self._optimiser.load_state_dict(state["optimiser"])
            self._schedule.load_state_dict(state["schedule"])
            self._precision.load_state_dict(state["precision"])
            self._best_weights = state["best_weights"]
            self.progress = progress
            restore_random_states(state, seed=self._seed)
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
        )[: self._steps_per_epoch]
        self._network.train()
        description = f"epoch {progress.epoch + 1}/{self._fitting.epochs}"
        with tqdm(
            total=len(batches),
            initial=progress.step,
            desc=description,
            unit="batch",
            disable=None if is_first() else True,
        ) as bar:
            for indices in batches[progress.step :]:
                loss = self._step(indices)
                progress.step += 1
                progress.step_losses.append(loss)
                bar.set_postfix(loss=f"{loss:.3f}", learning_rate=f"{self.learning_rate:.1e}", refresh=False)
                bar.update()
                after_step()
        self._end_epoch()

    def _step(self, indices: list[int]) -> float:
        self._optimiser.zero_grad()
        step = len(self.progress.step_losses)
        terms = self._task.terms(self._network, share(indices), step)
        losses = []
        for num_done, term in enumerate(terms, start=1):
            with self._parallel.accumulating(more=num_done < len(terms)):
                losses.append(self._precision.backward(partial(self._parallel.loss, term)))
        self._precision.step(self._optimiser, self._network.parameters(), self._fitting.clip_norm)
        self._schedule.step()
        if self._ema:
            self._ema.update_parameters(self._network)
        return total(losses[0]) / num_processes()

    def _end_epoch(self) -> None:
        progress = self.progress
        candidate = cast(N, self._ema.module) if self._ema else self._network
        found = from_first(self._task.validate, candidate)
        train_loss = sum(progress.epoch_losses) / len(progress.epoch_losses)
        progress.epoch += 1
        progress.history.append(
            EpochMetrics(progress.epoch, train_loss, found.loss, found.accuracy, found.domain_accuracy)
        )
        progress.step = 0
        if progress.best is progress.history[-1]:
            self._best_weights = {name: weight.clone() for name, weight in candidate.state_dict().items()}


def _progress(saved: Mapping[str, Any], selection: Selection) -> Progress:
    history = [EpochMetrics(**epoch) for epoch in saved["history"]]
    return Progress(saved["epoch"], saved["step"], list(saved["step_losses"]), history, selection)
