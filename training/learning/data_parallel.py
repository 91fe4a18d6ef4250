"""One process's copy of a network, while other processes train theirs on other shares of the same batches."""

from contextlib import AbstractContextManager, nullcontext

from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from training.distributed.processes import num_processes, total
from training.learning.task import Mean, Term

__all__ = ["Replica"]


class Replica:
    """Makes the gradients of all copies those of the loss on the whole batch.

    DistributedDataParallel reduces them, and gives all copies the first one's weights to begin with. In a
    single process it is left out.
    """

    def __init__(self, network: nn.Module) -> None:
        self._parallel = DistributedDataParallel(_Terms(network)) if num_processes() > 1 else None

    def accumulating(self, *, more: bool) -> AbstractContextManager[None]:
        """Return a context for computing and differentiating a term, after which `more` may follow.

        With the last term of a step, the gradients that all of them have added up are reduced.
        """
        return self._parallel.no_sync() if self._parallel and more else nullcontext()

    def loss(self, term: Term) -> Tensor:
        """Return a term, weighted such that its mean over all processes is that over the whole batch."""
        if self._parallel is None:
            return term().value
        mean: Mean = self._parallel(term)
        return mean.value * (mean.num_items * num_processes() / max(1.0, total(mean.num_items)))


class _Terms(nn.Module):
    """Computes any term within `forward`, where DistributedDataParallel follows what becomes of weights."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, term: Term) -> Mean:
        return term()
