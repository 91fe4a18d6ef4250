"""The lines of POST /predict/stream."""

from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, Field
from pydantic_core import to_json

from sentiment import Prediction
from service.errors import ApiError, FieldError, InvalidRequest
from service.schemas.base import Review, Schema
from service.schemas.prediction import ModelName, ReviewPrediction
from service.schemas.problem import ProblemField
from service.schemas.validation import validate
from service.settings import Settings

__all__ = [
    "EndReason",
    "Line",
    "LineAnswer",
    "LineRequest",
    "StreamCounts",
    "StreamEnd",
    "answer_json",
    "end_json",
    "error_json",
    "parse_line",
]


class LineRequest(Schema):
    """A line of a stream: a review, with whatever the answer is to be known by. A bare string is one, too."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"review": "A wonderful film.", "id": 4711}]})

    review: Review
    id: Any = Field(default=None, description="Any JSON value; the answer has it again.")


class LineError(Schema):
    """Why a line has no prediction; `code` and `detail` are as in problems."""

    status: int = Field(examples=[422], description="That of the same error as a response.")
    code: str = Field(examples=["invalid_request"])
    detail: str
    errors: list[ProblemField] | None = Field(default=None, description="Where the line is wrong.")


class LineAnswer(Schema):
    """The answer to a line of a stream: either a prediction with its model, or an error."""

    line: int = Field(ge=1, description="The number of the line, from 1; empty lines count.")
    id: Any = Field(default=None, description="The line's own, if it had one.")
    model: ModelName | None = None
    prediction: ReviewPrediction | None = None
    error: LineError | None = None


class EndReason(Schema):
    """Why a stream ends before its body."""

    code: str = Field(examples=["draining"])
    detail: str


class StreamEnd(Schema):
    """The last line of a stream. A stream without it was cut."""

    done: bool = Field(description="Whether the whole body is answered.")
    lines: int = Field(ge=0, description="Lines that are done; empty ones count.")
    predictions: int = Field(ge=0)
    errors: int = Field(ge=0)
    next_line: int | None = Field(
        default=None, ge=1, description="The first line that is not done: where to go on, in a new stream."
    )
    reason: EndReason | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line that can be scored."""

    review: str
    id_json: bytes | None
    """JSON, since Python's objects may be fifty times as large; ASCII, since some end lines at U+2028."""


@dataclass(slots=True)
class StreamCounts:
    """What has been answered."""

    num_lines: int = 0
    num_predictions: int = 0
    num_errors: int = 0


def parse_line(value: Any, settings: Settings) -> Line:  # noqa: ANN401  # any JSON value
    """Return the line that a JSON value is; raises InvalidRequest."""
    request = validate(LineRequest, {"review": value} if isinstance(value, str) else value)
    num_characters, limit = len(request.review), settings.max_review_characters
    if num_characters > limit:
        message = f"has {num_characters} characters, and at most {limit} are accepted"
        raise InvalidRequest("The line breaks a rule; see errors.", errors=[FieldError("review", message)])
    has_id = "id" in request.model_fields_set
    return Line(request.review, to_json(request.id, ensure_ascii=True) if has_id else None)


def answer_json(number: int, id_json: bytes | None, model: bytes, prediction: Prediction) -> bytes:
    """Return a LineAnswer with a prediction, given its model as JSON."""
    return _line(number, id_json, b'"model":%b,"prediction":%b' % (model, to_json(prediction)))


def error_json(number: int, id_json: bytes | None, error: ApiError) -> bytes:
    """Return a LineAnswer with an error."""
    content: dict[str, Any] = {"status": error.status, "code": error.code, "detail": error.detail}
    if error.errors:
        content["errors"] = error.errors
    return _line(number, id_json, b'"error":%b' % to_json(content))


def end_json(counts: StreamCounts, reason: EndReason | None) -> bytes:
    """Return a StreamEnd."""
    end = StreamEnd(
        done=reason is None,
        lines=counts.num_lines,
        predictions=counts.num_predictions,
        errors=counts.num_errors,
        next_line=None if reason is None else counts.num_lines + 1,
        reason=reason,
    )
    return to_json(end, exclude_none=True) + b"\n"


def _line(number: int, id_json: bytes | None, rest: bytes) -> bytes:
    if id_json is None:
        return b'{"line":%d,%b}\n' % (number, rest)
    return b'{"line":%d,"id":%b,%b}\n' % (number, id_json, rest)
