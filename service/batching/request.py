"""The reviews of one request on their way through the scheduler."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from sentiment import TokenizedReview
from service.batching.model import Model
from service.outcomes import ReviewOutcome

__all__ = ["Batch", "Phase", "Request", "RequestReview", "WorkClass"]


class WorkClass(Enum):
    """Whom a request is for; explanations and shadows run in the background."""

    LIVE = auto()
    """A client waits for the answer."""
    STREAM = auto()
    """Lines of a stream, which go on as live work leaves time."""
    EXPLAIN = auto()
    """A client waits for an explanation, which takes many runs."""
    SHADOW = auto()
    """Nobody waits: a candidate is compared with the live version."""


class Phase(Enum):
    """How far a request has come."""

    ADMITTED = auto()
    """Its reviews are not tokenized yet; it holds `num_reserved_tokens` in the queue."""
    QUEUED = auto()
    """Its reviews wait, run, or have run."""
    DISCARDED = auto()
    """Nobody waits for its answer any more."""


@dataclass(eq=False, slots=True, kw_only=True)
class Request:
    """The reviews of one request. Only the scheduler changes it; when it is done, it has all its outcomes."""

    model: Model
    kind: WorkClass = WorkClass.LIVE
    deadline_seconds: float
    """When its result is of no more use, on the scheduler's clock."""
    num_reserved_tokens: int
    phase: Phase = Phase.ADMITTED
    reviews: Sequence[TokenizedReview] = ()
    outcomes: list[ReviewOutcome | None] = field(default_factory=list)
    """None for a review that has no outcome yet."""
    num_open: int = 0
    """Reviews that have no outcome yet."""
    queue_number: int = 0
    """Counts up with each request that is queued."""
    queued_at_seconds: float = 0.0
    pending: dict["RequestReview", None] = field(default_factory=dict)
    """The reviews that no batch has taken, in order."""

    @property
    def is_admitted(self) -> bool:
        """Whether it is still to be tokenized."""
        return self.phase is Phase.ADMITTED


@dataclass(frozen=True, slots=True, eq=False)
class RequestReview:
    """One review of a request."""

    request: Request
    index: int

    @property
    def tokenized(self) -> TokenizedReview:
        """The review itself."""
        return self.request.reviews[self.index]

    @property
    def num_tokens(self) -> int:
        """Tokens that the network reads, without padding."""
        return len(self.tokenized.ids)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Batch:
    """Reviews that a lane has taken to score together with one model."""

    model: Model
    kind: WorkClass
    reviews: Sequence[RequestReview]
    taken_at_seconds: float
    is_full: bool
    """Whether the token budget kept another review out."""
    num_lanes: int
    """Lanes whose cores it may use: its own, and an idle one for its backward direction if nothing waits."""
    waits_seconds: Sequence[float]
    """How long each request waited whose first review is in this batch."""

    @property
    def tokenized(self) -> list[TokenizedReview]:
        """The reviews themselves."""
        return [review.tokenized for review in self.reviews]

    @property
    def num_tokens(self) -> int:
        """Tokens of all its reviews, without padding."""
        return sum(review.num_tokens for review in self.reviews)
