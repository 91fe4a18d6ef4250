"""The scheduler, under any order of events."""

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from service.batching.pending import padded_length
from service.batching.request import Batch, Phase, Request, WorkClass
from service.batching.scheduler import LIVE_SECONDS
from service.errors import Draining, Overloaded
from service.outcomes import ReviewOutcome, ScoringFailure
from tests.scale import scaled
from tests.service.batching.scheduling import (
    MAX_BATCH_TOKENS,
    MAX_QUEUE_TOKENS,
    answer,
    client,
    review,
    scheduler,
)

LENGTHS = st.lists(st.integers(1, 150), min_size=1, max_size=6)


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
        self.num_live_batches = 0
        """Since the last batch of streams."""
        self.last_live_seconds = -math.inf
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
        if kind is WorkClass.LIVE:
            self.last_live_seconds = self.now_seconds
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
            self.num_live_batches += 1
        if batch.kind is WorkClass.STREAM:
            self.num_live_batches = 0
        if batch.kind in (WorkClass.LIVE, WorkClass.STREAM):
            assert len(rows) == 1 or cost_tokens <= MAX_BATCH_TOKENS
        else:
            assert len(rows) <= 8
            assert len(rows) == 1 or cost_tokens <= (1024 if self.has_live_work() else 2048)
            assert batch.num_lanes == 1
        if not batch.model.scorer.pads:
            alike = [each for each in in_time if each[0].request.model is batch.model]
            assert taken == alike[: len(taken)], "in the order that they came"
        self.queue = [waiting for waiting in self.queue if waiting not in taken]
        return batch

    def may_run(self, in_time: list[tuple[Expected, int]]) -> list[tuple[Expected, int]]:
        """Return what may run now of what waits: that of one class, in order."""
        by_class = {kind: [each for each in in_time if each[0].request.kind is kind] for kind in WorkClass}
        if self.num_live_batches >= 7 and by_class[WorkClass.STREAM]:
            return by_class[WorkClass.STREAM]
        explanations = by_class[WorkClass.EXPLAIN] if self.is_idle_but_for(WorkClass.STREAM) else []
        shadows = [] if self.closed or not self.is_idle_but_for() else by_class[WorkClass.SHADOW]
        return by_class[WorkClass.LIVE] or explanations or self.streams(by_class) or shadows

    def streams(self, by_class: dict[WorkClass, list[tuple[Expected, int]]]) -> list[tuple[Expected, int]]:
        """Return what may run of streams: while live requests come, they leave one of the two lanes."""
        if self.has_live_work() and any(batch.kind is WorkClass.STREAM for batch in self.running):
            return []
        return by_class[WorkClass.STREAM]

    def has_live_work(self) -> bool:
        """Return whether live requests come."""
        return self.now_seconds - self.last_live_seconds < LIVE_SECONDS

    def is_idle_but_for(self, *kinds: WorkClass) -> bool:
        """Return whether only such batches run: of two lanes, one stays idle beside one in the background."""
        return all(batch.kind in kinds for batch in self.running)

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
