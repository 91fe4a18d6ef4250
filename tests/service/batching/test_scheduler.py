"""The order and the limits of the scheduler."""

import pytest

from service.errors import Draining, Overloaded
from tests.service.batching.scheduling import (
    MAX_QUEUE_TOKENS,
    answer,
    client,
    lengths_of,
    review,
    scheduler,
    take,
)


def test_near_equal_lengths_run_together() -> None:
    queue = scheduler(max_batch_tokens=128 * 3)
    client(queue, pads=True).put(100, 10, 128, 120, 97)
    client(queue, pads=True).put(9, 99)
    assert lengths_of(take(queue)) == [100, 128, 120]
    assert lengths_of(take(queue)) == [10, 9]
    assert lengths_of(take(queue)) == [97, 99]
    assert queue.take(now_seconds=0) is None


def test_neighbouring_lengths_fill_a_batch() -> None:
    queue = scheduler(max_batch_tokens=10_000)
    client(queue, pads=True).put(128, 64, 160, 96, 100)
    assert lengths_of(take(queue)) == [128, 100, 96, 160]


def test_the_longest_review_of_a_batch_counts_against_the_budget() -> None:
    queue = scheduler(max_batch_tokens=700)
    client(queue, pads=True).put(256, 192, 288)
    assert lengths_of(take(queue)) == [256, 288]


def test_without_padding_reviews_run_in_the_order_that_they_came() -> None:
    queue = scheduler(max_batch_tokens=240)
    client(queue).put(100, 10, 128, 120)
    assert lengths_of(take(queue)) == [100, 10, 128]
    assert lengths_of(take(queue)) == [120]


def test_a_batch_has_one_model_and_each_model_its_turn() -> None:
    queue = scheduler()
    one, other = client(queue), client(queue, pads=True)
    one.put(10)
    other.put(11)
    one.put(12)
    other.put(13)
    batches = [take(queue), take(queue)]
    assert [lengths_of(batch) for batch in batches] == [[10, 12], [11, 13]]
    assert [batch.model for batch in batches] == [one.model, other.model]
    assert queue.take(now_seconds=0) is None


@pytest.mark.parametrize("pads", [False, True])
def test_a_review_over_the_budget_runs_alone(pads: bool) -> None:
    queue = scheduler(max_batch_tokens=1)
    client(queue, pads=pads).put(50, 50)
    assert [lengths_of(take(queue)) for _ in range(2)] == [[50], [50]]


def test_a_long_review_is_not_starved_by_a_stream_of_short_ones() -> None:
    queue = scheduler(max_batch_tokens=32)
    clients = client(queue, pads=True)
    clients.put(5, 5)
    clients.put(300)
    taken = []
    for _ in range(3):
        clients.put(5)
        taken.append(lengths_of(take(queue)))
    assert taken == [[5], [5], [300]]


def test_a_full_queue_says_when_there_will_be_room() -> None:
    queue = scheduler(max_batch_tokens=100, num_lanes=2)
    clients = client(queue)
    clients.put(*[90] * 16)
    with pytest.raises(Overloaded) as unmeasured:
        clients.put(90)
    assert unmeasured.value.retry_after_seconds == 1  # no batch has been measured yet
    queue.finish(take(queue), [answer(0, 0)], now_seconds=9.0)  # so 20 tokens a second on two lanes
    clients.admit(MAX_QUEUE_TOKENS - 15 * 90, now_seconds=9.0)
    with pytest.raises(Overloaded) as full:
        clients.admit(100, now_seconds=9.0)
    assert full.value.retry_after_seconds == 5


def test_a_request_that_would_wait_beyond_its_deadline_is_refused_at_once() -> None:
    queue = scheduler(max_batch_tokens=100)
    clients = client(queue)
    clients.put(*[90] * 10)
    queue.finish(take(queue), [answer(0, 0)], now_seconds=9.0)  # 10 tokens a second
    running = take(queue, now_seconds=9.0)  # counts too: 810 tokens are ahead of any new request
    with pytest.raises(Overloaded) as refused:
        clients.admit(1, deadline_seconds=9.0 + 118, now_seconds=9.0)
    # 81 seconds of work and 10 of its own batch; of 118 seconds of patience, it may use 88.5
    assert refused.value.retry_after_seconds == 3
    clients.admit(1, deadline_seconds=9.0 + 122, now_seconds=9.0)
    queue.finish(running, [answer(0, 1)], now_seconds=18.0)


def test_the_wait_is_predicted_from_the_throughput_of_each_model() -> None:
    queue = scheduler(max_batch_tokens=100)
    slow, fast = client(queue), client(queue, pads=True)
    for clients, start, end in ((slow, 0.0, 100.0), (fast, 100.0, 101.0)):
        clients.put(90, 90, now_seconds=start)
        queue.finish(take(queue, now_seconds=start), [answer(0, 0)], now_seconds=end)
        queue.finish(take(queue, now_seconds=end), [answer(0, 1)], now_seconds=end)
    for clients in (slow, fast):
        clients.put(90, now_seconds=101.0)
    with pytest.raises(Overloaded) as refused:
        fast.admit(10, deadline_seconds=101.0 + 100.0, now_seconds=101.0)
    # 100 seconds for the slow model, 1 for the fast, 1.1 of its own batch; it may use 75
    assert refused.value.retry_after_seconds == 28
    fast.admit(10, deadline_seconds=101.0 + 137.0, now_seconds=101.0)


def test_batches_that_are_not_full_do_not_count_as_throughput() -> None:
    queue = scheduler(max_batch_tokens=1000)
    clients = client(queue)
    clients.put(1)
    queue.finish(take(queue), [answer(0, 0)], now_seconds=100.0)  # a slow one, all alone
    clients.put(*[90] * 10, now_seconds=100.0)
    clients.admit(1, deadline_seconds=101.0, now_seconds=100.0)


def test_a_lone_batch_has_an_idle_lane_to_share() -> None:
    queue = scheduler(max_batch_tokens=100, num_lanes=2)
    clients = client(queue)
    clients.put(90)
    lone = take(queue)
    assert lone.num_lanes == 2
    clients.put(90)
    assert take(queue).num_lanes == 1, "both lanes work"
    queue.finish(lone, [answer(0, 0)], now_seconds=1.0)
    clients.put(90, 90)
    assert take(queue).num_lanes == 1, "the other review is for the other lane"


def test_a_batch_that_has_two_lanes_counts_as_two() -> None:
    queue = scheduler(num_lanes=4)
    found = []
    for _ in range(4):
        client(queue).put(90)
        found.append(take(queue).num_lanes)
    assert found == [2, 2, 1, 1]


def test_no_lane_is_idle_while_the_tokenizer_has_work() -> None:
    queue = scheduler(num_lanes=2)
    clients = client(queue)
    clients.put(90)
    coming = clients.admit(90)
    alone = take(queue)
    assert alone.num_lanes == 1
    queue.finish(alone, [answer(0, 0)], now_seconds=1.0)
    queue.discard(coming)
    clients.put(90)
    assert take(queue).num_lanes == 2


def test_the_only_lane_shares_with_none() -> None:
    queue = scheduler()
    client(queue).put(90)
    assert take(queue).num_lanes == 1


def test_a_late_request_costs_nothing() -> None:
    queue = scheduler()
    client(queue).put(10, 10, deadline_seconds=5.0)
    kept = client(queue).put(10, deadline_seconds=6.0)
    assert [each.request for each in take(queue, now_seconds=5.0).reviews] == [kept]
    assert queue.num_queue_tokens == 0


def test_a_late_request_is_not_batched_with_others() -> None:
    queue = scheduler()
    kept = client(queue).put(10, deadline_seconds=6.0)
    client(queue).put(10, deadline_seconds=5.0)
    assert [each.request for each in take(queue, now_seconds=5.0).reviews] == [kept]


def test_more_tokens_than_were_reserved_need_room_of_their_own() -> None:
    queue = scheduler()
    client(queue).put(MAX_QUEUE_TOKENS - 10)
    request = client(queue).admit(5)
    with pytest.raises(Overloaded):
        queue.enqueue(request, [review(11)], now_seconds=0.0)
    queue.enqueue(request, [review(10)], now_seconds=0.0)
    assert queue.num_queue_tokens == MAX_QUEUE_TOKENS


def test_the_wait_of_each_request_is_reported_once() -> None:
    queue = scheduler(max_batch_tokens=64)
    client(queue, pads=True).put(20, 20, 20, now_seconds=1.0)
    assert take(queue, now_seconds=3.0).waits_seconds == [2.0]
    client(queue, pads=True).put(20, now_seconds=4.0)
    assert take(queue, now_seconds=6.0).waits_seconds == [2.0]


def test_a_batch_is_finished_once() -> None:
    queue = scheduler()
    client(queue).put(5)
    batch = take(queue)
    queue.finish(batch, [answer(0, 0)], now_seconds=1.0)
    with pytest.raises(KeyError):
        queue.finish(batch, [answer(0, 0)], now_seconds=1.0)


def test_what_was_admitted_before_the_close_is_still_answered() -> None:
    queue = scheduler()
    request = client(queue).admit(5)
    queue.close()
    with pytest.raises(Draining):
        client(queue).admit(5)
    assert not queue.is_finished
    queue.enqueue(request, [review(5)], now_seconds=0.0)
    assert not queue.is_finished
    assert queue.finish(take(queue), [answer(0, 0)], now_seconds=1.0) == [request]
    assert queue.is_finished
