"""Holding a body against its schema, and saying where it is wrong."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from service.errors import FieldError, InvalidRequest, Limit
from service.settings import Settings

__all__ = ["check_reviews", "invalid", "location", "validate"]

Body = TypeVar("Body", bound=BaseModel)

MAX_FIELD_ERRORS = 100
"""An answer lists at most this many errors of a body."""

_MESSAGES = {
    "extra_forbidden": "is not a known field",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "missing": "is missing",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "string_pattern_mismatch": "must hold more than white space",
    "string_too_short": "must not be empty",
    "string_type": "must be a string",
    "too_short": "must not be empty",
}


def validate(schema: type[Body], value: Any) -> Body:  # noqa: ANN401  # any JSON value
    """Return the body; raises InvalidRequest, which lists the errors up to a limit."""
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        raise invalid(list(map(_field_error, error.errors(include_url=False)))) from None


def check_reviews(
    reviews: Sequence[str], settings: Settings, *, max_reviews: int | None = None, field: str = "reviews"
) -> None:
    """Raise InvalidRequest if there are too many reviews, or one is too long.

    `max_reviews` is a lower limit than that of the settings; `field` is where in the body the reviews are.
    """
    limit = min(settings.max_reviews_per_request, max_reviews or settings.max_reviews_per_request)
    if len(reviews) > limit:
        raise invalid(
            [FieldError(field, f"has {len(reviews)} reviews, and at most {limit} are accepted")],
            exceeded=Limit.REVIEWS,
        )
    limit = settings.max_review_characters
    if errors := [
        FieldError(f"{field}[{index}]", f"has {len(review)} characters, and at most {limit} are accepted")
        for index, review in enumerate(reviews)
        if len(review) > limit
    ]:
        raise invalid(errors, exceeded=Limit.CHARACTERS)


def invalid(errors: list[FieldError], *, exceeded: Limit | None = None) -> InvalidRequest:
    """Return the error of a body that breaks rules, which lists them up to a limit."""
    more = f"; {len(errors)} places are wrong" if len(errors) > MAX_FIELD_ERRORS else ""
    return InvalidRequest(
        f"The request breaks a rule; see errors{more}.", errors=errors[:MAX_FIELD_ERRORS], exceeded=exceeded
    )


def location(parts: Sequence[int | str]) -> str:
    """Return where in the body something is, as people write it: "reviews[3]", or "body" for the whole.

    A name that the client made up is cut, since it may be as long as the body.
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part:.100}" for part in parts)
    return text.lstrip(".") or "body"


def _field_error(problem: ErrorDetails) -> FieldError:
    message = _MESSAGES.get(problem["type"], "is not valid")
    return FieldError(location(problem["loc"]), message.format(**problem.get("ctx", {})))
