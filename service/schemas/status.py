"""The body of GET /status."""

from typing import Literal

from pydantic import Field

from service.schemas.base import Schema
from service.schemas.prediction import ModelName
from service.telemetry.counts import Counts

__all__ = ["Limits", "Links", "Queue", "ServiceState", "Status"]

ServiceState = Literal["loading", "ready", "draining"]


class Queue(Schema):
    """What waits for a lane."""

    tokens: int = Field(ge=0)
    max_tokens: int = Field(ge=0, description="More is refused as overloaded.")


class Limits(Schema):
    """What a request may hold."""

    max_reviews: int
    max_review_characters: int
    max_body_bytes: int


class Links(Schema):
    """Where else to look."""

    grafana: str | None = Field(description="As in SENTIMENT_GRAFANA_URL.", examples=[None])


class Status(Schema):
    """How this process is doing. Behind a proxy, the next answer may be that of another one."""

    replica: str = Field(
        description="Random, and new with each start: counts are comparable while it stays the same.",
        examples=["5d0c9a7e31f2"],
    )
    started_at: str = Field(description="ISO 8601 in UTC.", examples=["2025-01-31T12:00:00Z"])
    software: str = Field(description="Version of this software.", examples=["0.2.0"])
    state: ServiceState
    model: ModelName | None = Field(description="The live version; null before it is ready.")
    queue: Queue
    lanes: dict[str, int] = Field(
        description="Worker threads by what they do.", examples=[{"idle": 1, "busy": 1}]
    )
    counts: Counts = Field(description="Since the start.")
    limits: Limits
    links: Links
