"""Rows of an embedding that are tied."""

import torch
from torch import nn

from training.learning.tied_rows import tie_rows

TIED = [2, 4, 5]


def tied_embedding() -> tuple[nn.Embedding, torch.Tensor]:
    """An embedding with three tied rows, and its weights before."""
    torch.manual_seed(3)
    embedding = nn.Embedding(7, 3)
    before_VE = embedding.weight.detach().clone()
    tie_rows(embedding, TIED)
    return embedding, before_VE


def test_tied_rows_start_as_their_mean_and_others_stay() -> None:
    embedding, before_VE = tied_embedding()
    for row in range(7):
        expected_E = before_VE[TIED].mean(0) if row in TIED else before_VE[row]
        assert torch.allclose(embedding.weight[row], expected_E)


def test_they_move_together_and_others_alone() -> None:
    embedding, _ = tied_embedding()
    optimiser = torch.optim.AdamW(embedding.parameters(), lr=0.1)
    before_VE = embedding.weight.detach().clone()
    for _ in range(3):
        optimiser.zero_grad()
        embedding(torch.tensor([1, 4])).square().sum().backward()
        optimiser.step()
    moved_V = (embedding.weight - before_VE).abs().sum(1) > 0.05
    assert moved_V.tolist() == [row in {1, *TIED} for row in range(7)]
    assert torch.equal(embedding.weight[2], embedding.weight[4])
    assert torch.equal(embedding.weight[2], embedding.weight[5])


def test_their_gradients_are_one_in_the_norm() -> None:
    embedding, _ = tied_embedding()
    (2 * embedding(torch.tensor([2, 5]))).sum().backward()
    gradient_VE = embedding.weight.grad
    assert gradient_VE is not None
    assert torch.allclose(gradient_VE.norm(), torch.full((3,), 4.0).norm())
