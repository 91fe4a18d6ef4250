"""Work beside the event loop, and waiting until an object is gone."""

import asyncio
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

__all__ = ["gone", "in_thread"]

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Return what a function returns that runs in a thread of its own, or raise what it raises.

    The thread keeps nothing from ending: a disk that hangs must not hold up the end of the process, as it
    would in the event loop's own threads.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    threading.Thread(target=_run, args=(work, loop, done), name="loader", daemon=True).start()
    try:
        return await done
    finally:
        # An exception refers to this frame, and the frame to it: the two would keep alive what was loaded.
        del done


def gone(thing: object) -> asyncio.Event:
    """Return an event that is set as soon as nothing refers to an object any more."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()

    def announce() -> None:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(event.set)

    weakref.finalize(thing, announce).atexit = False
    return event


def _run(work: Callable[[], T], loop: asyncio.AbstractEventLoop, done: "asyncio.Future[T]") -> None:
    try:
        settle = partial(_settle, done.set_result, done, work())
    except BaseException as error:
        settle = partial(_settle, done.set_exception, done, error)
    with suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(settle)
    del settle  # as above


def _settle(set_outcome: Callable[[Any], None], done: "asyncio.Future[Any]", outcome: object) -> None:
    if not done.cancelled():
        set_outcome(outcome)
