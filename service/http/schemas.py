"""The JSON that clients send and get, and nothing else of the service."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, to_json

from model_store import Evaluation, ModelVersion
from sentiment import Prediction
from sentiment.text import VISIBLE
from service.errors import FieldError, InvalidRequest
from service.settings import Settings

__all__ = [
    "CandidateShares",
    "Health",
    "ModelDetail",
    "ModelInfo",
    "ModelList",
    "ModelName",
    "PredictRequest",
    "PredictResponse",
    "Problem",
    "Readiness",
    "RefusedVersion",
    "RolloutState",
    "parse_request",
    "response_json",
]

MAX_FIELD_ERRORS = 100
"""An answer lists at most this many errors of a body."""

Probability = Annotated[float, Field(ge=0, le=1)]
# At least one character that can be seen: what `sentiment.text.is_blank` says, as clients can check it too.
Review = Annotated[
    str,
    Field(strict=True, min_length=1, pattern=VISIBLE, description="Text as people wrote it; HTML is fine."),
]


class Schema(BaseModel):
    """The configuration that all bodies share."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


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


class Health(Schema):
    """The process is alive."""

    status: str = Field(examples=["alive"])


class Readiness(Schema):
    """The model that new requests are answered by."""

    status: str = Field(examples=["ready"])
    model: ModelName


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationFigures(Evaluation):
    """How well a model did on one data set, after calibration."""


class ModelInfo(Schema):
    """A loaded model."""

    name: str = Field(examples=["reviews"])
    version: int = Field(ge=1, examples=[3])
    labels: list[str] = Field(examples=[["negative", "positive"]])
    device: str = Field(description="Where it runs.", examples=["cpu"])
    created_at: str = Field(
        description="When it was published, ISO 8601 in UTC.", examples=["2025-01-31T12:00:00Z"]
    )
    max_tokens: int = Field(description="Longer reviews are truncated to this many tokens.", examples=[400])
    evaluation: dict[str, EvaluationFigures] = Field(description="By data set.")

    @classmethod
    def of(cls, version: ModelVersion) -> "ModelInfo":
        """Describe a loaded model."""
        return cls(**_describe(version))


class ModelDetail(ModelInfo):
    """A loaded model with its card."""

    card: str = Field(description="The model card, in Markdown.")

    @classmethod
    def of(cls, version: ModelVersion) -> "ModelDetail":
        """Describe a loaded model in full."""
        return cls(**_describe(version), card=version.card)


class ModelList(Schema):
    """All models that are loaded; none while the first is being loaded."""

    models: list[ModelInfo]


class RefusedVersion(Schema):
    """Why what the store asks for does not answer."""

    version: int | None = Field(description="Null when the store cannot be read.", examples=[4])
    reason: str = Field(examples=["reviews/4/model.safetensors: is damaged"])
    since: str = Field(description="ISO 8601 in UTC.", examples=["2025-01-31T12:00:00Z"])


class CandidateShares(Schema):
    """A candidate that is loaded, with its shares of the requests, from 0 to 1."""

    version: int = Field(examples=[4])
    canary: float = Field(description="Share that it answers.", examples=[0.05])
    shadow: float = Field(description="Share that it scores too, for comparison alone.", examples=[0.2])


class RolloutState(Schema):
    """Which versions this process holds, and why it does not do what the store asks for, if so."""

    model: str = Field(description="As in SENTIMENT_MODEL.", examples=["reviews@production"])
    follows: bool = Field(description="Whether it looks at the store again and again.")
    live: int | None = Field(description="The version that answers; null before the first.", examples=[3])
    previous: int | None = Field(
        description="The version before it, kept without its look-up table.", examples=[2]
    )
    refused: RefusedVersion | None
    candidate: CandidateShares | None = Field(description="The version that is tried beside the live one.")
    candidate_refused: RefusedVersion | None


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


def parse_request(value: Any, settings: Settings) -> list[str]:  # noqa: ANN401  # any JSON value
    """Return the reviews of a body; raises InvalidRequest, which lists the errors up to a limit."""
    try:
        reviews = PredictRequest.model_validate(value).reviews
    except ValidationError as error:
        raise _invalid(list(map(_field_error, error.errors(include_url=False)))) from None
    if len(reviews) > settings.max_reviews_per_request:
        limit = settings.max_reviews_per_request
        raise _invalid(
            [FieldError("reviews", f"has {len(reviews)} reviews, and at most {limit} are accepted")]
        )
    limit = settings.max_review_characters
    if errors := [
        FieldError(f"reviews[{index}]", f"has {len(review)} characters, and at most {limit} are accepted")
        for index, review in enumerate(reviews)
        if len(review) > limit
    ]:
        raise _invalid(errors)
    return reviews


def response_json(model: str, version: int, predictions: Sequence[Prediction]) -> bytes:
    """Return a PredictResponse; the figures are the model's own, so they are not checked again."""
    return to_json({"model": {"name": model, "version": version}, "predictions": predictions})


def location(parts: Sequence[int | str]) -> str:
    """Return where in the body something is, as people write it: "reviews[3]", or "body" for the whole.

    A name that the client made up is cut, since it may be as long as the body.
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part:.100}" for part in parts)
    return text.lstrip(".") or "body"


def _describe(version: ModelVersion) -> dict[str, Any]:
    manifest = version.manifest
    return {
        "name": manifest.model,
        "version": manifest.version,
        "labels": list(manifest.labels),
        "device": version.classifier.device,
        "created_at": manifest.created_at,
        "max_tokens": manifest.tokenizer.max_tokens,
        "evaluation": {name: EvaluationFigures(**asdict(each)) for name, each in manifest.evaluation.items()},
    }


_MESSAGES = {
    "extra_forbidden": "is not a known field",
    "list_type": "must be a list",
    "missing": "is missing",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "string_pattern_mismatch": "must hold more than white space",
    "string_too_short": "must not be empty",
    "string_type": "must be a string",
    "too_short": "must not be empty",
}


def _field_error(problem: ErrorDetails) -> FieldError:
    return FieldError(location(problem["loc"]), _MESSAGES.get(problem["type"], "is not valid"))


def _invalid(errors: list[FieldError]) -> InvalidRequest:
    more = f"; {len(errors)} places are wrong" if len(errors) > MAX_FIELD_ERRORS else ""
    return InvalidRequest(f"The request breaks a rule; see errors{more}.", errors=errors[:MAX_FIELD_ERRORS])
