"""Moments as the store writes them: ISO 8601 in UTC, whole seconds, so that their texts sort by time."""

from datetime import UTC, datetime

__all__ = ["moment", "utc_now"]


def utc_now() -> datetime:
    """Return the time of the system's clock."""
    return datetime.now(UTC)


def moment(time: datetime) -> str:
    """Return a time as in 2025-01-31T12:00:00Z."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
