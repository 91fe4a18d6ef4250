"""The bodies of POST /predict."""

from collections.abc import Sequence
from typing import Any

from pydantic import ConfigDict, Field
from pydantic_core import to_json

from sentiment import Prediction
from service.schemas.base import Probability, Review, Schema
from service.schemas.validation import check_reviews, validate
from service.settings import Settings

__all__ = [
    "ModelName",
    "PredictRequest",
    "PredictResponse",
    "ReviewPrediction",
    "parse_request",
    "response_json",
]


class PredictRequest(Schema):
    """Reviews to score."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reviews": [
                        "A wonderful film, warm and funny.",
                        "What a waste of time: dull, and badly acted.",
                    ]
                }
            ]
        }
    )

    reviews: list[Review] = Field(strict=True, min_length=1, description="Answered in this order.")


class ModelName(Schema):
    """Which model answered."""

    name: str = Field(examples=["reviews"])
    version: int = Field(ge=1, examples=[3])


class ReviewPrediction(Schema):
    """What the model says about one review."""

    label: str = Field(description="The most probable label.", examples=["positive"])
    confidence: Probability = Field(description="The calibrated probability of `label`.", examples=[0.993])
    probabilities: dict[str, Probability] = Field(
        description="The probability of every label; they add up to 1.",
        examples=[{"negative": 0.007, "positive": 0.993}],
    )
    tokens: int = Field(ge=0, description="Words and marks in the review, before truncation.", examples=[4])
    truncated: bool = Field(description="Whether the review was longer than the model reads.")
    unknown_ratio: Probability = Field(
        description="Share of the tokens that the model has never seen.", examples=[0.0]
    )


class PredictResponse(Schema):
    """A prediction for each review, in the order of the request."""

    model: ModelName
    predictions: list[ReviewPrediction]


def parse_request(value: Any, settings: Settings) -> PredictRequest:  # noqa: ANN401  # any JSON value
    """Return the body; raises InvalidRequest, which lists the errors up to a limit."""
    body = validate(PredictRequest, value)
    check_reviews(body.reviews, settings)
    return body


def response_json(model: str, version: int, predictions: Sequence[Prediction]) -> bytes:
    """Return a PredictResponse; the figures are the model's own, so they are not checked again."""
    return to_json({"model": {"name": model, "version": version}, "predictions": predictions})
