"""The bodies of POST /explain."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import ConfigDict, Field
from pydantic_core import to_json

from sentiment.explanation import Explanation, Unit
from service.schemas.base import Probability, Review, Schema
from service.schemas.prediction import ModelName, ReviewPrediction
from service.schemas.validation import check_reviews, validate
from service.settings import Settings

__all__ = ["MAX_REVIEWS", "ExplainRequest", "ExplainResponse", "Offsets", "explanation_json", "parse_explain"]

MAX_REVIEWS = 8
"""Each takes as long as hundreds of predictions."""

Offsets = Literal["codepoint", "utf16"]

_START = Field(ge=0, description="Where it begins in the review as it was sent.", examples=[2])
_END = Field(ge=0, description="Where it ends: the position behind its last character.", examples=[11])
_CONTRIBUTION = Field(
    description="Log-odds of the predicted label that are lost when it is left out; negative where it speaks "
    "against the label, null where the budget ended before.",
    examples=[1.3],
)


class ExplainRequest(Schema):
    """Reviews to explain."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"reviews": ["A wonderful film, warm and funny. But the end is dull."], "unit": "both"}
            ]
        }
    )

    reviews: list[Review] = Field(strict=True, min_length=1, description="Answered in this order.")
    unit: Unit = Field(default="both", description="Which parts are explained.")
    offsets: Offsets = Field(
        default="codepoint",
        description="What `start` and `end` count: Unicode code points, as Python and Rust's chars do, or "
        "UTF-16 code units, as JavaScript, Java and C# do.",
    )


class UnreadPart(Schema):
    """A part of a review that truncation cut off."""

    start: int = _START
    end: int = _END


class ExplainedSentence(Schema):
    """What a sentence does to the prediction."""

    start: int = _START
    end: int = _END
    text: str = Field(description="The part of the review itself.", examples=["But the end is dull."])
    contribution: float | None = _CONTRIBUTION
    alone: Probability | None = Field(
        description="The predicted label's probability for the sentence by itself.", examples=[0.02]
    )


class ExplainedToken(Schema):
    """What a word or a mark does to the prediction."""

    start: int = _START
    end: int = _END
    text: str = Field(description="The part of the review itself.", examples=["wonderful"])
    contribution: float | None = _CONTRIBUTION
    known: bool = Field(description="False for what `unknown_ratio` counts.")


class ReviewExplanation(Schema):
    """Why a review has its prediction."""

    prediction: ReviewPrediction
    complete: bool = Field(description="Whether every part has its figures.")
    mixed: bool = Field(description="Whether sentences pull both ways.")
    unread: list[UnreadPart] = Field(description="What is beyond the tokens that the model reads.")
    sentences: list[ExplainedSentence] = Field(
        description="Those that the model reads, in order; none with the unit `token`."
    )
    tokens: list[ExplainedToken] = Field(
        description="Words and marks that the model reads, in order; none with the unit `sentence`."
    )


class ExplainResponse(Schema):
    """An explanation for each review, in the order of the request."""

    model: ModelName
    offsets: Offsets
    explanations: list[ReviewExplanation]


def parse_explain(value: Any, settings: Settings) -> ExplainRequest:  # noqa: ANN401  # any JSON value
    """Return the body; raises InvalidRequest, which lists the errors up to a limit."""
    body = validate(ExplainRequest, value)
    check_reviews(body.reviews, settings, max_reviews=MAX_REVIEWS)
    return body


def explanation_json(
    model: str, version: int, offsets: Offsets, explanations: Sequence[Explanation]
) -> bytes:
    """Return an ExplainResponse; the figures are the model's own, so they are not checked again."""
    return to_json(
        {"model": {"name": model, "version": version}, "offsets": offsets, "explanations": explanations}
    )
