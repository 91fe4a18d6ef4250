"""Lines of streams, which share the lanes with live work."""

import asyncio

import pytest

from service.batching.request import WorkClass
from service.batching.room import Room
from service.batching.scheduler import LIVE_SECONDS
from tests.service.batching.scheduling import answer, client, lengths_of, scheduler, take


def test_streams_use_all_lanes_while_no_live_work_waits() -> None:
    queue = scheduler(num_lanes=2, max_batch_tokens=8192)
    clients = client(queue)
    clients.put(*[500] * 16, kind=WorkClass.STREAM)
    batches = [take(queue) for _ in range(2)]
    assert [lengths_of(batch) for batch in batches] == [[500] * 8] * 2, "small batches"
    clients.put(5)
    clients.put(5, kind=WorkClass.STREAM)
    assert take(queue).kind is WorkClass.LIVE


def test_while_live_requests_come_streams_run_in_small_batches_and_leave_a_lane() -> None:
    queue = scheduler(num_lanes=3, max_batch_tokens=8192)
    clients = client(queue)
    clients.put(*[500] * 32, kind=WorkClass.STREAM)
    queue.discard(clients.put(5, now_seconds=9.0))
    now_seconds = 9.0 + LIVE_SECONDS / 2
    batches = [take(queue, now_seconds=now_seconds) for _ in range(2)]
    assert [lengths_of(batch) for batch in batches] == [[500] * 2] * 2
    assert queue.take(now_seconds=now_seconds) is None, "the third lane is for the next live request"
    queue.finish(batches[0], [answer(0, 0), answer(0, 1)], now_seconds=now_seconds)
    assert lengths_of(take(queue, now_seconds=now_seconds)) == [500] * 2
    assert lengths_of(take(queue, now_seconds=9.0 + LIVE_SECONDS)) == [500] * 8, "none came for a while"


def test_the_only_lane_is_not_left_free() -> None:
    queue = scheduler(num_lanes=1)
    clients = client(queue)
    queue.discard(clients.put(5))
    clients.put(5, kind=WorkClass.STREAM)
    assert take(queue).kind is WorkClass.STREAM


def test_a_lane_that_was_left_free_is_woken_when_live_requests_may_have_ended() -> None:
    queue = scheduler(num_lanes=2, max_batch_tokens=1)
    clients = client(queue)
    queue.discard(clients.put(5))
    clients.put(5, 5, kind=WorkClass.STREAM)
    take(queue)
    assert queue.take(now_seconds=0.0) is None
    assert queue.needs_waking


def test_a_model_that_pads_runs_streams_in_full_batches() -> None:
    queue = scheduler(num_lanes=1, max_batch_tokens=8192)
    client(queue, pads=True).put(*[512] * 20, kind=WorkClass.STREAM)
    assert lengths_of(take(queue)) == [512] * 16


def test_streams_have_a_turn_however_much_live_work_waits() -> None:
    queue = scheduler(num_lanes=1, max_batch_tokens=1)
    clients = client(queue)
    clients.put(*[5] * 20)
    clients.put(*[5] * 2, kind=WorkClass.STREAM)
    kinds = [take(queue).kind for _ in range(17)]
    assert [number for number, kind in enumerate(kinds) if kind is WorkClass.STREAM] == [7, 15]


def test_streams_let_explanations_pass_and_keep_shadows_back() -> None:
    queue = scheduler(num_lanes=2, max_batch_tokens=1)
    clients = client(queue)
    for kind in (WorkClass.SHADOW, WorkClass.STREAM, WorkClass.STREAM, WorkClass.EXPLAIN):
        clients.put(5, kind=kind)
    first, second = take(queue), take(queue)
    assert [first.kind, second.kind] == [WorkClass.EXPLAIN, WorkClass.STREAM]
    queue.finish(first, [answer(0, 0)], now_seconds=1.0)
    third = take(queue)
    assert third.kind is WorkClass.STREAM
    queue.finish(second, [answer(0, 0)], now_seconds=1.0)
    assert queue.take(now_seconds=1.0) is None, "a stream uses the other lane"
    queue.finish(third, [answer(0, 0)], now_seconds=1.0)
    assert take(queue).kind is WorkClass.SHADOW


def test_streams_count_nothing_against_live_work() -> None:
    queue = scheduler()
    client(queue).put(*[2000] * 30, kind=WorkClass.STREAM)
    assert queue.num_queue_tokens == 0
    client(queue).put(1000)


def test_a_lone_line_uses_two_lanes_unless_another_waits() -> None:
    queue = scheduler(num_lanes=2, max_batch_tokens=1)
    clients = client(queue)
    clients.put(5, 5, kind=WorkClass.STREAM)
    assert [take(queue).num_lanes, take(queue).num_lanes] == [1, 1]
    queue = scheduler(num_lanes=2)
    client(queue).put(5, kind=WorkClass.STREAM)
    assert take(queue).num_lanes == 2


def test_a_close_answers_streams() -> None:
    queue = scheduler()
    client(queue).put(5, kind=WorkClass.STREAM)
    queue.close()
    assert not queue.is_finished
    queue.finish(take(queue), [answer(0, 0)], now_seconds=1.0)
    assert queue.is_finished


def test_room_is_given_out_in_order() -> None:
    async def run() -> None:
        room = Room(10)
        await room.take(6)
        large, small = asyncio.create_task(room.take(8)), asyncio.create_task(room.take(1))
        await asyncio.sleep(0)
        assert not small.done(), "it would pass by the one before it"
        room.give(6)
        await asyncio.gather(large, small)
        assert room.num_taken == 9

    asyncio.run(run())


@pytest.mark.parametrize("granted", [False, True])
def test_whoever_gives_up_waiting_leaves_nothing_behind(granted: bool) -> None:
    async def run() -> None:
        room = Room(10)
        await room.take(6)
        first, second = asyncio.create_task(room.take(8)), asyncio.create_task(room.take(3))
        await asyncio.sleep(0)
        if granted:
            room.give(6)
        first.cancel()
        await second
        assert first.cancelled()
        assert room.num_taken == (3 if granted else 9)

    asyncio.run(run())


def test_what_is_larger_than_the_room_has_all_of_it() -> None:
    async def run() -> None:
        room = Room(10)
        await room.take(25)
        other = asyncio.create_task(room.take(1))
        await asyncio.sleep(0)
        assert not other.done()
        room.give(25)
        await other

    asyncio.run(run())
