"""Reading from the model store while requests are answered."""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from model_store import StoreError
from service.errors import StoreUnreadable
from service.telemetry.logs import log_event

__all__ = ["from_store", "unreadable"]

FoundT = TypeVar("FoundT")


async def from_store(read: Callable[[], FoundT]) -> FoundT:
    """Return what a function reads in a thread; raises StoreUnreadable, and logs why."""
    try:
        return await asyncio.to_thread(read)
    except StoreError as error:
        raise unreadable(error) from error


def unreadable(error: StoreError) -> StoreUnreadable:
    """Log what is wrong with the store, and return what clients are answered."""
    log_event("store_unreadable", level=logging.ERROR, reason=str(error))
    return StoreUnreadable()
