"""Work in threads, its results in order, and no more begun than is soon needed."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["in_order"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    items: Iterable[Item],
    work: Callable[[Item], Result],
    *,
    num_threads: int,
    prepare_thread: Callable[[], None],
) -> Generator[tuple[Item, Result], None, None]:
    """Yield each item with its result, in the order of the items, which are taken as threads come free.

    At most twice as many items as threads are begun and not yet yielded. The first error of the items or of
    the work ends it. Close it where it is not iterated to its end: its threads end then.
    """
    begun: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(num_threads, "scorer", prepare_thread) as pool:
        try:
            for item in items:
                begun.append((item, pool.submit(work, item)))
                if len(begun) > 2 * num_threads:
                    first, future = begun.popleft()
                    yield first, future.result()
            while begun:
                first, future = begun.popleft()
                yield first, future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
