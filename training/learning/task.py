"""A training task: the terms of the loss of each step, and validation after each epoch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from torch import Tensor, nn

__all__ = ["Mean", "Task", "Term", "ValidationMetrics"]

N_contra = TypeVar("N_contra", bound=nn.Module, contravariant=True)


@dataclass(frozen=True, slots=True)
class Mean:
    """A scalar that is the mean over `num_items` items: reviews, or words."""

    value: Tensor
    num_items: int


Term = Callable[[], Mean]
"""Computes one term of a step's loss. Terms are computed and differentiated one after the other, so a later
one
may use the gradients of an earlier one."""


@dataclass(frozen=True, slots=True)
class ValidationMetrics:
    """How good a network is on held-out examples: mean loss in nats, accuracies from 0 to 1."""

    loss: float
    accuracy: float
    domain_accuracy: float | None = None
    """The mean of the accuracies on each domain (macro average); None where there are no domains."""


class Task(Protocol[N_contra]):
    """A training task for networks of one kind."""

    @property
    def lengths(self) -> Sequence[int]:
        """Tokens of each train example."""

    def groups(self, network: N_contra) -> Sequence[Sequence[nn.Parameter]]:
        """Return all weights of a network in groups, from the output to the input."""

    def terms(self, network: N_contra, indices: Sequence[int], step: int) -> Sequence[Term]:
        """Return the terms of the loss on the examples at these indices; the first one is reported.

        Where several processes train together, the indices are this one's share of a batch. `step` counts
        from 0 over all epochs.
        """

    def validate(self, network: N_contra) -> ValidationMetrics:
        """Return how good a network is on held-out examples."""
