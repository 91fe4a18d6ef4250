"""The network against LSTM equations written out, and against itself in other batches."""

import copy
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from sentiment import SentimentLSTM
from sentiment.network import (
    LSTMLayer,
    dropout_over_time,
    pool,
    run_stepwise,
    run_weight_dropped,
)
from sentiment.network_config import DROPOUTS, Pooling
from tests.sentiment.networks import POOLINGS, SHAPES, network, padded


def lstm_by_hand(x_TE: Tensor, weights: Sequence[Tensor]) -> Tensor:
    """Hidden states [T, H] of one review, from the equations (Gers et al. 2000; PyTorch's gate order)."""
    w_ih, w_hh, b_ih, b_hh = weights
    h_H = c_H = torch.zeros(w_hh.size(1))
    states = []
    for x_E in x_TE:
        i, f, g, o = (w_ih @ x_E + b_ih + w_hh @ h_H + b_hh).chunk(4)  # input, forget, cell, output
        c_H = torch.sigmoid(f) * c_H + torch.sigmoid(i) * torch.tanh(g)
        h_H = torch.sigmoid(o) * torch.tanh(c_H)
        states.append(h_H)
    return torch.stack(states)


def layer_by_hand(x_TE: Tensor, layer: LSTMLayer) -> Tensor:
    forward_TH = lstm_by_hand(x_TE, layer.ahead.all_weights[0])
    if layer.back is None:
        return forward_TH
    backward_TH = lstm_by_hand(x_TE.flip(0), layer.back.all_weights[0]).flip(0)
    return torch.cat([forward_TH, backward_TH], dim=-1)


def logits_by_hand(model: SentimentLSTM, ids: list[int]) -> Tensor:
    x_TD = model.embedding(torch.tensor(ids))
    for layer in model.layers:
        assert isinstance(layer, LSTMLayer)
        x_TD = layer_by_hand(x_TD, layer)
    hidden = model.config.hidden_size
    last = torch.cat([x_TD[-1, :hidden], x_TD[0, hidden:]])
    parts = {"last": last, "max": x_TD.amax(0), "mean": x_TD.mean(0)}
    parts["concat"] = torch.cat([parts["last"], parts["max"], parts["mean"]])
    return model.output(parts[model.config.pooling])  # type: ignore[no-any-return]


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize(("num_layers", "bidirectional"), SHAPES)
@torch.no_grad()
def test_logits_are_those_of_the_equations(pooling: Pooling, num_layers: int, bidirectional: bool) -> None:
    model = network(pooling=pooling, num_layers=num_layers, bidirectional=bidirectional)
    reviews = [[5], [4, 9, 2, 7], [3] * 40, list(range(2, 50))]
    logits_BL = model(*padded(reviews))
    for row, ids in zip(logits_BL, reviews, strict=True):
        torch.testing.assert_close(row, logits_by_hand(model, ids), rtol=0, atol=1e-6)


def first_lstm(model: SentimentLSTM) -> nn.LSTM:
    layer = model.layers[0]
    assert isinstance(layer, LSTMLayer)
    return layer.ahead


@torch.no_grad()
def test_stepwise_states_equal_the_fast_kernels() -> None:
    lstm = first_lstm(network())
    x_TBE = torch.randn(20, 3, lstm.input_size)
    expected, _ = lstm(x_TBE)
    torch.testing.assert_close(run_stepwise(lstm, x_TBE, recurrent_dropout=0.0), expected, rtol=0, atol=1e-6)


@torch.no_grad()
def test_recurrent_dropout_silences_the_same_units_at_every_step() -> None:
    torch.manual_seed(0)
    lstm = nn.LSTM(4, 64)
    w_ih, w_hh, b_ih, b_hh = lstm.all_weights[0]
    for weight in (w_ih, w_hh, b_ih, b_hh):
        weight.zero_()  # so that a unit's state can only come from the recurrent path
    w_hh[128:192] = torch.eye(64)
    b_ih[128:] = 1.0
    states = run_stepwise(lstm, torch.zeros(6, 1, 4), recurrent_dropout=0.5)
    silenced = states[-1, 0] == states[-1, 0].min()
    assert 16 < silenced.sum() < 48
    assert torch.equal(silenced, states[2, 0] == states[2, 0].min())


@torch.no_grad()
def test_an_lstm_without_some_weights_is_one_whose_weights_are_zero_there_and_doubled_elsewhere() -> None:
    lstm = first_lstm(network())
    x_TBE = torch.randn(20, 3, lstm.input_size)
    torch.manual_seed(4)
    dropped = run_weight_dropped(lstm, x_TBE, weight_drop=0.5)
    torch.manual_seed(4)
    by_hand = copy.deepcopy(lstm)
    mask = functional.dropout(torch.ones_like(lstm.all_weights[0][1]), 0.5)
    by_hand.all_weights[0][1].mul_(mask)
    torch.testing.assert_close(dropped, by_hand(x_TBE)[0], rtol=0, atol=1e-6)
    assert set(mask.flatten().tolist()) == {0.0, 2.0}


def test_embedding_dropout_leaves_out_a_word_wherever_it_stands() -> None:
    torch.manual_seed(1)
    model = network(embedding_dropout=0.5).train()
    ids_TB = torch.tensor([[3, 4], [5, 3], [3, 5], [4, 9]])
    left_out = (model.embed(ids_TB) == 0).all(-1)
    by_word = set(zip(ids_TB.flatten().tolist(), left_out.flatten().tolist(), strict=True))
    assert len(by_word) == 4
    assert {gone for _, gone in by_word} == {False, True}


def test_a_perturbation_moves_the_embeddings() -> None:
    model = network()
    ids_TB, lengths_B = padded([[3, 4, 5, 6], [7, 8]])
    perturbation_TBE = torch.randn(*ids_TB.shape, model.config.embedding_size)
    perturbed_BL = model(ids_TB, lengths_B, perturbation_TBE)
    torch.testing.assert_close(
        perturbed_BL, model.classify(model.embedding(ids_TB) + perturbation_TBE, lengths_B)
    )
    assert not torch.equal(perturbed_BL, model(ids_TB, lengths_B))


@pytest.mark.parametrize("name", DROPOUTS)
def test_each_dropout_acts_in_training_alone(name: str) -> None:
    model = network(**{name: 0.5})
    batch = padded([[3, 4, 5, 6], [7, 8]])
    assert torch.equal(model(*batch), model(*batch))
    model.train()
    assert not torch.equal(model(*batch), model(*batch))


def test_input_dropout_is_the_same_at_every_step() -> None:
    x_TBE = torch.ones(7, 2, 50)
    dropped = dropout_over_time(x_TBE, 0.5, training=True)
    assert torch.equal(dropped, dropped[:1].expand_as(dropped))
    assert set(dropped.flatten().tolist()) == {0.0, 2.0}
    assert not torch.equal(dropped[:, 0], dropped[:, 1])


@given(
    states=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    pooling=st.sampled_from(POOLINGS),
    garbage=st.floats(-1e3, 1e3),
)
def test_pooling_never_sees_padding(states: list[int], pooling: Pooling, garbage: float) -> None:
    x_TBD = torch.randn(8, len(states), 4)
    lengths_B = torch.tensor(states)
    spoiled = x_TBD.masked_fill(torch.arange(8).view(-1, 1, 1) >= lengths_B.view(1, -1, 1), garbage)
    assert torch.equal(pool(spoiled, lengths_B, pooling, 2), pool(x_TBD, lengths_B, pooling, 2))


def test_the_forget_gate_starts_open_and_recurrent_weights_are_orthogonal() -> None:
    lstm = first_lstm(network(hidden_size=8))
    _, w_hh, b_ih, b_hh = lstm.all_weights[0]
    assert (b_ih + b_hh).tolist() == [0.0] * 8 + [1.0] * 8 + [0.0] * 16
    for gate in w_hh.chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(8), rtol=0, atol=1e-5)


@pytest.mark.parametrize("num_labels", [2, 5])
def test_one_logit_for_each_label(num_labels: int) -> None:
    assert network(num_labels=num_labels)(*padded([[3], [4, 5]])).shape == (2, num_labels)


@settings(max_examples=25)
@given(st.data())
def test_gradients_flow_to_every_weight_but_that_of_padding(data: st.DataObject) -> None:
    pooling = data.draw(st.sampled_from(POOLINGS))
    num_layers, bidirectional = data.draw(st.sampled_from(SHAPES))
    model = network(pooling=pooling, num_layers=num_layers, bidirectional=bidirectional)
    model(*padded([[3, 4, 5, 6], [7, 8]])).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
    assert model.embedding.weight.grad is not None
    assert model.embedding.weight.grad[0].abs().sum() == 0
