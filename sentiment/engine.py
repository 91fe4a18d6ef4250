"""Running tokenized reviews through the network: the device, batches, calibration, memory that runs out."""

import math
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Protocol

import torch

from sentiment.compiled import bfloat16_kernel
from sentiment.cpus import available_cpus
from sentiment.errors import InvalidConfiguration, OutOfMemory
from sentiment.kernel import Floats
from sentiment.lengths import REFERENCE_TOKENS
from sentiment.network import SentimentLSTM
from sentiment.padded import Padded
from sentiment.recurrence import Recurrence
from sentiment.run_plan import RunPlan
from sentiment.tokenizer import PADDING_ID, TokenizedReview

__all__ = ["Engine", "choose_device", "set_num_threads"]

# PyTorch has an exception of its own for GPUs alone.
_CPU_ALLOCATOR_FULL = "can't allocate memory"


class Runner(Protocol):
    """How a network runs on one kind of device."""

    pads: bool
    """Whether a review costs as much as the longest of its batch."""

    kernel_name: str
    """What computes the steps."""

    def batches(self, lengths: Sequence[int]) -> Iterable[list[int]]:
        """Yield indices 0 … N-1 of reviews of these lengths, in batches to be run one by one."""

    def num_tokens_computed(self, lengths: Sequence[int]) -> int:
        """Return how many tokens are computed for one batch of these lengths."""

    def logits(self, batches: Sequence[Sequence[Sequence[int]]], helper: Executor | None) -> list[Floats]:
        """Return logits [B, L] for each batch of token ids; a helper may lend a thread that is free."""


class Engine:
    """Calibrated probabilities of tokenized reviews. Safe to call from several threads at once.

    `temperature` divides the logits before the softmax (Guo et al. 2017); for a review of n tokens it is
    temperature * (n / 100) ** temperature_slope, so a slope of 0 makes it the same for all. `device` is
    "auto" for a GPU where there is one, else "cpu" or "cuda". `precision` is "float32", or "bfloat16" for the
    recurrent products on a CPU with AMX: a probability moves by some 1e-3, but is the same in any batch.
    """

    def __init__(
        self,
        network: SentimentLSTM,
        *,
        temperature: float = 1.0,
        temperature_slope: float = 0.0,
        device: str = "auto",
        precision: str = "float32",
    ) -> None:
        if not (math.isfinite(temperature) and temperature > 0):
            raise InvalidConfiguration(f"temperature must be a positive number, not {temperature}")
        if not -1 <= temperature_slope <= 1:
            raise InvalidConfiguration(f"temperature_slope must be from -1 to 1, not {temperature_slope}")
        self._device = choose_device(device)
        self._network = network.to(self._device).eval()
        self._precision = precision
        self._runner = self._choose_runner()
        self.temperature = temperature
        self.temperature_slope = temperature_slope
        # One for each pair of cores; threads start when they are needed, and end with the engine.
        self._helper = ThreadPoolExecutor(max(1, available_cpus() // 2), thread_name_prefix="direction")

    @property
    def device(self) -> str:
        """Where batches run: "cpu" or "cuda"."""
        return self._device.type

    @property
    def precision(self) -> str:
        """What was asked for: "float32" or "bfloat16"."""
        return self._precision

    @property
    def network(self) -> SentimentLSTM:
        """The network that answers; copy it before changing it."""
        return self._network

    @property
    def pads(self) -> bool:
        """Whether a review costs as much as the longest that it is batched with."""
        return self._runner.pads

    @property
    def kernel(self) -> str:
        """What computes the steps: on a CPU "amx", "avx512", "avx2", "portable" or "eager", else "cuda"."""
        return self._runner.kernel_name

    def probabilities(self, reviews: Sequence[TokenizedReview]) -> list[list[float]]:
        """Plan and run: return one row of L probabilities for each review, in order; raises OutOfMemory."""
        return self.run(self.plan(reviews))

    def plan(self, reviews: Sequence[TokenizedReview]) -> RunPlan:
        """Return how these reviews will run."""
        lengths = [len(review.ids) for review in reviews]
        batches = list(self._runner.batches(lengths))
        num_tokens = [
            self._runner.num_tokens_computed([lengths[index] for index in batch]) for batch in batches
        ]
        return RunPlan(reviews=reviews, batches=batches, num_padded_tokens=sum(num_tokens))

    def run(self, plan: RunPlan, *, parallel_directions: bool | None = None) -> list[list[float]]:
        """Return one row of L probabilities for each review of a plan, in order.

        On a CPU, a review's row is the same to the last bit whatever it is batched with, or, where no kernel
        is compiled, within `sentiment.TOLERANCE`. `parallel_directions` runs the backward direction in a
        second thread, for when a core is idle; None does so if `set_num_threads` allows more than one. Raises
        OutOfMemory when the device has too little memory for this number of reviews.
        """
        if parallel_directions is None:
            parallel_directions = torch.get_num_threads() > 1
        try:
            return self._run([review.ids for review in plan.reviews], plan.batches, parallel_directions)
        except (torch.OutOfMemoryError, MemoryError):
            pass
        except RuntimeError as error:
            if _CPU_ALLOCATOR_FULL not in str(error):
                raise
        # Only here, behind the handlers, has the failed run let go of its tensors.
        if self.device == "cuda":
            torch.cuda.empty_cache()
        raise OutOfMemory(
            f"{len(plan.reviews)} reviews do not fit into the memory of the device {self.device}"
        )

    def warm_up(self) -> None:
        """Run a few batches, so that the first request is as fast as the next."""
        for num_reviews in (1, 2, 2):
            self._run([[PADDING_ID] * 2] * num_reviews, [list(range(num_reviews))], parallel_directions=True)

    def _choose_runner(self) -> Runner:
        if self._precision not in ("float32", "bfloat16"):
            raise InvalidConfiguration(f'precision must be "float32" or "bfloat16", not {self._precision!r}')
        if self._precision == "float32":
            return Padded(self._network, self._device) if self.device == "cuda" else Recurrence(self._network)
        if self.device == "cuda":
            raise InvalidConfiguration('precision "bfloat16" is for the CPU, and device is "cuda"')
        return Recurrence(self._network, bfloat16_kernel())

    def _run(
        self, ids: Sequence[Sequence[int]], batches: Sequence[Sequence[int]], parallel_directions: bool
    ) -> list[list[float]]:
        helper = self._helper if parallel_directions else None
        all_logits = self._runner.logits([[ids[index] for index in batch] for batch in batches], helper)
        rows: list[list[float]] = [[] for _ in ids]
        for batch, logits_BL in zip(batches, all_logits, strict=True):
            for index, logits in zip(batch, logits_BL.tolist(), strict=True):
                rows[index] = _softmax(logits, self._temperature_of(len(ids[index])))
        return rows

    def _temperature_of(self, num_tokens: int) -> float:
        if not self.temperature_slope:
            return self.temperature
        return self.temperature * math.pow(num_tokens / REFERENCE_TOKENS, self.temperature_slope)


def _softmax(logits: Sequence[float], temperature: float) -> list[float]:
    """Return probabilities, row by row, since library functions may round by the size of the batch.

    In double precision, so that they sum to one to the last printed digit.
    """
    highest = max(logits)
    powers = [math.exp((logit - highest) / temperature) for logit in logits]
    total = sum(powers)
    return [power / total for power in powers]


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
    """Set how many threads an engine, or one operation of PyTorch's, uses when this thread calls it."""
    torch.set_num_threads(num_threads)
