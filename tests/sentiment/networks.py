"""Small networks with weights large enough for their outputs to differ."""

from collections.abc import Sequence
from typing import Any, get_args

import torch
from torch import Tensor

from sentiment import NetworkConfig, SentimentLSTM
from sentiment.network_config import Pooling
from sentiment.padding import pad

POOLINGS = get_args(Pooling)
SHAPES = [(1, True), (1, False), (2, True), (3, False)]
VOCABULARY_SIZE = 50


def network(**fields: Any) -> SentimentLSTM:  # noqa: ANN401  # any field of NetworkConfig
    """Return a seeded network in evaluation mode."""
    defaults = {"vocabulary_size": VOCABULARY_SIZE, "num_labels": 2, "embedding_size": 12, "hidden_size": 10}
    torch.manual_seed(7)
    model = SentimentLSTM(NetworkConfig(**(defaults | fields)))
    with torch.no_grad():
        model.embedding.weight[1:].normal_()
        model.output.weight.normal_()

    return model.eval()


def padded(reviews: Sequence[list[int]], *, num_steps: int = 48) -> tuple[Tensor, Tensor]:
    """Return reviews as ids [T, B] and lengths [B]."""
    return pad(reviews, num_rows=len(reviews), num_steps=num_steps)


def trained_network(**fields: Any) -> SentimentLSTM:  # noqa: ANN401  # any field of NetworkConfig
    """Return a network whose biases have moved from their initial values, too."""
    model = network(**fields)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "bias" in name:
                parameter.add_(torch.randn_like(parameter) / 4)
    return model
