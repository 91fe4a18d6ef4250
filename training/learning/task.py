"""What a trainer trains a network for: the parts of each step's loss, and the figures of an epoch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from torch import Tensor, nn

__all__ = ["Mean", "Task", "Term"]

N_contra = TypeVar("N_contra", bound=nn.Module, contravariant=True)


@dataclass(frozen=True, slots=True)
class Mean:
    """A scalar that is the mean over so many items: reviews, or words."""

    value: Tensor
    num_items: int


Term = Callable[[], Mean]
"""Computes one part of a step's loss. Parts are computed and differentiated one after the other,
so a later one may build on the gradients of an earlier one."""


class Task(Protocol[N_contra]):
    """A training task for networks of one kind."""

    @property
    def lengths(self) -> Sequence[int]:
        """Tokens of each example that is trained on."""

    def groups(self, network: N_contra) -> Sequence[Sequence[nn.Parameter]]:
        """Return all weights of a network in groups, from the output down to the input."""

    def terms(self, network: N_contra, places: Sequence[int], step: int) -> Sequence[Term]:
        """Return the parts of the loss on the examples at these places; the first is the one to report.

        Where several processes train together, these are one process's share of a batch. `step` counts from 0
        over all epochs.
        """

    def validate(self, network: N_contra) -> tuple[float, float]:
        """Return mean loss in nats and accuracy, 0 to 1, on what is held out."""
