"""The body of every error."""

from pydantic import Field

from service.schemas.base import Schema

__all__ = ["Problem"]


class ProblemField(Schema):
    """What is wrong in one part of the body."""

    location: str = Field(examples=["reviews[3]"])
    message: str = Field(examples=["must hold more than white space"])


class Problem(Schema):
    """An error, as RFC 9457 defines it. Programs should look at `code`, which never changes its meaning."""

    type: str = Field(examples=["urn:problem-type:sentiment:invalid_request"])
    title: str = Field(examples=["The request is not valid"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["The request breaks a rule; see errors."])
    code: str = Field(examples=["invalid_request"])
    request_id: str = Field(description="Also in the header X-Request-ID, and in the service's log.")
    errors: list[ProblemField] | None = Field(
        default=None, description="Where the request is wrong; only with some codes."
    )
