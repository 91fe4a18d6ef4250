"""How the weights of a network start: the schemes that a recipe's `[initialisation]` can choose from.

A scheme fills the matrices of each LSTM, one gate at a time, and that of the output layer. The embedding is
looked up row by row, not multiplied from inputs to outputs: it starts at random within 0.05, or from word
vectors, whatever the scheme.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final, Literal

import torch
from torch import Tensor, nn

from sentiment import SentimentLSTM

__all__ = ["Biases", "Initialisation", "Weights", "initialise"]

Weights = Literal["default", "zeros", "normal", "xavier", "normalized", "orthogonal"]
Biases = Literal["forget_one", "zeros"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialisation:
    """What a network's weights and biases start from."""

    weights: Weights = "default"
    """`default` is the network's own: recurrent gates orthogonal, output layer Glorot uniform, and so are the
    four input gates, as one matrix.
    `zeros` never learns: units that start alike stay alike.
    `normal` has mean 0 and standard deviation 0.1, whatever the size of the matrix.
    `xavier` is normal with variance 2 / (inputs + outputs), after Glorot & Bengio (2010).
    `normalized` is uniform with that variance, within sqrt(6 / (inputs + outputs)) of 0: equation 16 of that
    paper, which calls it the normalized initialization. Libraries call both by Xavier Glorot's name.
    `orthogonal` keeps the length of what passes through a square matrix (Saxe et al. 2014, arXiv:1312.6120).
    """
    biases: Biases = "forget_one"
    """`forget_one` opens the forget gates (Jozefowicz et al. 2015); other biases start at zero either way."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}


_SCHEMES: Final[Mapping[Weights, Callable[[Tensor], Tensor]]] = {
    "zeros": nn.init.zeros_,
    "normal": partial(nn.init.normal_, std=0.1),
    "xavier": nn.init.xavier_normal_,
    "normalized": nn.init.xavier_uniform_,
    "orthogonal": nn.init.orthogonal_,
}


@torch.no_grad()
def initialise(network: SentimentLSTM, initialisation: Initialisation) -> None:
    """Give a freshly built network the start asked for, from torch's random state.

    The default changes nothing and draws nothing, so that recipes without the table keep their weights.
    """
    lstms = [module for module in network.modules() if isinstance(module, nn.LSTM)]
    if initialisation.weights != "default":
        fill = _SCHEMES[initialisation.weights]
        for lstm in lstms:
            for gate in _gates(lstm):
                fill(gate)
        fill(network.output.weight)
    if initialisation.biases == "zeros":
        for lstm in lstms:
            for bias in lstm.all_weights[0][2:]:
                bias.zero_()


def _gates(lstm: nn.LSTM) -> list[Tensor]:
    """Return views of the eight matrices that an LSTM stores as two: [H, E] and [H, H] for each gate."""
    weight_ih, weight_hh, *_ = lstm.all_weights[0]
    return [*weight_ih.chunk(4), *weight_hh.chunk(4)]
