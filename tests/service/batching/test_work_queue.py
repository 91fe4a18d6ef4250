"""Lanes that wait in the queue are woken for work, and for the end."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bench.process import PATIENCE_SECONDS
from sentiment import TokenizedReview
from service.batching.request import Batch, Request
from service.batching.scheduler import Scheduler
from service.batching.work_queue import WarmUp, WorkQueue
from service.outcomes import ScoringFailure
from tests.service.batching.models import model

NUM_LANES = 2
MODEL = model()


def review() -> TokenizedReview:
    """Return a review that fills a batch."""
    return TokenizedReview(ids=[1] * 32, num_tokens=32, truncated=False, unknown_ratio=0.0)


def make(on_done: Callable[[Sequence[Request]], None] = lambda _: None) -> WorkQueue:
    """Return a queue that gives a batch of its own to each review."""
    scheduler = Scheduler(max_batch_tokens=32, max_queue_tokens=1000, num_lanes=NUM_LANES)
    return WorkQueue(scheduler, on_done=on_done)


@contextmanager
def lanes(queue: WorkQueue, work: Callable[[Batch], None] = lambda _: None) -> Iterator[None]:
    """Let lanes wait in a queue; at the end of the block they must end too."""

    def run() -> None:
        while batch := queue.take(deque()):
            assert isinstance(batch, Batch)
            work(batch)
            queue.finish(batch, [ScoringFailure.EXCEPTION])

    threads = [threading.Thread(target=run, daemon=True) for _ in range(NUM_LANES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        wait_until_waiting(thread)
    yield
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def wait_until_waiting(thread: threading.Thread) -> None:
    """Return as soon as a thread stands in a condition."""
    ends_at_seconds = time.monotonic() + PATIENCE_SECONDS
    while sys._current_frames()[thread.ident or 0].f_code.co_name != "wait":
        assert time.monotonic() < ends_at_seconds


def admit(queue: WorkQueue, seconds: float = 1e6) -> Request:
    """Reserve room for two reviews."""
    return queue.admit(MODEL, 64, deadline_seconds=time.monotonic() + seconds)


def test_every_free_lane_takes_what_waits_at_once() -> None:
    together = threading.Barrier(NUM_LANES)
    done: list[Request] = []
    queue = make(done.extend)

    def meet(_: Batch) -> None:
        together.wait(PATIENCE_SECONDS)

    request = admit(queue)
    queue.close()
    with lanes(queue, meet):
        queue.enqueue(request, [review(), review()])
    assert done == [request]


def test_the_close_ends_lanes_that_wait() -> None:
    queue = make()
    with lanes(queue):
        queue.close()


def test_the_last_request_that_leaves_ends_lanes_that_wait() -> None:
    queue = make()
    request = admit(queue)
    queue.close()
    with lanes(queue):
        queue.discard(request)


def test_the_last_request_that_is_late_ends_lanes_that_wait() -> None:
    queue = make()
    request = admit(queue, seconds=0.05)
    queue.close()
    with lanes(queue):
        while time.monotonic() < request.deadline_seconds:
            pass
        queue.enqueue(request, [review(), review()])
    assert queue.num_tokens == 0


def test_a_warm_up_goes_to_its_lane_before_any_batch() -> None:
    queue = make()
    queue.enqueue(admit(queue), [review()])
    warm_ups: deque[WarmUp] = deque()
    warm_up = WarmUp(MODEL)
    queue.put(warm_up, warm_ups)
    assert isinstance(queue.take(deque()), Batch)
    assert queue.take(warm_ups) is warm_up


def test_a_warm_up_wakes_a_lane_that_waits() -> None:
    queue = make()
    warm_ups: deque[WarmUp] = deque()
    found: list[object] = []
    lane = threading.Thread(target=lambda: found.append(queue.take(warm_ups)), daemon=True)
    lane.start()
    wait_until_waiting(lane)
    warm_up = WarmUp(MODEL)
    queue.put(warm_up, warm_ups)
    lane.join(PATIENCE_SECONDS)
    assert found == [warm_up]
