import threading
from collections.abc import Iterator, Sequence

import pytest

from sentiment import TokenizedReview
from service.batching.request import Job
from service.batching.scheduler import Scheduler
from service.batching.tokenizer_thread import Tokenizing
from service.batching.work_queue import WorkQueue
from service.telemetry.metrics import Metrics
from tests.service.running import PATIENCE_SECONDS


class Desk:
    """A tokenizing thread with a queue behind it, and what came of its work."""

    def __init__(self) -> None:
        scheduler = Scheduler(max_batch_tokens=100, max_queue_tokens=100, num_lanes=1, pads=False)
        self.queue = WorkQueue(scheduler, on_done=lambda _: None)
        self.tokenized: list[str] = []
        self.failures: list[tuple[Job, Exception]] = []
        self.failed = threading.Event()
        self.tokenizing = Tokenizing(self._tokenize, self.queue, Metrics([]), on_failure=self._fail)

    def admit(self) -> Job:
        """Admit a job of one token."""
        return self.queue.admit(1, deadline_seconds=1e9)

    def _tokenize(self, texts: Sequence[str]) -> list[TokenizedReview]:
        self.tokenized.extend(texts)
        if "bad" in texts:
            raise RuntimeError("bad")
        return [TokenizedReview([1], 1, truncated=False, unknown_ratio=0.0) for _ in texts]

    def _fail(self, job: Job, error: Exception) -> None:
        self.failures.append((job, error))
        self.failed.set()


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Return one whose thread has not started."""
    made = Desk()
    yield made
    made.tokenizing.close()


def test_a_job_goes_on_to_the_lanes(desk: Desk) -> None:
    desk.tokenizing.start()
    job = desk.admit()
    desk.tokenizing.put(job, ["good"])
    batch = desk.queue.take()
    assert batch is not None
    assert [item.job for item in batch.items] == [job]


def test_a_job_that_nobody_waits_for_is_not_tokenized(desk: Desk) -> None:
    left, kept = desk.admit(), desk.admit()
    for job, text in ((left, "left"), (kept, "kept")):
        desk.tokenizing.put(job, [text])
    desk.queue.discard(left)
    desk.tokenizing.start()
    assert desk.queue.take() is not None
    assert desk.tokenized == ["kept"]


def test_a_failure_is_told_and_the_next_job_is_tokenized(desk: Desk) -> None:
    desk.tokenizing.start()
    failing, job = desk.admit(), desk.admit()
    desk.tokenizing.put(failing, ["bad"])
    desk.tokenizing.put(job, ["good"])
    assert desk.failed.wait(PATIENCE_SECONDS)
    assert [(each, str(error)) for each, error in desk.failures] == [(failing, "bad")]
    batch = desk.queue.take()
    assert batch is not None
    assert batch.items[0].job is job


def test_closing_ends_the_thread_behind_what_it_was_given(desk: Desk) -> None:
    desk.tokenizing.put(desk.admit(), ["good"])
    desk.tokenizing.close()
    desk.tokenizing.start()
    assert desk.tokenizing.join(PATIENCE_SECONDS)
    assert desk.tokenized == ["good"]
