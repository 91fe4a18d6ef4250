"""The scheduler alone, under any order of events."""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from sentiment import Prediction, TokenizedReview
from service.batching.model import Model
from service.batching.pending import padded_length
from service.batching.request import Batch, Phase, Request, WorkClass
from service.batching.scheduler import Scheduler
from service.errors import Draining, Overloaded
from service.outcomes import ReviewOutcome, ScoringFailure
from tests.scale import scaled
from tests.service.batching.models import model

MAX_BATCH_TOKENS = 256
MAX_QUEUE_TOKENS = 1500
FOREVER_SECONDS = 1e9
MODELS = {pads: model(pads=pads) for pads in (False, True)}
LENGTHS = st.lists(st.integers(1, 150), min_size=1, max_size=6)


def review(length: int) -> TokenizedReview:
    """Return a review with this many tokens."""
    return TokenizedReview(ids=[1] * length, num_tokens=length, truncated=False, unknown_ratio=0.0)


def scheduler(*, max_batch_tokens: int = MAX_BATCH_TOKENS, num_lanes: int = 1) -> Scheduler:
    """Return an empty scheduler."""
    return Scheduler(
        max_batch_tokens=max_batch_tokens, max_queue_tokens=MAX_QUEUE_TOKENS, num_lanes=num_lanes
    )


@dataclass(frozen=True)
class Client:
    """Asks a scheduler for one model."""

    queue: Scheduler
    model: Model

    def admit(
        self,
        num_tokens: int,
        *,
        deadline_seconds: float = FOREVER_SECONDS,
        now_seconds: float = 0.0,
        kind: WorkClass = WorkClass.LIVE,
    ) -> Request:
        """Ask for room."""
        return self.queue.admit(
            self.model, num_tokens, deadline_seconds=deadline_seconds, now_seconds=now_seconds, kind=kind
        )

    def put(
        self,
        *lengths: int,
        deadline_seconds: float = FOREVER_SECONDS,
        now_seconds: float = 0.0,
        kind: WorkClass = WorkClass.LIVE,
    ) -> Request:
        """Let a request wait."""
        request = self.admit(
            sum(lengths), deadline_seconds=deadline_seconds, now_seconds=now_seconds, kind=kind
        )
        self.queue.enqueue(request, [review(length) for length in lengths], now_seconds=now_seconds)
        return request


def client(queue: Scheduler, *, pads: bool = False) -> Client:
    """Return a client of a scheduler."""
    return Client(queue, MODELS[pads])


def take(queue: Scheduler, *, now_seconds: float = 0.0) -> Batch:
    """Take a batch that must be there."""
    batch = queue.take(now_seconds=now_seconds)
    assert batch is not None
    return batch


def lengths_of(batch: Batch) -> list[int]:
    """Return the lengths of a batch's reviews."""
    return [review.num_tokens for review in batch.reviews]


def answer(name: int, index: int) -> Prediction:
    """Return a prediction that belongs to one review alone."""
    return Prediction("good", float(name), {"good": 1.0}, index, truncated=False, unknown_ratio=0.0)


@dataclass(eq=False)
class Expected:
    """What the test knows of a request."""

    name: int
    request: Request
    lengths: list[int]
    queued: bool = False
    discarded: bool = False
    answers: dict[int, ReviewOutcome] = field(default_factory=dict)


def is_live(expected: Expected) -> bool:
    """Return whether a client waits for the answer of a request."""
    return expected.request.kind is WorkClass.LIVE


class Events(RuleBasedStateMachine):
    """Requests of all classes for two models come, are tokenized, run, fail, leave and come too late."""

    requests = Bundle("requests")
    batches = Bundle("batches")

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = scheduler(num_lanes=2)
        self.now_seconds = 0.0
        self.all: dict[Request, Expected] = {}
        self.queue: list[tuple[Expected, int]] = []
        """What should wait, oldest first."""
        self.done: set[Request] = set()
        self.running: list[Batch] = []
        self.closed = False
        self.min_retry_seconds = 1

    @rule(
        target=requests,
        lengths=LENGTHS,
        spare=st.integers(-5, 20),
        patience=st.floats(0.5, 50),
        pads=st.booleans(),
        kind=st.sampled_from(WorkClass),
    )
    def admit(
        self, lengths: list[int], spare: int, patience: float, pads: bool, kind: WorkClass
    ) -> Expected | None:
        """A request comes; its tokens are only estimated, mostly not too low."""
        estimate = max(1, sum(lengths) + spare)
        deadline_seconds = self.now_seconds + patience
        try:
            request = client(self.scheduler, pads=pads).admit(
                estimate, deadline_seconds=deadline_seconds, now_seconds=self.now_seconds, kind=kind
            )
        except Draining:
            assert self.closed
            return None
        except Overloaded as refused:
            self.min_retry_seconds = min(self.min_retry_seconds, refused.retry_after_seconds)
            return None
        expected = Expected(len(self.all), request, lengths)
        self.all[request] = expected
        return expected

    @rule(expected=requests)
    def enqueue(self, expected: Expected | None) -> None:
        """The tokenizer is done with a request, perhaps after it left."""
        if expected is None or expected.queued:
            return
        reviews = [review(length) for length in expected.lengths]
        try:
            self.scheduler.enqueue(expected.request, reviews, now_seconds=self.now_seconds)
        except Overloaded:
            self.discard(expected)
            return
        expected.queued = True
        if not expected.discarded:
            self.queue += [(expected, index) for index in range(len(reviews))]

    @rule(expected=requests)
    def discard(self, expected: Expected | None) -> None:
        """A client leaves, or has its answer."""
        if expected is None:
            return
        self.scheduler.discard(expected.request)
        expected.discarded = True
        self.queue = [waiting for waiting in self.queue if waiting[0] is not expected]

    @rule(seconds=st.floats(0.01, 20))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now_seconds += seconds

    @rule(target=batches)
    def take(self) -> Batch | None:
        """A lane is free."""
        late = [each for each in self.queue if each[0].request.deadline_seconds <= self.now_seconds]
        in_time = self.may_run([each for each in self.queue if each not in late])
        batch = self.scheduler.take(now_seconds=self.now_seconds)
        if not in_time:
            assert batch is None
        for expected in dict.fromkeys(each[0] for each in late):
            if expected.request.phase is Phase.DISCARDED:  # found on the way
                self.discard(expected)
        if batch is None:
            return None
        self.running.append(batch)
        taken = [(self.all[review.request], review.index) for review in batch.reviews]
        assert taken[0] == in_time[0], "the oldest is in the next batch"
        assert set(taken) <= set(in_time), "each once, none late, none that left"
        assert len(set(taken)) == len(taken)
        assert {each[0].request.model for each in taken} == {batch.model}, "one model"
        rows = [padded_length(review) for review in batch.reviews]
        cost_tokens = len(rows) * max(rows) if batch.model.scorer.pads else batch.num_tokens
        if batch.kind is WorkClass.LIVE:
            assert len(rows) == 1 or cost_tokens <= MAX_BATCH_TOKENS
        else:
            assert len(rows) <= 8
            assert len(rows) == 1 or cost_tokens <= 2048
            assert batch.num_lanes == 1
        if not batch.model.scorer.pads:
            alike = [each for each in in_time if each[0].request.model is batch.model]
            assert taken == alike[: len(taken)], "in the order that they came"
        self.queue = [waiting for waiting in self.queue if waiting not in taken]
        return batch

    def may_run(self, in_time: list[tuple[Expected, int]]) -> list[tuple[Expected, int]]:
        """Return what may run now of what waits: that of one class, in order."""
        by_class = {kind: [each for each in in_time if each[0].request.kind is kind] for kind in WorkClass}
        if by_class[WorkClass.LIVE]:
            return by_class[WorkClass.LIVE]
        num_live = sum(batch.num_lanes for batch in self.running if batch.kind is WorkClass.LIVE)
        if num_live > 0 or any(batch.kind is not WorkClass.LIVE for batch in self.running):
            return []  # of two lanes, one has to stay idle beside one in the background
        shadows = [] if self.closed else by_class[WorkClass.SHADOW]
        return by_class[WorkClass.EXPLAIN] or shadows

    @rule(batch=consumes(batches), fails=st.sets(st.integers(0, 10)))
    def finish(self, batch: Batch | None, fails: set[int]) -> None:
        """A lane is done; some reviews have failed."""
        if batch is None:
            return
        self.running.remove(batch)
        outcomes: list[ReviewOutcome] = []
        for number, each in enumerate(batch.reviews):
            expected = self.all[each.request]
            failed = number in fails
            outcomes.append(ScoringFailure.EXCEPTION if failed else answer(expected.name, each.index))
            assert each.index not in expected.answers
            expected.answers[each.index] = outcomes[-1]
        done = self.scheduler.finish(batch, outcomes, now_seconds=self.now_seconds)
        for request in done:
            expected = self.all[request]
            assert request not in self.done
            assert not expected.discarded
            assert request.outcomes == [expected.answers[index] for index in range(len(expected.lengths))]
        self.done.update(done)

    @rule()
    @precondition(lambda self: len(self.all) > 5)
    def close(self) -> None:
        """The service is about to stop."""
        self.scheduler.close()
        self.closed = True

    @invariant()
    def counts_are_true(self) -> None:
        """Nothing is counted twice or forgotten, and the limit holds."""
        reserved = sum(
            expected.request.num_reserved_tokens
            for expected in self.all.values()
            if not expected.queued and not expected.discarded and is_live(expected)
        )
        waiting = sum(expected.lengths[index] for expected, index in self.queue if is_live(expected))
        assert self.scheduler.num_queue_tokens == reserved + waiting <= MAX_QUEUE_TOKENS
        assert self.min_retry_seconds >= 1

    @invariant()
    def complete_requests_are_answered(self) -> None:
        """A request with all its outcomes is done, unless nobody waited for it any more."""
        for request, expected in self.all.items():
            complete = expected.queued and len(expected.answers) == len(expected.lengths)
            assert (request in self.done) <= complete
            if complete and not expected.discarded:
                assert request in self.done

    def teardown(self) -> None:
        """Whatever has happened, closing works off all that is left."""
        self.close()
        for expected in self.all.values():
            if not expected.queued:
                self.discard(expected)
        for batch in list(self.running):
            self.finish(batch, set())
        while (last := self.take()) is not None:
            self.finish(last, set())
        assert {each[0].request.kind for each in self.queue} <= {WorkClass.SHADOW}
        assert self.scheduler.is_finished
        assert self.scheduler.num_queue_tokens == 0


Events.TestCase.settings = settings(max_examples=scaled(12_000), stateful_step_count=30, deadline=None)
TestEvents = pytest.mark.soak(Events.TestCase)


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


def test_a_slice_in_the_background_is_small() -> None:
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
