"""A scheduler, and clients that ask it."""

from dataclasses import dataclass

from sentiment import Prediction, TokenizedReview
from service.batching.model import Model
from service.batching.request import Batch, Request, WorkClass
from service.batching.scheduler import Scheduler
from tests.service.batching.models import model

MAX_BATCH_TOKENS = 256
MAX_QUEUE_TOKENS = 1500
FOREVER_SECONDS = 1e9
MODELS = {pads: model(pads=pads) for pads in (False, True)}


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
