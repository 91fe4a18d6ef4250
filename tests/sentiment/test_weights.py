import subprocess
import sys

import pytest
import safetensors.torch
import torch

from sentiment import InvalidWeights, network_from_bytes, weights_to_bytes
from tests.sentiment.networks import network, padded

BATCH = padded([[3, 4, 5], [6]])


def test_single_precision_comes_back_to_the_bit() -> None:
    model = network()
    again = network_from_bytes(model.config, weights_to_bytes(model, "float32"))
    assert torch.equal(again(*BATCH), model(*BATCH))


def test_half_precision_takes_half_the_space_and_moves_little() -> None:
    model = network(embedding_size=64)
    half, single = weights_to_bytes(model, "float16"), weights_to_bytes(model, "float32")
    assert len(half) < 0.6 * len(single)
    again = network_from_bytes(model.config, half)
    assert again.embedding.weight.dtype == torch.float32
    torch.testing.assert_close(again(*BATCH).softmax(-1), model(*BATCH).softmax(-1), rtol=0, atol=2e-3)


def test_a_loaded_network_is_in_evaluation_mode_and_needs_no_gradients() -> None:
    model = network_from_bytes(network().config, weights_to_bytes(network()))
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_loading_draws_no_random_number() -> None:
    model = network()
    weights = weights_to_bytes(model)
    before = torch.get_rng_state()
    network_from_bytes(model.config, weights)
    assert torch.equal(torch.get_rng_state(), before)


def test_loading_and_scoring_do_without_the_compiler() -> None:
    program = (
        "import sys; from sentiment import *; from tests.sentiment.networks import network, padded;"
        "model = network(); model = network_from_bytes(model.config, weights_to_bytes(model));"
        "model(*padded([[3]])); print('torch._dynamo' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.parametrize("weights", [b"", b"not safetensors", weights_to_bytes(network())[:-1]])
def test_damaged_bytes_are_refused(weights: bytes) -> None:
    with pytest.raises(InvalidWeights, match="not a safetensors file"):
        network_from_bytes(network().config, weights)


def test_weights_of_another_shape_are_refused_by_name() -> None:
    with pytest.raises(InvalidWeights, match=r"embedding.weight has shape \[50, 12\]"):
        network_from_bytes(network(embedding_size=9).config, weights_to_bytes(network()))


def test_missing_and_unknown_tensors_are_named() -> None:
    with pytest.raises(InvalidWeights, match=r"lack layers.1.ahead"):
        network_from_bytes(network(num_layers=2).config, weights_to_bytes(network()))
    with pytest.raises(InvalidWeights, match=r"hold layers.1.ahead"):
        network_from_bytes(network().config, weights_to_bytes(network(num_layers=2)))


def test_weights_that_are_not_finite_are_refused() -> None:
    state = dict(network().state_dict())
    state["output.bias"] = torch.tensor([0.0, float("nan")])
    with pytest.raises(InvalidWeights, match=r"output\.bias"):
        network_from_bytes(network().config, safetensors.torch.save(state))
