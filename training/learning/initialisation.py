"""How the weights of a network start: the schemes that a recipe's `[initialisation]` can choose from.

A scheme fills the matrices of each LSTM, one gate at a time, and that of the output layer. No scheme applies
to the embedding, which is looked up row by row and not multiplied: it starts at random within 0.05, or from
word vectors.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import torch
from torch import Tensor, nn

from sentiment import SentimentLSTM
from training.recipe.tables import Initialisation, Weights

__all__ = ["initialise"]

_SCHEMES: Final[Mapping[Weights, Callable[[Tensor], Tensor]]] = {
    "zeros": nn.init.zeros_,
    "normal": partial(nn.init.normal_, std=0.1),
    "xavier": nn.init.xavier_normal_,
    "normalized": nn.init.xavier_uniform_,
    "orthogonal": nn.init.orthogonal_,
}


@torch.no_grad()
def initialise(network: SentimentLSTM, initialisation: Initialisation) -> None:
    """Initialise a new network as the recipe says, from torch's random state.

    The default changes and draws nothing, so that recipes without the table give the same weights as before.
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
