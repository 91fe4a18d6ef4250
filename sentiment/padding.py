"""Reviews of different lengths as one tensor."""

from collections.abc import Sequence

import torch
from torch import Tensor

from sentiment.tokenizer import PADDING_ID

__all__ = ["pad"]


def pad(ids: Sequence[Sequence[int]], *, num_rows: int, num_steps: int) -> tuple[Tensor, Tensor]:
    """Return ids [T, B] and lengths [B]; further rows, up to `num_rows`, have one token of padding."""
    ids_BT = torch.full((num_rows, num_steps), PADDING_ID)
    for row, review_ids in zip(ids_BT, ids, strict=False):
        row[: len(review_ids)] = torch.tensor(review_ids)
    lengths = [len(review_ids) for review_ids in ids] + [1] * (num_rows - len(ids))
    return ids_BT.t().contiguous(), torch.tensor(lengths)
