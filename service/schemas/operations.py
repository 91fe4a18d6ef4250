"""The bodies of the routes that say whether the service is well."""

from pydantic import Field

from service.schemas.base import Schema
from service.schemas.prediction import ModelName

__all__ = ["Health", "Readiness"]


class Health(Schema):
    """The process is alive."""

    status: str = Field(examples=["alive"])


class Readiness(Schema):
    """The model that new requests are answered by."""

    status: str = Field(examples=["ready"])
    model: ModelName
