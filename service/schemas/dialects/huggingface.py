"""The bodies of Hugging Face's text classification."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field, RootModel

from sentiment import Prediction
from service.errors import ApiError
from service.schemas.base import Probability, Schema
from service.schemas.dialects.base import DialectBody, OneOrMoreTexts, message
from service.schemas.validation import check_reviews, validate
from service.settings import Settings

__all__ = [
    "TextClassificationError",
    "TextClassificationRequest",
    "TextClassificationResponse",
    "parse_text_classification",
    "text_classification_error",
    "text_classification_response",
]


class TextClassificationParameters(DialectBody):
    """How to answer."""

    top_k: int | None = Field(
        default=None, ge=1, strict=True, description="Only this many of the most probable labels."
    )
    function_to_apply: Literal["softmax"] | None = Field(
        default=None, description="Scores are probabilities that add up to 1."
    )


class TextClassificationRequest(DialectBody):
    """Texts to classify."""

    inputs: OneOrMoreTexts
    parameters: TextClassificationParameters | None = None

    @property
    def reviews(self) -> list[str]:
        """What is to be scored."""
        return self.inputs


class LabelScore(Schema):
    """A label with its probability."""

    label: str
    score: Probability


class TextClassificationResponse(RootModel[list[list[LabelScore]]]):
    """For each text the labels, the most probable first; a list of lists also for one text."""


class TextClassificationError(Schema):
    """An error."""

    error: str
    error_type: str = Field(description="A stable code, as in the service's own errors.")


def parse_text_classification(value: Any, settings: Settings) -> TextClassificationRequest:  # noqa: ANN401  # any JSON value
    """Return a body; raises InvalidRequest, which says where it is wrong."""
    body = validate(TextClassificationRequest, value)
    check_reviews(body.reviews, settings, field="inputs")
    return body


def text_classification_response(
    predictions: Sequence[Prediction], parameters: TextClassificationParameters | None
) -> list[list[dict[str, Any]]]:
    """Return a TextClassificationResponse."""
    top_k = None if parameters is None else parameters.top_k
    return [_scores(prediction)[:top_k] for prediction in predictions]


def text_classification_error(error: ApiError, request_id: str) -> dict[str, Any]:  # noqa: ARG001  # its header has the id
    """Return a TextClassificationError."""
    return {"error": message(error), "error_type": error.code}


def _scores(prediction: Prediction) -> list[dict[str, Any]]:
    ordered = sorted(prediction.probabilities.items(), key=lambda each: each[1], reverse=True)
    return [{"label": label, "score": probability} for label, probability in ordered]
