"""Classifiers whose answers are known without training: each word has a value, and a text is its sum."""

from collections.abc import Mapping, Sequence

import torch

from sentiment import Classifier, NetworkConfig, SentimentLSTM, Tokenizer, TokenizerConfig, weights_to_bytes

__all__ = ["word_sums"]


def word_sums(
    values: Mapping[str, float], *, bias: float = 0.0, labels: Sequence[str] = ("negative", "positive")
) -> Classifier:
    """Return a classifier that says "positive" where the values of a text's words and the bias sum above 0.

    A real LSTM of one unit, its gates held open, so that its cell adds up what the embedding gives each word.
    """
    tokenizer = Tokenizer(list(values), TokenizerConfig(num_words=len(values)))
    config = NetworkConfig(
        vocabulary_size=tokenizer.vocabulary_size,
        num_labels=2,
        embedding_size=1,
        hidden_size=1,
        bidirectional=False,
        pooling="last",
    )
    network = SentimentLSTM(config)
    tensors = network.state_dict()  # gates in the order input, forget, cell, output
    tensors["embedding.weight"][:] = torch.tensor([[0.0], [0.0], *([value] for value in values.values())])
    tensors["layers.0.ahead.weight_ih_l0"][:] = torch.tensor([[0.0], [0.0], [1.0], [0.0]])
    tensors["layers.0.ahead.weight_hh_l0"][:] = 0.0
    tensors["layers.0.ahead.bias_ih_l0"][:] = torch.tensor([20.0, 20.0, 0.0, 20.0])
    tensors["layers.0.ahead.bias_hh_l0"][:] = 0.0
    tensors["output.weight"][:] = torch.tensor([[-1.0], [1.0]])
    tensors["output.bias"][:] = torch.tensor([-bias, bias])
    return Classifier.build(
        labels=labels,
        network=config,
        weights=weights_to_bytes(network, "float32"),
        tokenizer=tokenizer.to_json().encode(),
        temperature=1.0,
        device="cpu",
    )
