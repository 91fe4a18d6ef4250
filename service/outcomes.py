"""What comes of a review, and what a lane does: the terms that batching, metrics and health share."""

from enum import StrEnum

from sentiment import Prediction

__all__ = ["LaneState", "ReviewOutcome", "ScoringFailure"]


class ScoringFailure(StrEnum):
    """Why a review has no prediction."""

    EXCEPTION = "exception"
    NOT_FINITE = "not_finite"
    OUT_OF_MEMORY = "out_of_memory"
    LANE_DIED = "lane_died"


ReviewOutcome = Prediction | ScoringFailure


class LaneState(StrEnum):
    """What a lane does."""

    IDLE = "idle"
    BUSY = "busy"
    STALLED = "stalled"
    """One run of a model has taken longer than LANE_STALL_SECONDS."""
    DEAD = "dead"
    """Its thread ended although there may be more work."""

    @property
    def is_healthy(self) -> bool:
        """Whether it can be expected to score more."""
        return self in (LaneState.IDLE, LaneState.BUSY)
