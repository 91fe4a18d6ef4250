"""The network on a GPU: padded batches of near-equal length, in the few shapes that its kernels take best.

cuDNN keeps the recurrent weights on the chip for padded half-precision batches whose rows are a multiple of
8, up to 128. Lengths are rounded up to a multiple of 32, since it prepares a plan for each new shape.
"""

import copy
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from itertools import islice

import torch
from torch import Tensor

from sentiment.kernel import Floats
from sentiment.lengths import LENGTH_STEP_TOKENS, round_up
from sentiment.network import SentimentLSTM
from sentiment.padding import pad

__all__ = ["Padded"]

ROW_COUNTS = (8, 16, 32, 64, 128)
MAX_BATCH_TOKENS = 65_536
# A batch takes a shorter review only while its own tokens fill this much of its padded row.
LEAST_FILL_RATIO = 0.6


class Padded:
    """A network that runs in half precision on a GPU, as a copy, and in single precision elsewhere."""

    pads = True
    kernel_name = "cuda"

    def __init__(self, network: SentimentLSTM, device: torch.device) -> None:
        self._device = device
        self._is_gpu = device.type == "cuda"
        self._network = copy.deepcopy(network).half() if self._is_gpu else network
        self._copies = torch.cuda.Stream(device) if self._is_gpu else None  # type: ignore[no-untyped-call]

    def batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Yield indices 0 … N-1 in batches of near-equal length, within the limits on rows and tokens."""
        by_length = iter(sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True))
        longest = next(by_length, None)
        while longest is not None:
            num_steps = round_up(lengths[longest], LENGTH_STEP_TOKENS)
            room = max(1, min(ROW_COUNTS[-1], MAX_BATCH_TOKENS // num_steps))
            batch, longest = [longest], None
            for index in islice(by_length, room):
                if len(batch) == room or lengths[index] < LEAST_FILL_RATIO * num_steps:
                    longest = index
                    break
                batch.append(index)
            yield batch

    def num_tokens_computed(self, lengths: Sequence[int]) -> int:
        """Return how many tokens the network reads for one batch of these lengths, padding included."""
        return _num_rows(lengths) * round_up(max(lengths), LENGTH_STEP_TOKENS)

    @torch.inference_mode()
    def logits(
        self, batches: Sequence[Sequence[Sequence[int]]], helper: Executor | None = None
    ) -> list[Floats]:
        """Return logits [B, L] for each batch of token ids; a helper has nothing to do here.

        All are sent off before the first is waited for: while one runs, the next is padded and copied.
        """
        del helper
        sent_off = [self._network(*self._copied(ids))[: len(ids)] for ids in batches]
        return [logits_BL.float().cpu().numpy() for logits_BL in sent_off]

    def _copied(self, ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        num_steps = round_up(max(map(len, ids)), LENGTH_STEP_TOKENS)
        ids_TB, lengths_B = pad(ids, num_rows=_num_rows(ids), num_steps=num_steps)
        if self._copies is None:
            return ids_TB, lengths_B
        with torch.cuda.stream(self._copies):
            # Only pinned memory is copied while the GPU computes.
            on_gpu = [
                tensor.pin_memory().to(self._device, non_blocking=True) for tensor in (ids_TB, lengths_B)
            ]
        computing = torch.cuda.current_stream(self._device)
        computing.wait_stream(self._copies)
        for tensor in on_gpu:
            tensor.record_stream(computing)
        return on_gpu[0], on_gpu[1]


def _num_rows(batch: Sequence[object]) -> int:
    return ROW_COUNTS[bisect_left(ROW_COUNTS, len(batch))]
