"""The processes of one training, started by torchrun: which one this is, and how they agree.

Only the first process writes and prints; the others receive what it makes through `from_first`. A training in
one process has no process group, and every function here is trivial in it. All processes must call the
functions that communicate, in the same order.
"""

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import ParamSpec, TypeVar, cast

import torch
from torch import distributed

from sentiment import SentimentError, choose_device
from training.errors import TooFewDevices

__all__ = [
    "any_of",
    "check_gpus",
    "from_each",
    "from_first",
    "in_each",
    "is_first",
    "joined",
    "num_processes",
    "rank",
    "share",
    "take_device",
    "total",
]

P = ParamSpec("P")
T = TypeVar("T")

_Attempt = tuple[T | None, SentimentError | None]
"""What a process has made, or why it could not."""

_MAX_WAIT = timedelta(hours=12)
"""The others wait while the first one learns word vectors or validates. torchrun notices if one dies."""


@contextmanager
def joined() -> Iterator[None]:
    """Be one of the processes that torchrun started, if it started several, within the `with` block.

    `from_first` and `in_each` raise a SentimentError in all of them: it leaves the block in the first
    process, which prints it, and the others exit with code 1.
    """
    if not distributed.is_torchelastic_launched() or os.environ["WORLD_SIZE"] == "1":
        yield
        return
    # NCCL carries the tensors of the network, gloo what is exchanged here, which is on the CPU.
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, timeout=_MAX_WAIT)
    try:
        yield
    except SentimentError:
        if _leave() == 0:
            raise
        raise SystemExit(1) from None
    _leave()  # but not after any other exception: leaving waits for processes that may be stuck


def rank() -> int:
    """Return the number of this process, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def num_processes() -> int:
    """Return how many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def is_first() -> bool:
    """Return whether this process is the one that writes and prints."""
    return rank() == 0


def take_device(name: str) -> None:
    """Give each process a GPU of its own, if the device of this name is a GPU.

    Raises TooFewDevices when a host has more processes than GPUs, and what `choose_device` raises.
    """
    device = in_each(choose_device, name)
    if num_processes() > 1 and device.type == "cuda":
        in_each(check_gpus, int(os.environ["LOCAL_WORLD_SIZE"]), torch.cuda.device_count())
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))


def check_gpus(num_local_processes: int, num_gpus: int) -> None:
    """Raise TooFewDevices unless each process of a host can have a GPU of its own."""
    if num_local_processes > num_gpus:
        raise TooFewDevices(
            f"torchrun started {num_local_processes} processes on a host with {num_gpus} usable GPUs: "
            f"start one for each GPU with --nproc-per-node {num_gpus}, or use --device cpu"
        )


def share(indices: Sequence[int]) -> Sequence[int]:
    """Return the part of a batch that this process computes.

    Each process computes the whole of a batch that has fewer indices than there are processes: the mean over
    all is then the same, and no process is left without any.
    """
    return indices[rank() :: num_processes()] if len(indices) >= num_processes() else indices


def total(value: float) -> float:
    """Return the sum of the values of all processes."""
    if num_processes() == 1:
        return value
    values = torch.tensor(value, dtype=torch.float64)
    distributed.all_reduce(values)
    return values.item()


def any_of(flag: bool) -> bool:
    """Return whether the flag is set in any process."""
    return total(float(flag)) > 0


def from_each(value: T) -> list[T]:
    """Return the values of all processes, in their order."""
    if num_processes() == 1:
        return [value]
    values: list[T] = [value] * num_processes()
    distributed.all_gather_object(values, value)
    return values


def from_first(make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what the first process makes; a SentimentError that it raises is raised in all of them."""
    if num_processes() == 1:
        return make(*args, **kwargs)
    made: list[_Attempt[T]] = [_attempt(make, *args, **kwargs) if is_first() else (None, None)]
    distributed.broadcast_object_list(made)
    value, error = made[0]
    if error:
        raise error
    return cast(T, value)


def in_each(make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what this process makes, once all have made theirs; a SentimentError in one is raised in all."""
    if num_processes() == 1:
        return make(*args, **kwargs)
    value, own_error = _attempt(make, *args, **kwargs)
    for number, (error, host) in enumerate(from_each((own_error, socket.gethostname()))):
        if error:
            raise error if number == 0 else type(error)(f"in process {number} on {host}: {error}")
    return cast(T, value)


def _attempt(make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "_Attempt[T]":
    try:
        return make(*args, **kwargs), None
    except SentimentError as error:
        return None, error


def _leave() -> int:
    left = rank()
    distributed.destroy_process_group()
    return left
