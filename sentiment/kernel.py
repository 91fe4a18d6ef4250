"""What runs the steps of an LSTM on a CPU: the compiled code, or PyTorch where it has not been compiled.

Shapes: B reviews, P tokens of all reviews, N rows, I inputs, O outputs, H hidden units of one direction,
G = 4H gates in PyTorch's order: input, forget, cell, output. R rows of gates are laid out as a kernel likes.
"""

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

__all__ = [
    "Direction",
    "DirectionWeights",
    "Floats",
    "Integers",
    "Kernel",
    "Linear",
    "Outputs",
    "Reviews",
    "Rows",
]

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]
"""Numbers of rows in a table."""


class Reviews(NamedTuple):
    """Where the tokens of reviews lie, the longest review first."""

    first_B: Integers
    length_B: Integers


class Outputs(NamedTuple):
    """Where a direction writes its states; what is None is not wanted.

    All are columns of larger arrays, those for reviews of the same one.
    """

    last: Floats | None = None
    """Where the direction ended [B, H]: forward at a review's last token, backward at its first."""
    max: Floats | None = None
    """The highest state of each unit [B, H]."""
    mean: Floats | None = None
    """Its mean [B, H]."""
    states: Floats | None = None
    """All states [P, H], in the order of the text."""


class DirectionWeights(NamedTuple):
    """The weights of one direction, as PyTorch has them."""

    input_GI: Floats
    recurrent_GH: Floats
    bias_G: Floats


class Linear(Protocol):
    """A linear layer."""

    def __call__(self, x_NI: Floats) -> Floats:
        """Return the outputs [N, O] of inputs [N, I]."""


class Direction(Protocol):
    """One direction of an LSTM layer."""

    def rows(self, x_NI: Floats) -> Floats:
        """Return what inputs [N, I] add to the gates, for `run`."""

    def run(self, rows_RG: Floats, row_P: Rows, reviews: Reviews, outputs: Outputs) -> None:
        """Take all steps, and write what is wanted; `row_P` is the row of each token."""


class Kernel(Protocol):
    """A way of running the steps."""

    @property
    def name(self) -> str:
        """The kind of processor that it is compiled for: "avx512", "avx2", "portable"; or "eager"."""

    @property
    def is_parallel(self) -> bool:
        """Whether threads compute side by side, or wait for the interpreter's lock."""

    def linear(self, weight_OI: Floats, bias_O: Floats) -> Linear:
        """Return a linear layer, its weights copied."""

    def direction(self, weights: DirectionWeights, *, backward: bool) -> Direction:
        """Return one direction of an LSTM layer, its weights copied."""
