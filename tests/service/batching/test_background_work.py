"""Explanations and shadows, which share the lanes with live work."""

import pytest

from service.batching.request import WorkClass
from service.batching.scheduler import Scheduler
from service.errors import Overloaded
from tests.service.batching.scheduling import MAX_QUEUE_TOKENS, answer, client, lengths_of, scheduler, take


def take_kind(queue: Scheduler) -> WorkClass | None:
    """Take what comes next, and return its class."""
    batch = queue.take(now_seconds=0.0)
    return None if batch is None else batch.kind


def test_live_work_goes_first_then_explanations_then_shadows() -> None:
    queue = scheduler(num_lanes=8, max_batch_tokens=1)
    for kind in (WorkClass.SHADOW, WorkClass.EXPLAIN, WorkClass.LIVE, WorkClass.LIVE):
        client(queue).put(5, kind=kind)
    assert [take_kind(queue) for _ in range(4)] == [WorkClass.LIVE, WorkClass.LIVE, WorkClass.EXPLAIN, None]


def test_the_background_has_one_lane_at_most() -> None:
    queue = scheduler(num_lanes=8)
    clients = client(queue)
    clients.put(*[5] * 9, kind=WorkClass.EXPLAIN)
    clients.put(5, kind=WorkClass.SHADOW)
    first = take(queue)
    assert (lengths_of(first), first.num_lanes) == ([5] * 8, 1)
    assert queue.take(now_seconds=0.0) is None
    queue.finish(first, [answer(0, index) for index in range(8)], now_seconds=1.0)
    assert queue.needs_waking
    assert lengths_of(take(queue)) == [5]


def test_the_background_leaves_a_lane_idle() -> None:
    queue = scheduler(num_lanes=3, max_batch_tokens=1)
    clients = client(queue)
    clients.put(5, 5)
    clients.put(5, kind=WorkClass.SHADOW)
    live = [take(queue) for _ in range(2)]
    assert queue.take(now_seconds=0.0) is None, "the third lane is to stay idle"
    assert [batch.num_lanes for batch in live] == [1, 2]
    queue.finish(live[1], [answer(0, 0)], now_seconds=1.0)
    assert take_kind(queue) is WorkClass.SHADOW
    clients.put(5)
    assert take(queue).num_lanes == 1, "the shadow's lane is not idle"


def test_the_only_lane_takes_the_background_while_nothing_waits() -> None:
    queue = scheduler(num_lanes=1)
    clients = client(queue)
    coming = clients.admit(5)
    clients.put(5, kind=WorkClass.SHADOW)
    assert queue.take(now_seconds=0.0) is None, "the tokenizer has live work"
    queue.discard(coming)
    assert take_kind(queue) is WorkClass.SHADOW


def test_a_batch_in_the_background_is_small() -> None:
    queue = scheduler(num_lanes=2, max_batch_tokens=8192)
    client(queue).put(700, 700, 700, 700, kind=WorkClass.EXPLAIN)
    assert lengths_of(take(queue)) == [700, 700]


def test_the_background_counts_nothing_against_live_work() -> None:
    queue = scheduler(num_lanes=2, max_batch_tokens=100)
    clients = client(queue)
    clients.put(*[90] * 2)
    queue.finish(take(queue), [answer(0, 0)], now_seconds=9.0)  # 10 tokens a second
    queue.finish(take(queue), [answer(0, 1)], now_seconds=9.0)
    for kind in (WorkClass.EXPLAIN, WorkClass.SHADOW):
        clients.put(*[2000] * 30, kind=kind)
    assert queue.num_queue_tokens == 0
    clients.admit(MAX_QUEUE_TOKENS, now_seconds=9.0)
    with pytest.raises(Overloaded):
        clients.put(*[2000] * 3, kind=WorkClass.SHADOW)


def test_a_close_gives_shadows_up_and_answers_explanations() -> None:
    queue = scheduler(num_lanes=2)
    client(queue).put(5, kind=WorkClass.SHADOW)
    client(queue).put(5, kind=WorkClass.EXPLAIN)
    queue.close()
    assert not queue.is_finished
    queue.finish(take(queue), [answer(0, 0)], now_seconds=1.0)
    assert queue.take(now_seconds=1.0) is None
    assert queue.is_finished
