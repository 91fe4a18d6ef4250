"""The network on a CPU, step by step over many reviews at once: the same logits in half the time.

What a word adds to the gates of the first layer does not depend on its place, so it is computed once for the
whole vocabulary and looked up. Reviews lie longest first, and those that have ended drop off the end, so
nothing is spent on padding. No kernel is kept by shape, so memory does not grow with new ones.

Shapes: B reviews, P places (the tokens of all reviews, by step and then by review), I inputs of a layer,
H hidden units of one direction, K directions, G = 4H gates in the order input, forget, output, cell.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor

from sentiment.network import LSTMLayer, SentimentLSTM
from sentiment.steps import Runs, compiled

__all__ = ["Recurrence"]

# Recurrent weights that are read again at every step should stay in a core's own cache.
MAX_TOGETHER_BYTES = 1024**2
# More reviews at a time gain nothing, and need more memory.
MAX_REVIEWS = 128
MAX_TOKENS = 32_768


class Recurrence:
    """A copy of a network, laid out for many reviews at a time.

    Its table takes 16 bytes for each word of the vocabulary and hidden unit of each direction.
    """

    pads = False

    @torch.inference_mode()
    def __init__(self, network: SentimentLSTM) -> None:
        self._first, *self._others = (_Layer.of(layer) for layer in network.layers)  # type: ignore[arg-type]
        self._table_RG = self._first.input_products(network.embedding.weight)
        self._vocabulary_size = network.config.vocabulary_size
        self._pooling = network.config.pooling
        self._output = network.output

    def batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Yield places 0 … N-1, the longest first, in batches within the limits on reviews and tokens.

        Lengths may differ within a batch: the more reviews at a step, the better.
        """
        batch: list[int] = []
        num_tokens = 0
        for place in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
            if batch and (len(batch) == MAX_REVIEWS or num_tokens + lengths[place] > MAX_TOKENS):
                yield batch
                batch, num_tokens = [], 0
            batch.append(place)
            num_tokens += lengths[place]
        if batch:
            yield batch

    def num_tokens_computed(self, lengths: Sequence[int]) -> int:
        """Return how many tokens are computed for one batch of these lengths: no more than it has."""
        return sum(lengths)

    def logits(self, batches: Sequence[Sequence[Sequence[int]]]) -> list[Tensor]:
        """Return logits [B, L] for each batch of token ids, in which each review has at least one."""
        return [self._logits(reviews) for reviews in batches]

    @torch.inference_mode()
    def _logits(self, reviews: Sequence[Sequence[int]]) -> Tensor:
        order = sorted(range(len(reviews)), key=lambda place: len(reviews[place]), reverse=True)
        longest_first = [reviews[place] for place in order]
        layout = _Layout.of([len(review) for review in longest_first])
        ids_P = torch.tensor(list(chain.from_iterable(longest_first)))[layout.tokens_P]
        logits_BL = self._output(self._pooled(ids_P, layout))
        return torch.empty_like(logits_BL).index_copy_(0, torch.tensor(order), logits_BL)

    def _pooled(self, ids_P: Tensor, layout: "_Layout") -> Tensor:
        layer, rows_RG = self._first, self._table_RG
        rows_PK = layout.both_ways(ids_P, num_rows=self._vocabulary_size)
        for following in self._others:
            states_PKH = layer.run(rows_RG, rows_PK, layout, keep_states=True)[-1]
            states_PKH[:, 1:] = states_PKH[layout.mirrored_P, 1:]  # back to the order of the text
            layer, rows_RG = following, following.input_products(states_PKH.flatten(1))
            rows_PK = layout.both_ways(torch.arange(len(ids_P)), num_rows=len(ids_P))
        kinds = ("last", "max", "mean") if self._pooling == "concat" else (self._pooling,)
        last, highest, total, _ = layer.run(rows_RG, rows_PK, layout, add_up="mean" in kinds)
        pooled = {"last": last, "max": highest, "mean": total / layout.lengths_B[:, None, None]}
        return torch.cat([pooled[kind].flatten(1) for kind in kinds], dim=-1)


class _Layout(NamedTuple):
    """Where the tokens of reviews lie, the longest review first."""

    lengths_B: Tensor
    runs: Runs
    """How many reviews go on for how many steps."""
    tokens_P: Tensor
    """Which token lies at each place, counted review by review."""
    mirrored_P: Tensor
    """The place that is as far from the end of its review as this one is from the start."""

    @classmethod
    def of(cls, lengths: list[int]) -> "_Layout":
        """Lay out reviews of these lengths, which must fall."""
        return cls(*compiled().lay_out(lengths))

    def both_ways(self, rows_P: Tensor, *, num_rows: int) -> Tensor:
        """Return for each place [P, 2] the row of the step ahead, and that back, `num_rows` behind."""
        return torch.stack([rows_P, rows_P[self.mirrored_P] + num_rows], dim=-1)


class _Layer(NamedTuple):
    """The weights of each direction, gate by gate."""

    input_weights_IG: list[Tensor]
    biases_G: list[Tensor]
    recurrent_weights_HG: list[Tensor]

    @classmethod
    def of(cls, layer: LSTMLayer) -> "_Layer":
        parts = cls([], [], [])
        for lstm in (layer.ahead, layer.back):
            if lstm is not None:
                weight_ih, weight_hh, bias_ih, bias_hh = lstm.all_weights[0]
                parts.input_weights_IG.append(_by_gate(weight_ih).t().contiguous())
                parts.biases_G.append(_by_gate(bias_ih + bias_hh))
                parts.recurrent_weights_HG.append(_by_gate(weight_hh).t().contiguous())
        return parts

    def input_products(self, x_NI: Tensor) -> Tensor:
        """Return what inputs [N, I] add to the gates: rows [K x N, G], one direction behind the other."""
        num_directions, num_inputs = len(self.biases_G), len(x_NI)
        rows_KNG = x_NI.new_empty(num_directions, num_inputs, self.biases_G[0].numel())
        for rows_NG, bias_G, weight_IG in zip(rows_KNG, self.biases_G, self.input_weights_IG, strict=True):
            torch.addmm(bias_G, x_NI, weight_IG, out=rows_NG)  # in place, since a vocabulary's rows are large
        return rows_KNG.flatten(0, 1)

    def run(
        self,
        rows_RG: Tensor,
        rows_PK: Tensor,
        layout: _Layout,
        *,
        add_up: bool = False,
        keep_states: bool = False,
    ) -> list[Tensor]:
        """Return what `steps.run_steps` returns, for all directions."""
        parts = [
            compiled().run_steps(
                rows_RG,
                rows_PK[:, start : start + len(weights)].contiguous(),
                layout.runs,
                weights,
                add_up=add_up,
                keep_states=keep_states,
            )
            for start, weights in self._together()
        ]
        return [torch.cat(tensors, dim=1) for tensors in zip(*parts, strict=True)]

    def _together(self) -> list[tuple[int, list[Tensor]]]:
        """Return which directions take their steps together, each group with its first direction."""
        weights = self.recurrent_weights_HG
        if sum(weight.nbytes for weight in weights) <= MAX_TOGETHER_BYTES:
            return [(0, weights)]
        return [(direction, [weight]) for direction, weight in enumerate(weights)]


def _by_gate(weight: Tensor) -> Tensor:
    """Return weights that come as input, forget, cell, output with the cell's behind the others."""
    entering, keeping, cell, leaving = weight.chunk(4)
    return torch.cat([entering, keeping, leaving, cell])
