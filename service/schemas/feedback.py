"""The bodies of POST /feedback."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from service.errors import FieldError
from service.schemas.base import Schema
from service.schemas.validation import invalid, validate
from service.settings import Settings

__all__ = ["FeedbackRequest", "FeedbackResponse", "ReviewFeedback", "check_feedback", "parse_feedback"]

Label = Annotated[str, Field(strict=True, min_length=1, examples=["positive"])]


class AnsweredBy(Schema):
    """Which model gave the answer: `model` of the answer of POST /predict."""

    name: str = Field(strict=True, examples=["reviews"])
    version: int = Field(strict=True, ge=1, le=999_999_999, examples=[3])


class ReviewFeedback(Schema):
    """What was answered to one review, and the truth."""

    model: AnsweredBy
    label: Label = Field(description="The label that was answered.")
    confidence: float = Field(
        strict=True, ge=0, le=1, description="The confidence that was answered.", examples=[0.993]
    )
    truth: Label = Field(description="The label that is right.", examples=["negative"])


class FeedbackRequest(Schema):
    """Answers, each with the truth."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "feedback": [
                        {
                            "model": {"name": "reviews", "version": 3},
                            "label": "positive",
                            "confidence": 0.81,
                            "truth": "negative",
                        }
                    ]
                }
            ]
        }
    )

    feedback: list[ReviewFeedback] = Field(strict=True, min_length=1)


class FeedbackResponse(Schema):
    """All of it has been counted."""

    accepted: int = Field(examples=[1])


def parse_feedback(value: Any, settings: Settings) -> FeedbackRequest:  # noqa: ANN401  # any JSON value
    """Return the body; raises InvalidRequest, which lists the errors up to a limit."""
    body = validate(FeedbackRequest, value)
    limit = settings.max_reviews_per_request
    if len(body.feedback) > limit:
        raise invalid(
            [FieldError("feedback", f"has {len(body.feedback)} answers, and at most {limit} are accepted")]
        )
    return body


def check_feedback(body: FeedbackRequest, model: str, labels: Mapping[int, Collection[str]]) -> None:
    """Raise InvalidRequest for another model, a version without labels, or a label that it does not have."""
    errors = []
    for index, each in enumerate(body.feedback):
        place = f"feedback[{index}]"
        if each.model.name != model:
            errors.append(FieldError(f"{place}.model.name", f"must be {model}, the model that is served"))
        elif each.model.version not in labels:
            errors.append(FieldError(f"{place}.model.version", f"is not a version of {model}"))
        else:
            known = labels[each.model.version]
            given = (("label", each.label), ("truth", each.truth))
            errors += [
                FieldError(f"{place}.{name}", f"must be one of {', '.join(known)}")
                for name, label in given
                if label not in known
            ]
    if errors:
        raise invalid(errors)
