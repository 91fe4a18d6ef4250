"""Reviews that wait for a batch, first come, first served."""

import threading
import time
from asyncio import Future
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from sentiment import Prediction, TokenizedReview

__all__ = ["Backlog", "BacklogClosed", "Item", "Job"]


class BacklogClosed(Exception):
    """The backlog takes nothing more; what it holds is still worked off."""


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """The reviews of one request.

    `next_place` belongs to the backlog; `outcomes`, `num_open` and `future` to the event loop.
    """

    reviews: Sequence[TokenizedReview]
    future: Future[list[Prediction | None]]
    submitted_at: float = field(default_factory=time.perf_counter)
    next_place: int = 0
    """The first review that no batch has taken."""
    outcomes: list[Prediction | None] = field(init=False)
    """None where the review has no prediction, not yet or for good."""
    num_open: int = field(init=False)

    def __post_init__(self) -> None:
        self.outcomes = [None] * len(self.reviews)
        self.num_open = len(self.reviews)


@dataclass(frozen=True, slots=True)
class Item:
    """One review of a job."""

    job: Job
    place: int

    @property
    def review(self) -> TokenizedReview:
        return self.job.reviews[self.place]

    @property
    def num_tokens(self) -> int:
        """Tokens that the network will read."""
        return len(self.review.ids)


class Backlog:
    """A queue of jobs from which any number of lanes take batches; a job may be spread over several."""

    def __init__(self, *, max_batch_tokens: int) -> None:
        self._max_batch_tokens = max_batch_tokens
        self._changed = threading.Condition()
        # All below is read and written only while `_changed` is held.
        self._jobs: deque[Job] = deque()
        self._num_tokens = 0
        self._closed = False

    @property
    def num_tokens(self) -> int:
        """Tokens of all reviews that no batch has taken yet."""
        with self._changed:
            return self._num_tokens

    def put(self, job: Job) -> None:
        """Add a job of at least one review behind all others; raises BacklogClosed."""
        with self._changed:
            if self._closed:
                raise BacklogClosed
            self._jobs.append(job)
            self._num_tokens += _count(job)
            self._changed.notify()

    def discard(self, job: Job) -> None:
        """Take back what no batch has taken of a job; nothing happens when there is nothing."""
        with self._changed:
            if job.next_place < len(job.reviews) and job in self._jobs:
                self._jobs.remove(job)
                self._num_tokens -= _count(job)

    def take(self) -> list[Item]:
        """Wait for reviews and return the next batch: one review at least, then what fits the budget.

        Returns an empty list when the backlog is closed and worked off.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed)
            batch: list[Item] = []
            num_tokens = 0
            while self._jobs:
                item = Item(self._jobs[0], self._jobs[0].next_place)
                if batch and num_tokens + item.num_tokens > self._max_batch_tokens:
                    break
                batch.append(item)
                num_tokens += item.num_tokens
                self._advance()
            self._num_tokens -= num_tokens
            return batch

    def close(self) -> None:
        """Take no more jobs; lanes end once all is worked off."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _advance(self) -> None:
        job = self._jobs[0]
        job.next_place += 1
        if job.next_place == len(job.reviews):
            self._jobs.popleft()


def _count(job: Job) -> int:
    return sum(len(review.ids) for review in job.reviews[job.next_place :])
