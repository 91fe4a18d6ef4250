"""The steps of an LSTM by PyTorch's own operations: for where the compiled code cannot be had.

It takes the interpreter between all operations, so threads wait for its lock in turns.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from sentiment.kernel import DirectionWeights, Floats, Integers, Outputs, Reviews, Rows

__all__ = ["EagerKernel"]


class EagerKernel:
    """PyTorch's operations, one after the other: a `kernel.Kernel`."""

    name = "eager"
    is_parallel = False

    def linear(self, weight_OI: Floats, bias_O: Floats) -> "EagerLinear":
        """Return a linear layer, its weights copied."""
        return EagerLinear(weight_OI, bias_O)

    def direction(self, weights: DirectionWeights, *, backward: bool) -> "EagerDirection":
        """Return one direction of an LSTM layer, its weights copied."""
        return EagerDirection(weights, backward=backward)


class EagerLinear:
    """A linear layer."""

    def __init__(self, weight_OI: Floats, bias_O: Floats) -> None:
        self._weight_IO = torch.tensor(weight_OI).t().contiguous()
        self._bias_O = torch.tensor(bias_O)

    @torch.inference_mode()
    def __call__(self, x_NI: Floats) -> Floats:
        """Return the outputs [N, O] of inputs [N, I]."""
        return torch.addmm(self._bias_O, torch.from_numpy(x_NI), self._weight_IO).numpy()


class EagerDirection:
    """One direction of an LSTM layer; its rows have the gates in the order input, forget, output, cell."""

    def __init__(self, weights: DirectionWeights, *, backward: bool) -> None:
        self._inputs = EagerLinear(_cell_last(weights.input_GI), _cell_last(weights.bias_G))
        self._recurrent_HG = torch.tensor(_cell_last(weights.recurrent_GH)).t().contiguous()
        self._backward = backward

    def rows(self, x_NI: Floats) -> Floats:
        """Return what inputs [N, I] add to the gates."""
        return self._inputs(x_NI)

    @torch.inference_mode()
    def run(self, rows_RG: Floats, row_P: Rows, reviews: Reviews, outputs: Outputs) -> None:
        """Take all steps, and write what is wanted; `row_P` is the row of each token."""
        state_BH = torch.zeros(len(reviews.length_B), len(self._recurrent_HG))
        cell_BH, total_BH = torch.zeros_like(state_BH), torch.zeros_like(state_BH)
        max_BH = torch.full_like(state_BH, -1.0)  # No state is lower.
        for token_b in _tokens_by_step(reviews, backward=self._backward):
            now = slice(len(token_b))  # Those that have ended have fallen off the end.
            gates_bG = torch.from_numpy(rows_RG)[torch.from_numpy(row_P[token_b])]
            self._step(gates_bG, state_BH[now], cell_BH[now])
            torch.maximum(max_BH[now], state_BH[now], out=max_BH[now])
            if outputs.mean is not None:
                total_BH[now] += state_BH[now]
            if outputs.states is not None:
                outputs.states[token_b] = state_BH[now]
        length_B1 = torch.from_numpy(reviews.length_B)[:, None]
        _write(outputs, {"last": state_BH, "max": max_BH, "mean": total_BH / length_B1})

    def _step(self, gates_bG: Tensor, state_bH: Tensor, cell_bH: Tensor) -> None:
        """Move on the states and cells of b reviews, in place: new memory takes as long as computing."""
        gates_bG.addmm_(state_bH, self._recurrent_HG)
        i_bH, f_bH, o_bH, g_bH = gates_bG.chunk(4, dim=1)
        gates_bG[:, : 3 * g_bH.size(1)].sigmoid_()
        cell_bH.mul_(f_bH).addcmul_(i_bH, g_bH.tanh_())
        torch.tanh(cell_bH, out=state_bH)
        state_bH.mul_(o_bH)


def _tokens_by_step(reviews: Reviews, *, backward: bool) -> Iterator[Integers]:
    """Yield the token of each review that goes on, for each step."""
    steps_T = np.arange(reviews.length_B[0])
    # Lengths fall, so the first that is no longer than a step counts those that are.
    num_reviews_T = np.searchsorted(-reviews.length_B, -steps_T)
    first_B = reviews.first_B + (reviews.length_B - 1 if backward else 0)
    for step, num_reviews in zip(steps_T, num_reviews_T, strict=True):
        yield first_B[:num_reviews] + (-step if backward else step)


def _write(outputs: Outputs, states: Mapping[str, Tensor]) -> None:
    for name, state_BH in states.items():
        if (wanted := getattr(outputs, name)) is not None:
            wanted[:] = state_BH


def _cell_last(weights: Floats) -> Floats:
    """Return weights [G, ...] with the cell's gate behind the output's, so that all sigmoids lie together."""
    i, f, g, o = np.split(weights, 4)
    return np.concatenate([i, f, o, g])
