"""Running tokenized reviews through the network: batching by length, padding, device, calibration.

Kernels keep a compiled primitive for each shape they meet, so memory would grow with every new shape.
Lengths are rounded up to a multiple of 32 and rows to one of a few counts: about a hundred shapes in all.
Padding costs time, but never changes a score.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor

from sentiment.errors import InvalidConfiguration, OutOfMemory
from sentiment.network import SentimentLSTM
from sentiment.tokenizer import PADDING_ID, TokenizedReview

__all__ = ["LENGTH_STEP_TOKENS", "Engine", "choose_device", "pad", "round_up", "set_num_threads"]

LENGTH_STEP_TOKENS = 32
ROW_COUNTS = (1, 2, 4, 8, 16, 24, 32, 48, 64)
MAX_BATCH_TOKENS = 16_384
# A batch takes a shorter review only while its own tokens fill this much of its padded row.
LEAST_FILL_RATIO = 0.6
# PyTorch has an exception of its own for GPUs alone.
_CPU_ALLOCATOR_FULL = "can't allocate memory"


class Engine:
    """Calibrated probabilities of tokenized reviews. Safe to call from several threads at once.

    `temperature` divides the logits before the softmax (Guo et al. 2017). `device` is "auto" for a GPU
    where there is one, else "cpu" or "cuda".
    """

    def __init__(self, network: SentimentLSTM, *, temperature: float = 1.0, device: str = "auto") -> None:
        if not (math.isfinite(temperature) and temperature > 0):
            raise InvalidConfiguration(f"temperature must be a positive number, not {temperature}")
        self._device = choose_device(device)
        self._network = network.to(self._device).eval()
        self._temperature = temperature

    @property
    def device(self) -> str:
        """Where batches run: "cpu" or "cuda"."""
        return self._device.type

    @property
    def network(self) -> SentimentLSTM:
        """The network that answers; copy it before changing it."""
        return self._network

    def probabilities(self, reviews: Sequence[TokenizedReview]) -> list[list[float]]:
        """Return one row of L probabilities for each review, in the order given.

        A review's row is the same within `sentiment.TOLERANCE` whatever it is batched with. Raises
        OutOfMemory when the device has too little for so many reviews.
        """
        try:
            return self._run_groups(reviews)
        except (torch.OutOfMemoryError, MemoryError):
            pass
        except RuntimeError as error:
            if _CPU_ALLOCATOR_FULL not in str(error):
                raise
        # Only here, behind the handlers, has the failed run let go of its tensors.
        if self.device == "cuda":
            torch.cuda.empty_cache()
        raise OutOfMemory(f"{len(reviews)} reviews do not fit into the memory of the device {self.device}")

    def num_padded_tokens(self, reviews: Sequence[TokenizedReview]) -> int:
        """Return how many tokens the network reads for these reviews, padding included."""
        lengths = [len(review.ids) for review in reviews]
        return sum(
            _num_rows(places) * round_up(max(lengths[place] for place in places), LENGTH_STEP_TOKENS)
            for places in group_by_length(lengths)
        )

    def warm_up(self) -> None:
        """Run one batch, so that the first request does not pay for building the kernels."""
        self._run([[PADDING_ID]])

    def _run_groups(self, reviews: Sequence[TokenizedReview]) -> list[list[float]]:
        rows: list[list[float]] = [[] for _ in reviews]
        for places in group_by_length([len(review.ids) for review in reviews]):
            batch = self._run([reviews[place].ids for place in places])
            for place, row in zip(places, batch, strict=True):
                rows[place] = row
        return rows

    @torch.inference_mode()
    def _run(self, ids: Sequence[Sequence[int]]) -> list[list[float]]:
        num_rows = _num_rows(ids)
        num_steps = round_up(max(map(len, ids)), LENGTH_STEP_TOKENS)
        ids_TB, lengths_B = pad(ids, num_rows=num_rows, num_steps=num_steps)
        logits_BL = self._network(ids_TB.to(self._device), lengths_B.to(self._device))[: len(ids)]
        # In double precision, so that the rows sum to one to the last printed digit.
        return (logits_BL.double() / self._temperature).softmax(-1).tolist()  # type: ignore[no-any-return]


def choose_device(name: str) -> torch.device:
    """Return the device called "auto", "cpu" or "cuda"; raises InvalidConfiguration when it cannot be had."""
    if name not in ("auto", "cpu", "cuda"):
        raise InvalidConfiguration(f'device must be "auto", "cpu" or "cuda", not {name!r}')
    if name == "cuda" and not torch.cuda.is_available():
        raise InvalidConfiguration(
            'device is "cuda", but PyTorch finds no usable GPU; "auto" or "cpu" would run'
        )
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def set_num_threads(num_threads: int) -> None:
    """Set how many threads one operation uses. It holds for the calling thread alone."""
    torch.set_num_threads(num_threads)


def group_by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Cut places 0 … N-1 into batches of near-equal length, within the token and row limits."""
    by_length = iter(sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True))
    longest = next(by_length, None)
    while longest is not None:
        num_steps = round_up(lengths[longest], LENGTH_STEP_TOKENS)
        room = max(1, min(ROW_COUNTS[-1], MAX_BATCH_TOKENS // num_steps))
        batch, longest = [longest], None
        for place in islice(by_length, room):
            if len(batch) == room or lengths[place] < LEAST_FILL_RATIO * num_steps:
                longest = place
                break
            batch.append(place)
        yield batch


def pad(ids: Sequence[Sequence[int]], *, num_rows: int, num_steps: int) -> tuple[Tensor, Tensor]:
    """Return ids [T, B] and lengths [B], with rows of a single padding token behind those given."""
    ids_BT = torch.full((num_rows, num_steps), PADDING_ID)
    for row, review_ids in zip(ids_BT, ids, strict=False):
        row[: len(review_ids)] = torch.tensor(review_ids)
    lengths = [len(review_ids) for review_ids in ids] + [1] * (num_rows - len(ids))
    return ids_BT.t().contiguous(), torch.tensor(lengths)


def round_up(number: int, step: int) -> int:
    """Return the first multiple of `step` that is not below `number`."""
    return -(-number // step) * step


def _num_rows(batch: Sequence[object]) -> int:
    return ROW_COUNTS[bisect_left(ROW_COUNTS, len(batch))]
