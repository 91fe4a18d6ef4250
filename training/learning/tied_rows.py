"""Rows of an embedding that are one vector, before and while it is fitted.

Shapes: V token ids, E embedding features, N tied rows.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["tie_rows"]


def tie_rows(embedding: nn.Embedding, ids: Sequence[int]) -> None:
    """Set the rows to their mean, and let each of their gradients be the sum of all from now on.

    The sum is divided by the square root of N, so that its share in the gradient's norm, by which gradients
    are clipped, is that of a single row; to Adam, the scale of a gradient does not matter.
    """
    ids_N = torch.tensor(ids)
    with torch.no_grad():
        embedding.weight[ids_N] = embedding.weight[ids_N].mean(0)

    def tied(gradient_VE: Tensor) -> Tensor:
        index_N = ids_N.to(gradient_VE.device)
        sum_E = gradient_VE[index_N].sum(0) / len(index_N) ** 0.5
        return gradient_VE.index_copy(0, index_N, sum_E.expand(len(index_N), -1))

    embedding.weight.register_hook(tied)  # type: ignore[no-untyped-call]  # torch leaves it untyped
