"""Data parallelism: each process trains a copy of the network on its share of the same batches."""

from contextlib import AbstractContextManager, nullcontext

from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from training.distributed.processes import num_processes, total
from training.learning.task import Mean, Term

__all__ = ["DataParallel"]


class DataParallel:
    """Gives all copies the gradients of the loss on the whole batch.

    DistributedDataParallel averages them, and gives all copies the weights of the first to begin with. A
    single process does without it.
    """

    def __init__(self, network: nn.Module) -> None:
        self._parallel = DistributedDataParallel(_Terms(network)) if num_processes() > 1 else None

    def accumulating(self, *, more: bool) -> AbstractContextManager[None]:
        """Return a context for computing and differentiating a term of the loss.

        The gradients of all terms are reduced with the last one, after which there are no `more`.
        """
        return self._parallel.no_sync() if self._parallel and more else nullcontext()

    def loss(self, term: Term) -> Tensor:
        """Return a term, weighted such that its mean over all processes is its mean over the whole batch."""
        if self._parallel is None:
            return term().value
        mean: Mean = self._parallel(term)
        return mean.value * (mean.num_items * num_processes() / max(1.0, total(mean.num_items)))


class _Terms(nn.Module):
    """Computes any term within `forward`, where DistributedDataParallel tracks the use of weights."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, term: Term) -> Mean:
        return term()
