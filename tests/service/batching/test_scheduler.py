"""The scheduler alone, under any order of events."""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from sentiment import Prediction, TokenizedReview
from service.batching.pending import padded_length
from service.batching.request import Batch, Job, Phase
from service.batching.scheduler import Closed, Full, Scheduler
from service.outcomes import Failure, Outcome
from tests.scale import scaled

MAX_BATCH_TOKENS = 256
MAX_QUEUE_TOKENS = 1500
FOREVER_SECONDS = 1e9
LENGTHS = st.lists(st.integers(1, 150), min_size=1, max_size=6)


def review(length: int) -> TokenizedReview:
    """Return a review of so many tokens."""
    return TokenizedReview(ids=[1] * length, num_tokens=length, truncated=False, unknown_ratio=0.0)


def scheduler(
    *, max_batch_tokens: int = MAX_BATCH_TOKENS, num_lanes: int = 1, pads: bool = False
) -> Scheduler:
    """Return an empty scheduler."""
    return Scheduler(
        max_batch_tokens=max_batch_tokens, max_queue_tokens=MAX_QUEUE_TOKENS, num_lanes=num_lanes, pads=pads
    )


def put(
    queue: Scheduler,
    *lengths: int,
    deadline_seconds: float = FOREVER_SECONDS,
    now_seconds: float = 0.0,
) -> Job:
    """Admit a request and let it wait."""
    job = queue.admit(sum(lengths), deadline_seconds=deadline_seconds, now_seconds=now_seconds)
    queue.enqueue(job, [review(length) for length in lengths], now_seconds=now_seconds)
    return job


def take(queue: Scheduler, *, now_seconds: float = 0.0) -> Batch:
    """Take a batch that must be there."""
    batch = queue.take(now_seconds=now_seconds)
    assert batch is not None
    return batch


def lengths_of(batch: Batch) -> list[int]:
    """Return the lengths of a batch's reviews."""
    return [item.num_tokens for item in batch.items]


def answer(name: int, place: int) -> Prediction:
    """Return a prediction that belongs to one review alone."""
    return Prediction("good", float(name), {"good": 1.0}, place, truncated=False, unknown_ratio=0.0)


@dataclass(eq=False)
class Request:
    """What the test knows of a job."""

    name: int
    job: Job
    lengths: list[int]
    queued: bool = False
    discarded: bool = False
    answers: dict[int, Outcome] = field(default_factory=dict)


class Events(RuleBasedStateMachine):
    """Requests come, are tokenized, run, fail, leave and come too late, in any order."""

    pads = False
    requests = Bundle("requests")
    batches = Bundle("batches")

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = scheduler(num_lanes=2, pads=self.pads)
        self.now_seconds = 0.0
        self.all: dict[Job, Request] = {}
        self.queue: list[tuple[Request, int]] = []
        """What should wait, oldest first."""
        self.done: set[Job] = set()
        self.num_running = 0
        self.closed = False
        self.least_retry_seconds = 1

    @rule(target=requests, lengths=LENGTHS, spare=st.integers(-5, 20), patience=st.floats(0.5, 50))
    def admit(self, lengths: list[int], spare: int, patience: float) -> Request | None:
        """A request comes; its tokens are only guessed, mostly not too low."""
        guess = max(1, sum(lengths) + spare)
        deadline_seconds = self.now_seconds + patience
        try:
            job = self.scheduler.admit(guess, deadline_seconds=deadline_seconds, now_seconds=self.now_seconds)
        except Closed:
            assert self.closed
            return None
        except Full as full:
            self.least_retry_seconds = min(self.least_retry_seconds, full.retry_after_seconds)
            return None
        request = Request(len(self.all), job, lengths)
        self.all[job] = request
        return request

    @rule(request=requests)
    def enqueue(self, request: Request | None) -> None:
        """The tokenizer is done with a request, perhaps after it left."""
        if request is None or request.queued:
            return
        reviews = [review(length) for length in request.lengths]
        try:
            self.scheduler.enqueue(request.job, reviews, now_seconds=self.now_seconds)
        except Full:
            self.discard(request)
            return
        request.queued = True
        if not request.discarded:
            self.queue += [(request, place) for place in range(len(reviews))]

    @rule(request=requests)
    def discard(self, request: Request | None) -> None:
        """A client leaves, or has its answer."""
        if request is None:
            return
        self.scheduler.discard(request.job)
        request.discarded = True
        self.queue = [waiting for waiting in self.queue if waiting[0] is not request]

    @rule(seconds=st.floats(0.01, 20))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now_seconds += seconds

    @rule(target=batches)
    def take(self) -> Batch | None:
        """A lane is free."""
        late = [each for each in self.queue if each[0].job.deadline_seconds <= self.now_seconds]
        in_time = [each for each in self.queue if each not in late]
        batch = self.scheduler.take(now_seconds=self.now_seconds)
        if not in_time:
            assert batch is None
        for request in dict.fromkeys(each[0] for each in late):
            if request.job.phase is Phase.DISCARDED:  # found on the way
                self.discard(request)
        if batch is None:
            return None
        self.num_running += 1
        taken = [(self.all[item.job], item.place) for item in batch.items]
        assert taken[0] == in_time[0], "the oldest is in the next batch"
        assert set(taken) <= set(in_time), "each once, none late, none that left"
        assert len(set(taken)) == len(taken)
        rows = [padded_length(item) for item in batch.items]
        cost_tokens = len(rows) * max(rows) if self.pads else batch.num_tokens
        assert len(rows) == 1 or cost_tokens <= MAX_BATCH_TOKENS
        if not self.pads:
            assert taken == in_time[: len(taken)], "in the order that they came"
        self.queue = [waiting for waiting in self.queue if waiting not in taken]
        return batch

    @rule(batch=consumes(batches), fails=st.sets(st.integers(0, 10)))
    def finish(self, batch: Batch | None, fails: set[int]) -> None:
        """A lane is done; some reviews have failed."""
        if batch is None:
            return
        self.num_running -= 1
        outcomes: list[Outcome] = []
        for number, item in enumerate(batch.items):
            request = self.all[item.job]
            failed = number in fails
            outcomes.append(Failure.EXCEPTION if failed else answer(request.name, item.place))
            assert item.place not in request.answers
            request.answers[item.place] = outcomes[-1]
        done = self.scheduler.finish(batch, outcomes, now_seconds=self.now_seconds)
        for job in done:
            request = self.all[job]
            assert job not in self.done
            assert not request.discarded
            assert job.outcomes == [request.answers[place] for place in range(len(request.lengths))]
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
            request.job.num_reserved_tokens
            for request in self.all.values()
            if not request.queued and not request.discarded
        )
        waiting = sum(request.lengths[place] for request, place in self.queue)
        assert self.scheduler.num_queue_tokens == reserved + waiting <= MAX_QUEUE_TOKENS
        assert self.scheduler.num_waiting == len(self.queue)
        assert self.least_retry_seconds >= 1

    @invariant()
    def complete_requests_are_answered(self) -> None:
        """A request with all its outcomes is done, unless nobody waited for it any more."""
        for job, request in self.all.items():
            complete = request.queued and len(request.answers) == len(request.lengths)
            assert (job in self.done) <= complete
            if complete and not request.discarded:
                assert job in self.done

    def teardown(self) -> None:
        """Whatever has happened, closing works off all that is left."""
        self.close()
        for request in self.all.values():
            if not request.queued:
                self.discard(request)
        while (batch := self.take()) is not None:
            self.finish(batch, set())
        assert self.scheduler.is_finished
        assert self.scheduler.num_queue_tokens == 0


class PaddedEvents(Events):
    """The same for a model that pads."""

    pads = True


Events.TestCase.settings = settings(max_examples=scaled(6000), stateful_step_count=30, deadline=None)
TestEvents = pytest.mark.soak(Events.TestCase)
PaddedEvents.TestCase.settings = Events.TestCase.settings
TestPaddedEvents = pytest.mark.soak(PaddedEvents.TestCase)


def test_near_equal_lengths_run_together() -> None:
    queue = scheduler(max_batch_tokens=128 * 3, pads=True)
    put(queue, 100, 10, 128, 120, 97)
    put(queue, 9, 99)
    assert lengths_of(take(queue)) == [100, 128, 120]
    assert lengths_of(take(queue)) == [10, 9]
    assert lengths_of(take(queue)) == [97, 99]
    assert queue.take(now_seconds=0) is None


def test_neighbouring_lengths_fill_a_batch() -> None:
    queue = scheduler(max_batch_tokens=10_000, pads=True)
    put(queue, 128, 64, 160, 96, 100)
    assert lengths_of(take(queue)) == [128, 100, 96, 160]


def test_the_longest_review_of_a_batch_counts_against_the_budget() -> None:
    queue = scheduler(max_batch_tokens=700, pads=True)
    put(queue, 256, 192, 288)
    assert lengths_of(take(queue)) == [256, 288]


def test_without_padding_reviews_run_in_the_order_that_they_came() -> None:
    queue = scheduler(max_batch_tokens=240)
    put(queue, 100, 10, 128, 120)
    assert lengths_of(take(queue)) == [100, 10, 128]
    assert lengths_of(take(queue)) == [120]


@pytest.mark.parametrize("pads", [False, True])
def test_a_review_over_the_budget_runs_alone(pads: bool) -> None:
    queue = scheduler(max_batch_tokens=1, pads=pads)
    put(queue, 50, 50)
    assert [lengths_of(take(queue)) for _ in range(2)] == [[50], [50]]


def test_a_long_review_is_not_starved_by_a_stream_of_short_ones() -> None:
    queue = scheduler(max_batch_tokens=32, pads=True)
    put(queue, 5, 5)
    put(queue, 300)
    taken = []
    for _ in range(3):
        put(queue, 5)
        taken.append(lengths_of(take(queue)))
    assert taken == [[5], [5], [300]]


def test_a_full_queue_says_when_there_will_be_room() -> None:
    queue = scheduler(max_batch_tokens=100, num_lanes=2)
    put(queue, *[90] * 16)
    with pytest.raises(Full) as unmeasured:
        put(queue, 90)
    assert unmeasured.value.retry_after_seconds == 1  # no batch has been measured yet
    batch = take(queue)
    queue.finish(batch, [answer(0, 0)], now_seconds=9.0)  # so 20 tokens a second by two lanes
    queue.admit(MAX_QUEUE_TOKENS - 15 * 90, deadline_seconds=FOREVER_SECONDS, now_seconds=9.0)
    with pytest.raises(Full) as full:
        queue.admit(100, deadline_seconds=FOREVER_SECONDS, now_seconds=9.0)
    assert full.value.retry_after_seconds == 5


def test_a_request_that_would_wait_beyond_its_deadline_is_refused_at_once() -> None:
    queue = scheduler(max_batch_tokens=100)
    put(queue, *[90] * 10)
    queue.finish(take(queue), [answer(0, 0)], now_seconds=9.0)  # 10 tokens a second
    running = take(queue, now_seconds=9.0)  # counts too: 810 tokens are before anyone new
    with pytest.raises(Full) as refused:
        queue.admit(1, deadline_seconds=9.0 + 118, now_seconds=9.0)
    # 81 seconds of work and 10 of its own batch; of 118 of patience, 88.5 are for that
    assert refused.value.retry_after_seconds == 3
    queue.admit(1, deadline_seconds=9.0 + 122, now_seconds=9.0)
    queue.finish(running, [answer(0, 1)], now_seconds=18.0)


def test_batches_that_are_not_full_say_nothing_of_the_rate() -> None:
    queue = scheduler(max_batch_tokens=1000)
    put(queue, 1)
    queue.finish(take(queue), [answer(0, 0)], now_seconds=100.0)  # a slow one, all alone
    put(queue, *[90] * 10, now_seconds=100.0)
    queue.admit(1, deadline_seconds=101.0, now_seconds=100.0)


def test_a_late_request_costs_nothing() -> None:
    queue = scheduler()
    put(queue, 10, 10, deadline_seconds=5.0)
    kept = put(queue, 10, deadline_seconds=6.0)
    assert [item.job for item in take(queue, now_seconds=5.0).items] == [kept]
    assert queue.num_queue_tokens == 0


def test_a_late_request_is_no_batch_mate() -> None:
    queue = scheduler()
    kept = put(queue, 10, deadline_seconds=6.0)
    put(queue, 10, deadline_seconds=5.0)
    assert [item.job for item in take(queue, now_seconds=5.0).items] == [kept]


def test_more_tokens_than_were_admitted_need_room_of_their_own() -> None:
    queue = scheduler()
    put(queue, MAX_QUEUE_TOKENS - 10)
    job = queue.admit(5, deadline_seconds=FOREVER_SECONDS, now_seconds=0.0)
    with pytest.raises(Full):
        queue.enqueue(job, [review(11)], now_seconds=0.0)
    queue.enqueue(job, [review(10)], now_seconds=0.0)
    assert queue.num_queue_tokens == MAX_QUEUE_TOKENS


def test_the_wait_of_each_request_is_told_once() -> None:
    queue = scheduler(max_batch_tokens=64)
    put(queue, 20, 20, 20, now_seconds=1.0)
    assert take(queue, now_seconds=3.0).waits_seconds == [2.0]
    put(queue, 20, now_seconds=4.0)
    assert take(queue, now_seconds=6.0).waits_seconds == [2.0]


def test_a_batch_is_finished_once() -> None:
    queue = scheduler()
    put(queue, 5)
    batch = take(queue)
    queue.finish(batch, [answer(0, 0)], now_seconds=1.0)
    with pytest.raises(KeyError):
        queue.finish(batch, [answer(0, 0)], now_seconds=1.0)


def test_what_was_admitted_before_the_close_is_still_answered() -> None:
    queue = scheduler()
    job = queue.admit(5, deadline_seconds=FOREVER_SECONDS, now_seconds=0.0)
    queue.close()
    with pytest.raises(Closed):
        queue.admit(5, deadline_seconds=FOREVER_SECONDS, now_seconds=0.0)
    assert not queue.is_finished
    queue.enqueue(job, [review(5)], now_seconds=0.0)
    assert not queue.is_finished
    assert queue.finish(take(queue), [answer(0, 0)], now_seconds=1.0) == [job]
    assert queue.is_finished
