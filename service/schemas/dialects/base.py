"""What the bodies of all dialects share."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from sentiment.text import VISIBLE
from service.errors import ApiError
from service.schemas.base import Review, Schema

__all__ = ["DialectBody", "OneOrMoreTexts", "message"]

MAX_ERRORS = 10
"""A message names at most this many errors of a body."""

_TEXT = {"type": "string", "minLength": 1, "pattern": VISIBLE}


class DialectBody(Schema):
    """The configuration of bodies for other services: unknown fields are ignored, as they are there."""

    model_config = ConfigDict(extra="ignore", frozen=True, protected_namespaces=())


def message(error: ApiError) -> str:
    """Return an error as one text, for dialects that have no list of errors in a body."""
    if not error.errors:
        return error.detail
    named = [f"{each.location}: {each.message}" for each in error.errors[:MAX_ERRORS]]
    more = len(error.errors) - len(named)
    return "; ".join([*named, f"and {more} more"] if more else named)


def _listed(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    return [value] if isinstance(value, str) else value


OneOrMoreTexts = Annotated[
    list[Review],
    Field(min_length=1),
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}),
]
"""A text, or a list of texts."""
