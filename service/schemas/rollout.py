"""The bodies of the admin routes."""

from pydantic import Field

from service.schemas.base import Schema

__all__ = ["CandidateShares", "RefusedVersion", "RolloutState", "Slots"]


class RefusedVersion(Schema):
    """Why what the store asks for does not answer."""

    version: int | None = Field(description="Null when the store cannot be read.", examples=[4])
    reason: str = Field(
        description="The log and `GET /admin/rollout` also name the file or the setting.",
        examples=["its files are damaged or incomplete"],
    )
    since: str = Field(description="ISO 8601 in UTC.", examples=["2025-01-31T12:00:00Z"])


class CandidateShares(Schema):
    """A candidate that is loaded, with its shares of the requests, from 0 to 1."""

    version: int = Field(examples=[4])
    canary: float = Field(description="Share that it answers.", examples=[0.05])
    shadow: float = Field(description="Share that it scores too, for comparison alone.", examples=[0.2])


class Slots(Schema):
    """Which versions this process holds, and why it does not do what the store asks for, if so."""

    follows: bool = Field(description="Whether it looks at the store again and again.")
    live: int | None = Field(description="The version that answers; null before the first.", examples=[3])
    previous: int | None = Field(
        description="The version before it, kept without its look-up table.", examples=[2]
    )
    refused: RefusedVersion | None
    candidate: CandidateShares | None = Field(description="The version that is tried beside the live one.")
    candidate_refused: RefusedVersion | None


class RolloutState(Slots):
    """The slots, and which model they are of."""

    model: str = Field(description="As in SENTIMENT_MODEL.", examples=["reviews@production"])
