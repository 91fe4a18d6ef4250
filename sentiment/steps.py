"""The steps of an LSTM layer over many reviews at once, compiled to run without the interpreter.

Each step is one product of all reviews' states with the recurrent weights, wide enough to use a processor
well; the rest is written in place, since asking for memory would take about as long as computing. Lanes run
this side by side: with Python between the operations, they would wait for its lock in turns.

Shapes: B reviews, P places (the tokens of all reviews, by step and then by review), R rows, H hidden units of
one direction, K directions, G = 4H gates in the order input, forget, output, cell.
"""

import functools
import warnings
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["compiled"]


Runs = list[tuple[int, int]]
"""How many reviews go on for how many steps."""


class Compiled(NamedTuple):
    """The functions below, compiled."""

    lay_out: Callable[[list[int]], tuple[Tensor, Runs, Tensor, Tensor]]
    run_steps: Callable[..., tuple[Tensor, Tensor, Tensor, Tensor]]


@functools.cache
def compiled() -> Compiled:
    """Return the functions below such that they run without the interpreter, and without its lock."""
    # Deprecated, but what is to follow it needs a C++ compiler wherever it runs.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return Compiled(torch.jit.script(lay_out), torch.jit.script(run_steps))


def lay_out(lengths: list[int]) -> tuple[Tensor, list[tuple[int, int]], Tensor, Tensor]:
    """Return where the tokens of reviews lie whose lengths fall: `recurrence._Layout` says what is what."""
    lengths_B = torch.tensor(lengths)
    num_reviews_T = (torch.arange(lengths[0]).unsqueeze(1) < lengths_B).sum(1)
    first_place_T = num_reviews_T.cumsum(0) - num_reviews_T
    first_token_B = lengths_B.cumsum(0) - lengths_B
    step_P = torch.repeat_interleave(torch.arange(lengths[0]), num_reviews_T)
    review_P = torch.arange(len(step_P)) - first_place_T[step_P]
    runs: list[tuple[int, int]] = []
    num_steps_told = 0
    for review in range(len(lengths) - 1, -1, -1):
        if lengths[review] > num_steps_told:
            runs.append((review + 1, lengths[review] - num_steps_told))
            num_steps_told = lengths[review]
    tokens_P = first_token_B[review_P] + step_P
    mirrored_P = first_place_T[lengths_B[review_P] - 1 - step_P] + review_P
    return lengths_B, runs, tokens_P, mirrored_P


def run_steps(
    rows_RG: Tensor,
    rows_PK: Tensor,
    runs: list[tuple[int, int]],
    weights_HG: list[Tensor],
    *,
    add_up: bool,
    keep_states: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the last states, their maximum and sum [B, K, H], and all states [P, K, H].

    The sum and all states are only there if they are asked for.

    `rows_RG` holds what inputs add to the gates, `rows_PK` which row is whose; a run is so many reviews that
    go on for so many steps. The last states are those at a review's end for the direction ahead, at its start
    for that back.
    """
    num_reviews, num_directions, num_gates = runs[0][0], len(weights_HG), rows_RG.size(1)
    num_hidden = num_gates // 4
    gates_BKG = rows_RG.new_empty([num_reviews, num_directions, num_gates])
    cells_BKH = rows_RG.new_zeros([num_reviews, num_directions, num_hidden])
    states_BKH = torch.zeros_like(cells_BKH)
    highest_BKH = torch.full_like(cells_BKH, -1.0)  # No state is lower.
    total_BKH = torch.zeros_like(cells_BKH)
    kept_PKH = rows_RG.new_empty([len(rows_PK) if keep_states else 0, num_directions, num_hidden])
    place = 0
    for num, num_steps in runs:
        gates, cells, states = gates_BKG[:num], cells_BKH[:num], states_BKH[:num]
        highest, total = highest_BKH[:num], total_BKH[:num]
        looked_up = gates.view(-1, num_gates)
        directions = [(gates[:, k], states[:, k], weights_HG[k]) for k in range(num_directions)]
        switches, news = gates[:, :, : 3 * num_hidden], gates[:, :, 3 * num_hidden :]
        enter, keep, leave = switches.chunk(3, dim=-1)
        next_place = place + num * num_steps
        for rows in rows_PK[place:next_place].view(num_steps, -1).unbind():
            torch.index_select(rows_RG, 0, rows, out=looked_up)
            for gates_BG, states_BH, weight_HG in directions:
                gates_BG.addmm_(states_BH, weight_HG)
            switches.sigmoid_()
            news.tanh_()
            cells.mul_(keep).addcmul_(enter, news)
            torch.tanh(cells, out=states)
            states.mul_(leave)
            torch.maximum(highest, states, out=highest)
            if add_up:
                total.add_(states)
            if keep_states:
                kept_PKH[place : place + num] = states
                place += num
        place = next_place
    return states_BKH, highest_BKH, total_BKH, kept_PKH
