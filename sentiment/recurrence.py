"""The network on a CPU, step by step over many reviews at once: the same logits in a fraction of the time.

What a word adds to the gates of the first layer does not depend on where it stands, so it is computed once
for the whole vocabulary and looked up. Reviews lie longest first, and those that have ended drop off the end,
so nothing is spent on padding. Nothing is kept by shape, so memory does not grow with new ones.

Shapes: B reviews, P tokens of all reviews, H hidden units of one direction, K directions, J poolings,
L labels.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, wait
from functools import partial
from itertools import chain, zip_longest

import numpy as np
from torch import Tensor, nn

from sentiment.compiled import compiled_kernels
from sentiment.eager import EagerKernel
from sentiment.kernel import Direction, DirectionWeights, Floats, Kernel, Outputs, Reviews, Rows
from sentiment.network import LSTMLayer, SentimentLSTM

__all__ = ["Recurrence"]

# More reviews at a time gain nothing, and need more memory.
MAX_REVIEWS = 128
MAX_TOKENS = 32_768
# Handing a direction to another thread takes as long as this number of multiplications.
MIN_SHARED_MULTIPLICATIONS = 10_000_000

_logger = logging.getLogger(__name__)


class Recurrence:
    """A copy of a network, laid out for many reviews at a time. Safe to call from several threads at once.

    Its table takes 16 bytes for each word of the vocabulary and hidden unit of each direction. A compiled
    kernel gives a review the same bits whatever it is batched with; the eager one, used where none is
    compiled, is as exact as `sentiment.TOLERANCE`.
    """

    pads = False

    def __init__(self, network: SentimentLSTM, kernel: Kernel | None = None) -> None:
        kernel = kernel or _best_kernel()
        self.kernel_name = kernel.name
        self._config = network.config
        self._is_parallel = kernel.is_parallel
        self._first, *self._others = [_directions(kernel, layer) for layer in network.layers]  # type: ignore[arg-type]
        embedding_VE = _array(network.embedding.weight)
        self._tables = [direction.rows(embedding_VE) for direction in self._first]
        self._output = kernel.linear(_array(network.output.weight), _array(network.output.bias))

    def batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Yield indices 0 … N-1, the longest first, in batches within the limits on reviews and tokens.

        Lengths may differ within a batch: the more reviews at a step, the better.
        """
        batch: list[int] = []
        num_tokens = 0
        for index in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
            if batch and (len(batch) == MAX_REVIEWS or num_tokens + lengths[index] > MAX_TOKENS):
                yield batch
                batch, num_tokens = [], 0
            batch.append(index)
            num_tokens += lengths[index]
        if batch:
            yield batch

    def num_tokens_computed(self, lengths: Sequence[int]) -> int:
        """Return how many tokens are computed for one batch of these lengths: no more than it has."""
        return sum(lengths)

    def logits(
        self, batches: Sequence[Sequence[Sequence[int]]], helper: Executor | None = None
    ) -> list[Floats]:
        """Return logits [B, L] for each batch of token ids, in which each review has at least one.

        `helper` may lend a thread that is free: where there is enough to do, it takes the backward direction,
        and the forward one runs here meanwhile. If it has not begun by the end of the forward direction, this
        thread does both. Raises IndexError for an id outside the vocabulary.
        """
        return [self._logits(reviews, helper) for reviews in batches]

    def _logits(self, batch: Sequence[Sequence[int]], helper: Executor | None) -> Floats:
        order = sorted(range(len(batch)), key=lambda index: len(batch[index]), reverse=True)
        length_B = np.array([len(batch[index]) for index in order], np.int64)
        reviews = Reviews(np.cumsum(length_B) - length_B, length_B)
        ids_P = np.fromiter(chain.from_iterable(batch[index] for index in order), np.int32, length_B.sum())
        if ids_P.min() < 0 or ids_P.max() >= self._config.vocabulary_size:
            raise IndexError(f"a token id is not within 0 to {self._config.vocabulary_size - 1}")
        if not self._is_worth_sharing(len(ids_P)):
            helper = None
        logits_BL = np.empty((len(batch), self._config.num_labels), np.float32)
        logits_BL[order] = self._output(self._pooled(ids_P, reviews, helper))
        return logits_BL

    def _is_worth_sharing(self, num_tokens: int) -> bool:
        num_multiplications = num_tokens * 4 * self._config.hidden_size**2
        return self._is_parallel and num_multiplications >= MIN_SHARED_MULTIPLICATIONS

    def _pooled(self, ids_P: Rows, reviews: Reviews, helper: Executor | None) -> Floats:
        """Return what pooling makes of the last layer's states: [B, J x K x H]."""
        num_directions, num_units = len(self._tables), self._config.hidden_size
        runs = [partial(it.run, table, ids_P) for it, table in zip(self._first, self._tables, strict=True)]
        for layer in self._others:
            states_PKH = np.empty((len(ids_P), num_directions, num_units), np.float32)
            outputs = [Outputs(states=states_PKH[:, k]) for k in range(num_directions)]
            _run_all(runs, reviews, outputs, helper)
            runs = [partial(_run_on, direction, states_PKH.reshape(len(ids_P), -1)) for direction in layer]
        kinds = ("last", "max", "mean") if self._config.pooling == "concat" else (self._config.pooling,)
        pooled_BJKH = np.empty((len(reviews.length_B), len(kinds), num_directions, num_units), np.float32)
        by_direction = pooled_BJKH.transpose(2, 1, 0, 3)
        outputs = [Outputs(**dict(zip(kinds, pooled_JBH, strict=True))) for pooled_JBH in by_direction]
        _run_all(runs, reviews, outputs, helper)
        return pooled_BJKH.reshape(len(reviews.length_B), -1)


def _best_kernel() -> Kernel:
    best = next(compiled_kernels(), None)
    if best is None:
        _logger.warning("the LSTM's compiled code is missing, and the CPU computes several times as slowly")
    return best or EagerKernel()


def _directions(kernel: Kernel, layer: LSTMLayer) -> list[Direction]:
    return [
        kernel.direction(_weights(lstm), backward=lstm is layer.back)
        for lstm in (layer.ahead, layer.back)
        if lstm is not None
    ]


def _weights(lstm: nn.LSTM) -> DirectionWeights:
    weight_ih, weight_hh, bias_ih, bias_hh = map(_array, lstm.all_weights[0])
    return DirectionWeights(weight_ih, weight_hh, bias_ih + bias_hh)


def _array(tensor: Tensor) -> Floats:
    return tensor.detach().numpy()


def _run_on(direction: Direction, x_PI: Floats, reviews: Reviews, outputs: Outputs) -> None:
    """Run a direction of a layer above the first, whose inputs are the states of the one below."""
    direction.run(direction.rows(x_PI), np.arange(len(x_PI), dtype=np.int32), reviews, outputs)


def _run_all(
    runs: Sequence[Callable[[Reviews, Outputs], None]],
    reviews: Reviews,
    outputs: Sequence[Outputs],
    helper: Executor | None,
) -> None:
    """Run the first direction here, and the second in the helper's thread if that is free, else here too."""
    first, *others = [partial(run, reviews, it) for run, it in zip(runs, outputs, strict=True)]
    futures = [helper.submit(run) for run in others] if helper else []
    try:
        first()
    finally:
        # What has not begun would wait for others; what has begun writes into arrays of ours.
        wait([future for future in futures if not future.cancel()])
    for run, future in zip_longest(others, futures):
        if future is None or future.cancelled():
            run()
        else:
            future.result()
