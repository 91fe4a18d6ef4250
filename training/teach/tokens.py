"""Texts as an encoder's token ids, and rows of ids as tensors.

Shapes: B texts in the batch, T tokens.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.errors import InvalidTransformer
from training.teach.batches import rounded

__all__ = ["SubwordTokenizer", "padded"]


class SubwordTokenizer:
    """The tokenizer of an encoder's folder; it cuts texts to `max_tokens`, a quarter of them from the start.

    Raises InvalidTransformer when the folder has none.
    """

    def __init__(self, folder: Path, *, max_tokens: int) -> None:
        path = folder / "tokenizer.json"
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing narrower
            raise InvalidTransformer(f"{path}: no tokenizer can be read there: {error}") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._max_tokens = max_tokens

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, special tokens included."""
        return [
            self._cut(found.ids) for found in self._tokenizer.encode_batch([_plain(text) for text in texts])
        ]

    def _cut(self, ids: list[int]) -> list[int]:
        num_first = self._max_tokens // 4
        return ids if len(ids) <= self._max_tokens else ids[:num_first] + ids[num_first - self._max_tokens :]


def padded(rows: Sequence[Sequence[int]], padding_id: int) -> tuple[Tensor, Tensor]:
    """Return ids [B, T] and their mask [B, T]."""
    length = rounded(max(map(len, rows)))
    ids_BT = torch.full((len(rows), length), padding_id, dtype=torch.long)
    mask_BT = torch.zeros(len(rows), length, dtype=torch.long)
    for index, row in enumerate(rows):
        ids_BT[index, : len(row)] = torch.tensor(row)
        mask_BT[index, : len(row)] = 1
    return ids_BT, mask_BT


def _plain(text: str) -> str:
    return text.replace("<br />", " ")
