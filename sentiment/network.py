"""The network: token ids in, one logit for each label out.

Names and comments give the shapes: B reviews in the batch, T time steps (tokens, padded at the end), E
embedding, H hidden units of one direction, D = H x directions, L labels. Time comes first, as the kernels
expect it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from sentiment.network_config import NetworkConfig, Pooling
from sentiment.tokenizer import PADDING_ID

__all__ = ["LSTMLayer", "SentimentLSTM"]


class SentimentLSTM(nn.Module):
    """Embedding, stacked LSTM layers, pooling over time, linear. Exact whatever a review is batched with."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        directions = 2 if config.bidirectional else 1
        output_size = config.hidden_size * directions  # D
        self.embedding = nn.Embedding(config.vocabulary_size, config.embedding_size, padding_idx=PADDING_ID)
        self.layers = nn.ModuleList(
            LSTMLayer(
                config.embedding_size if depth == 0 else output_size,
                config.hidden_size,
                bidirectional=config.bidirectional,
                weight_drop=config.weight_drop,
                recurrent_dropout=config.recurrent_dropout,
            )
            for depth in range(config.num_layers)
        )
        self.output = nn.Linear(output_size * (3 if config.pooling == "concat" else 1), config.num_labels)
        self._initialise()

    def forward(self, ids_TB: Tensor, lengths_B: Tensor, perturbation_TBE: Tensor | None = None) -> Tensor:
        """Return logits [B, L] for padded token ids [T, B] and true lengths [B], each at least 1.

        `perturbation_TBE` is added to the embeddings; adversarial training needs its gradient.
        """
        x_TBE = self.embed(ids_TB)
        return self.classify(x_TBE if perturbation_TBE is None else x_TBE + perturbation_TBE, lengths_B)

    def embed(self, ids_TB: Tensor) -> Tensor:
        """Return embeddings [T, B, E] of token ids [T, B]; in training without the words that are dropped."""
        x_TBE = self.embedding(ids_TB)
        if not self.training or self.config.embedding_dropout == 0:
            return x_TBE  # type: ignore[no-any-return]
        kept_V = functional.dropout(
            x_TBE.new_ones(self.config.vocabulary_size), self.config.embedding_dropout
        )
        return x_TBE * kept_V[ids_TB].unsqueeze(-1)  # type: ignore[no-any-return]

    def classify(self, x_TBE: Tensor, lengths_B: Tensor) -> Tensor:
        """Return logits [B, L] for embeddings [T, B, E], from which gradients by token can be taken."""
        config = self.config
        x_TBE = dropout_over_time(x_TBE, config.input_dropout, training=self.training)
        for depth, layer in enumerate(self.layers):
            if depth > 0:
                x_TBE = dropout_over_time(x_TBE, config.output_dropout, training=self.training)
            x_TBE = layer(x_TBE, lengths_B)  # [T, B, D]
        pooled_BD = pool(
            x_TBE, lengths_B, config.pooling, config.hidden_size
        )  # [B, D], or [B, 3D] for concat
        return self.output(functional.dropout(pooled_BD, config.output_dropout, self.training))  # type: ignore[no-any-return]  # [B, L]

    @torch.no_grad()
    def _initialise(self) -> None:
        nn.init.uniform_(self.embedding.weight, -0.05, 0.05)  # as Keras does
        self.embedding.weight[PADDING_ID].zero_()
        nn.init.xavier_uniform_(self.output.weight)
        self.output.bias.zero_()


class LSTMLayer(nn.Module):
    """One LSTM layer, in one or both directions, over padded reviews.

    The backward direction is an LSTM of its own over each review reversed by its own length. So neither
    direction sees padding before a token, and both use the fast kernels, which packed sequences cannot.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        bidirectional: bool,
        weight_drop: float = 0.0,
        recurrent_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.ahead = new_lstm(input_size, hidden_size)
        self.back = new_lstm(input_size, hidden_size) if bidirectional else None
        self.weight_drop = weight_drop
        self.recurrent_dropout = recurrent_dropout

    def forward(self, x_TBE: Tensor, lengths_B: Tensor) -> Tensor:
        """Return the hidden states [T, B, D] of inputs [T, B, E]; those of padding mean nothing."""
        forward_TBH = self._run(self.ahead, x_TBE)
        if self.back is None:
            return forward_TBH
        order_TB = reversal(x_TBE.size(0), lengths_B)
        backward_TBH = reorder(self._run(self.back, reorder(x_TBE, order_TB)), order_TB)
        return torch.cat([forward_TBH, backward_TBH], dim=-1)  # [T, B, 2H]

    def _run(self, lstm: nn.LSTM, x_TBE: Tensor) -> Tensor:
        if self.training and self.recurrent_dropout > 0:
            return run_stepwise(lstm, x_TBE, self.recurrent_dropout)
        if self.training and self.weight_drop > 0:
            return run_weight_dropped(lstm, x_TBE, self.weight_drop)
        states_TBH, _ = lstm(x_TBE)
        return states_TBH  # type: ignore[no-any-return]


def new_lstm(input_size: int, hidden_size: int) -> nn.LSTM:
    """Return an LSTM with orthogonal recurrent weights and a forget bias of 1 (Jozefowicz et al. 2015)."""
    lstm = nn.LSTM(input_size, hidden_size)
    weight_ih, weight_hh, bias_ih, bias_hh = (weight.data for weight in lstm.all_weights[0])
    nn.init.xavier_uniform_(weight_ih)
    for gate_HH in weight_hh.chunk(4):  # input, forget, cell, output
        nn.init.orthogonal_(gate_HH)
    nn.init.zeros_(bias_hh)  # The gates add both biases, so one is enough for the initial values.
    nn.init.zeros_(bias_ih)
    bias_ih[hidden_size : 2 * hidden_size] = 1.0
    return lstm


def run_stepwise(lstm: nn.LSTM, x_TBE: Tensor, recurrent_dropout: float) -> Tensor:
    """Return the hidden states [T, B, H] with one dropout mask for the state at all steps."""
    h_BH = x_TBE.new_zeros(x_TBE.size(1), lstm.hidden_size)
    c_BH = torch.zeros_like(h_BH)
    mask_BH = functional.dropout(torch.ones_like(h_BH), recurrent_dropout)
    states = []
    for x_BE in x_TBE:
        h_BH, c_BH = torch.lstm_cell(x_BE, (h_BH * mask_BH, c_BH), *lstm.all_weights[0])
        states.append(h_BH)
    return torch.stack(states)


def run_weight_dropped(lstm: nn.LSTM, x_TBE: Tensor, weight_drop: float) -> Tensor:
    """Return the hidden states [T, B, H] with some of the recurrent weights dropped, at full speed."""
    weight_ih, weight_hh, *biases = lstm.all_weights[0]
    start_1BH = x_TBE.new_zeros(1, x_TBE.size(1), lstm.hidden_size)
    weights = [weight_ih, functional.dropout(weight_hh, weight_drop), *biases]
    states_TBH, _, _ = torch.lstm(x_TBE, (start_1BH, start_1BH), weights, True, 1, 0.0, True, False, False)
    return states_TBH


def dropout_over_time(x_TBE: Tensor, p: float, *, training: bool) -> Tensor:
    """Zero whole features of a review, the same at every step (variational dropout)."""
    if not training or p == 0:
        return x_TBE
    return x_TBE * functional.dropout(torch.ones_like(x_TBE[:1]), p)  # mask [1, B, E]


def reversal(num_steps: int, lengths_B: Tensor) -> Tensor:
    """Return indices [T, B] that reverse each review within its own length; padding stays where it is."""
    t_T1 = torch.arange(num_steps, device=lengths_B.device).unsqueeze(1)
    mirrored_TB = lengths_B - 1 - t_T1
    return torch.where(mirrored_TB >= 0, mirrored_TB, t_T1)


def reorder(x_TBE: Tensor, order_TB: Tensor) -> Tensor:
    """Return x [T, B, E] with each review's steps in the order given by indices [T, B]."""
    return x_TBE.gather(0, order_TB.unsqueeze(-1).expand_as(x_TBE))


def pool(x_TBD: Tensor, lengths_B: Tensor, pooling: Pooling, hidden_size: int) -> Tensor:
    """Return one vector a review from states [T, B, D], without padding: [B, D], or [B, 3D] for concat."""
    padding_TB1 = (torch.arange(x_TBD.size(0), device=x_TBD.device).unsqueeze(1) >= lengths_B).unsqueeze(-1)
    pooled = []
    if pooling in ("last", "concat"):
        pooled.append(last_states(x_TBD, lengths_B, hidden_size))
    if pooling in ("max", "concat"):
        pooled.append(x_TBD.masked_fill(padding_TB1, -torch.inf).amax(0))
    if pooling in ("mean", "concat"):
        pooled.append(x_TBD.masked_fill(padding_TB1, 0).sum(0) / lengths_B.unsqueeze(-1))
    return torch.cat(pooled, dim=-1)


def last_states(x_TBD: Tensor, lengths_B: Tensor, hidden_size: int) -> Tensor:
    """Return final states [B, D]: the forward ones at the last token, the backward ones at the first."""
    last_1BD = (lengths_B - 1).view(1, -1, 1).expand(1, -1, x_TBD.size(-1))
    forward_BH = x_TBD.gather(0, last_1BD)[0, :, :hidden_size]
    return torch.cat([forward_BH, x_TBD[0, :, hidden_size:]], dim=-1)
