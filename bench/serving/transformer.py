"""A transformer of DistilBERT's size; its weights are random, which does not change its speed."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["Transformer"]


class Transformer:
    """Six layers of 768 with 12 heads, as in DistilBERT (Sanh et al. 2019), in single precision."""

    max_tokens = 512

    def __init__(self) -> None:
        layer = nn.TransformerEncoderLayer(
            d_model=768, nhead=12, dim_feedforward=3072, activation="gelu", batch_first=True
        )
        self._encoder = nn.TransformerEncoder(layer, num_layers=6).eval()
        self._words = nn.Embedding(30_522, 768)
        self._positions = nn.Embedding(self.max_tokens, 768)
        self._output = nn.Linear(768, 2)

    @torch.inference_mode()
    def run(self, lengths: Sequence[int]) -> Tensor:
        """Return the probabilities of one padded batch of random tokens with these lengths."""
        num_tokens = max(lengths)
        ids_BT = torch.randint(30_522, (len(lengths), num_tokens))
        padding_BT = torch.arange(num_tokens) >= torch.tensor(lengths).unsqueeze(1)
        x_BTE = self._words(ids_BT) + self._positions(torch.arange(num_tokens))
        x_BTE = self._encoder(x_BTE, src_key_padding_mask=padding_BT)
        return self._output(x_BTE[:, 0]).softmax(-1)  # type: ignore[no-any-return]
