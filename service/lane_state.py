"""What a lane does, as health and metrics tell it."""

from enum import StrEnum

__all__ = ["LaneState"]


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
