"""What becomes of a review, and what a lane does: the words that scheduling, metrics and health share."""

from enum import StrEnum

from sentiment import Prediction

__all__ = ["Failure", "LaneState", "Outcome"]


class Failure(StrEnum):
    """Why a review has no prediction."""

    EXCEPTION = "exception"
    NOT_FINITE = "not_finite"
    OUT_OF_MEMORY = "out_of_memory"
    LANE_DIED = "lane_died"


Outcome = Prediction | Failure


class LaneState(StrEnum):
    """What a lane does."""

    IDLE = "idle"
    BUSY = "busy"
    STALLED = "stalled"
    """At one run of the model for longer than LANE_STALL_SECONDS."""
    DEAD = "dead"
    """Its thread ended although there may be more to do."""

    @property
    def is_healthy(self) -> bool:
        """Whether more can be expected of it."""
        return self in (LaneState.IDLE, LaneState.BUSY)
