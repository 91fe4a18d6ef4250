import threading
from collections import deque
from collections.abc import Iterator

import pytest

from bench.process import PATIENCE_SECONDS
from sentiment import TokenizedReview, Tokenizer, TokenizerConfig
from service.batching.request import Batch, Request, WorkClass
from service.batching.scheduler import Scheduler
from service.batching.tokenizer_thread import TokenizerThread
from service.batching.work_queue import WorkQueue
from service.telemetry.metrics import Metrics
from tests.service.batching.models import model


class Recording(Tokenizer):
    """Remembers what it was given, and fails on one text."""

    def __init__(self) -> None:
        super().__init__(["good"], TokenizerConfig(num_words=10, max_tokens=10))
        self.texts: list[str] = []

    def encode(self, text: str) -> TokenizedReview:
        """Tokenize, or raise."""
        self.texts.append(text)
        if text == "bad":
            raise RuntimeError("bad")
        return super().encode(text)


class Desk:
    """A tokenizer thread with a queue behind it, and what came of its work."""

    def __init__(self) -> None:
        self.queue = WorkQueue(
            Scheduler(max_batch_tokens=100, max_queue_tokens=100, num_lanes=1), on_done=lambda _: None
        )
        self.tokenizer = Recording()
        self.model = model(tokenizer=self.tokenizer)
        self.failures: list[tuple[Request, Exception]] = []
        self.failed = threading.Event()
        self.thread = TokenizerThread(self.queue, Metrics([]), on_failure=self._fail)

    def admit(self, kind: WorkClass = WorkClass.LIVE) -> Request:
        """Admit a request of one token."""
        return self.queue.admit(self.model, 1, deadline_seconds=1e9, kind=kind)

    def take(self) -> Batch:
        """Wait for a batch."""
        batch = self.queue.take(deque())
        assert isinstance(batch, Batch)
        return batch

    def _fail(self, request: Request, error: Exception) -> None:
        self.failures.append((request, error))
        self.failed.set()


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Return one whose thread has not started."""
    made = Desk()
    yield made
    made.thread.close()


def test_a_request_continues_to_the_lanes(desk: Desk) -> None:
    desk.thread.start()
    request = desk.admit()
    desk.thread.put(request, ["good"])
    assert [review.request for review in desk.take().reviews] == [request]


def test_each_request_is_tokenized_for_its_model(desk: Desk) -> None:
    other = Recording()
    texts = (("first", desk.model), ("second", model(tokenizer=other)))
    for text, each in texts:
        desk.thread.put(desk.queue.admit(each, 1, deadline_seconds=1e9), [text])
    desk.thread.start()
    assert [desk.take().model for _ in texts] == [each for _, each in texts]
    assert (desk.tokenizer.texts, other.texts) == (["first"], ["second"])


def test_lines_of_streams_are_tokenized_when_nothing_else_waits(desk: Desk) -> None:
    kinds = (WorkClass.STREAM, WorkClass.LIVE, WorkClass.STREAM, WorkClass.LIVE)
    for number, kind in enumerate(kinds):
        desk.thread.put(desk.admit(kind), [f"{kind.name} {number}"])
    desk.thread.close()
    desk.thread.start()
    assert desk.thread.join(PATIENCE_SECONDS)
    assert desk.tokenizer.texts == ["LIVE 1", "LIVE 3", "STREAM 0", "STREAM 2"]


def test_a_request_that_nobody_waits_for_is_not_tokenized(desk: Desk) -> None:
    left, kept = desk.admit(), desk.admit()
    for request, text in ((left, "left"), (kept, "kept")):
        desk.thread.put(request, [text])
    desk.queue.discard(left)
    desk.thread.start()
    assert desk.take().num_tokens == 1
    assert desk.tokenizer.texts == ["kept"]


def test_a_failure_is_reported_and_the_next_request_is_tokenized(desk: Desk) -> None:
    desk.thread.start()
    failing, request = desk.admit(), desk.admit()
    desk.thread.put(failing, ["bad"])
    desk.thread.put(request, ["good"])
    assert desk.failed.wait(PATIENCE_SECONDS)
    assert [(each, str(error)) for each, error in desk.failures] == [(failing, "bad")]
    assert desk.take().reviews[0].request is request


def test_closing_ends_the_thread_after_what_it_was_given(desk: Desk) -> None:
    desk.thread.put(desk.admit(), ["good"])
    desk.thread.close()
    desk.thread.start()
    assert desk.thread.join(PATIENCE_SECONDS)
    assert desk.tokenizer.texts == ["good"]
