"""The body of GET /admin/history."""

from pydantic import Field, JsonValue

from service.schemas.base import Schema

__all__ = ["History", "HistoryEvent"]


class HistoryEvent(Schema):
    """An alias moved, a rollout began or ended, or a version was removed."""

    when: str = Field(description="ISO 8601 in UTC.", examples=["2025-01-31T12:00:00Z"])
    who: str = Field(description="User and machine.", examples=["ada@build-3"])
    action: str = Field(examples=["promote"])
    alias: str | None = Field(
        description="The alias that moved; null where none did.", examples=["production"]
    )
    from_version: int | None = Field(examples=[2])
    to_version: int | None = Field(examples=[3])
    why: str = Field(examples=["better on short texts"])
    evidence: dict[str, JsonValue] = Field(description="Figures that spoke for it.")


class History(Schema):
    """What happened to the aliases and rollouts of the model that is served, the newest first."""

    model: str = Field(examples=["reviews"])
    events: list[HistoryEvent]
