"""The reviews of one request on their way through the scheduler."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from sentiment import TokenizedReview
from service.outcomes import Outcome

__all__ = ["Batch", "Item", "Job", "Phase"]


class Phase(Enum):
    """Where a job stands."""

    ADMITTED = auto()
    """Its reviews are not tokenized yet, and hold a place of `num_reserved_tokens` in the queue."""
    QUEUED = auto()
    """Its reviews wait, run, or have run."""
    DISCARDED = auto()
    """Nobody waits for it any more."""


@dataclass(eq=False, slots=True, kw_only=True)
class Job:
    """The reviews of one request. The scheduler alone changes it, and it has its outcomes when it is done."""

    deadline_seconds: float
    """When nobody waits for it any more, on the scheduler's clock."""
    num_reserved_tokens: int
    phase: Phase = Phase.ADMITTED
    reviews: Sequence[TokenizedReview] = ()
    outcomes: list[Outcome | None] = field(default_factory=list)
    """None for a review that has no outcome yet."""
    num_open: int = 0
    """Reviews that have no outcome yet."""
    queued_at_seconds: float = 0.0
    waiting: dict["Item", None] = field(default_factory=dict)
    """The reviews that no batch has taken, in order."""

    @property
    def is_admitted(self) -> bool:
        """Whether it is still to be tokenized."""
        return self.phase is Phase.ADMITTED


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One review of a job."""

    job: Job
    place: int

    @property
    def review(self) -> TokenizedReview:
        """The review itself."""
        return self.job.reviews[self.place]

    @property
    def num_tokens(self) -> int:
        """Tokens that the network will read, padding left out."""
        return len(self.review.ids)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Batch:
    """Reviews that a lane has taken to score together."""

    items: Sequence[Item]
    taken_at_seconds: float
    is_full: bool
    """Whether the token budget kept another review out."""
    waits_seconds: Sequence[float]
    """How long each job waited of which this batch has the first review taken."""

    @property
    def reviews(self) -> list[TokenizedReview]:
        """The reviews themselves."""
        return [item.review for item in self.items]

    @property
    def num_tokens(self) -> int:
        """Tokens of all its reviews, padding left out."""
        return sum(item.num_tokens for item in self.items)
