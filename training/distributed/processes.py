"""The processes of one training, started by torchrun: which one this is, and how they agree.

The first process alone writes and talks; what it makes, the others get through `from_first`. A training in
one process has no process group, and every function here is trivial in it. Whatever talks between processes
must be called by all of them, in the same order.
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
"""What a process made, or why it could not."""

_LONGEST_WAIT = timedelta(hours=12)
"""The others wait while the first one learns word vectors or validates. torchrun notices one that died."""


@contextmanager
def joined() -> Iterator[None]:
    """Within the `with` block, be one of the processes that torchrun started, if it did start several.

    A SentimentError is one that all of them have raised (`from_first` and `in_each` see to that): it leaves
    the block in the first process, for it to print, and the others exit with code 1.
    """
    if not distributed.is_torchelastic_launched() or os.environ["WORLD_SIZE"] == "1":
        yield
        return
    # Tensors of the network go by NCCL, and what is said here, which is on the CPU, by gloo.
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, timeout=_LONGEST_WAIT)
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
    """Return whether this process is the one that writes and talks."""
    return rank() == 0


def take_device(name: str) -> None:
    """Let each process compute on a GPU of its own, where the device of that name is a GPU.

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


def share(places: Sequence[int]) -> Sequence[int]:
    """Return those places of a batch that this process sees to.

    A batch with fewer places than there are processes is seen to by each of them, whole: the mean over all
    is then the same, and no process is left without any.
    """
    return places[rank() :: num_processes()] if len(places) >= num_processes() else places


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
