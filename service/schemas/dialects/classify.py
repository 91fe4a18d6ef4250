"""The bodies of vLLM's POST /classify and GET /v1/models."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from sentiment import Prediction
from service.errors import ApiError
from service.schemas.base import Probability, Schema
from service.schemas.dialects.base import DialectBody, OneOrMoreTexts, message
from service.schemas.validation import check_reviews, validate
from service.settings import Settings

__all__ = [
    "ClassifyError",
    "ClassifyRequest",
    "ClassifyResponse",
    "ServedModels",
    "classify_error",
    "classify_response",
    "parse_classify",
    "served_models",
]


class ClassifyRequest(DialectBody):
    """Texts to classify."""

    model: str | None = Field(default=None, description="The name of the model, if it is to be checked.")
    input: OneOrMoreTexts
    use_activation: Literal[True] | None = Field(default=None, description="Probabilities, never logits.")

    @property
    def reviews(self) -> list[str]:
        """What is to be scored."""
        return self.input


class ClassifiedText(Schema):
    """What the model says about one text."""

    index: int
    label: str
    probs: list[Probability] = Field(description="In the order of the model's labels.")
    num_classes: int


class TokenUsage(Schema):
    """How much was read."""

    prompt_tokens: int
    total_tokens: int
    completion_tokens: int
    prompt_tokens_details: None = None


class ClassifyResponse(Schema):
    """A classification of each text, in order."""

    id: str
    object: Literal["list"]
    created: int = Field(description="Seconds since 1970.")
    model: str
    data: list[ClassifiedText]
    usage: TokenUsage


class ServedModel(Schema):
    """A model that answers."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    root: str
    parent: None = None
    max_model_len: int


class ServedModels(Schema):
    """The models that answer: one."""

    object: Literal["list"]
    data: list[ServedModel]


class ClassifyErrorInfo(Schema):
    """What is wrong."""

    message: str
    type: str
    param: None = None
    code: int = Field(description="The HTTP status.")


class ClassifyError(Schema):
    """An error."""

    error: ClassifyErrorInfo


def parse_classify(value: Any, settings: Settings) -> ClassifyRequest:  # noqa: ANN401  # any JSON value
    """Return a body; raises InvalidRequest, which says where it is wrong."""
    body = validate(ClassifyRequest, value)
    check_reviews(body.reviews, settings, field="input")
    return body


def classify_response(
    predictions: Sequence[Prediction], *, model: str, request_id: str, created_seconds: int
) -> dict[str, Any]:
    """Return a ClassifyResponse."""
    num_tokens = sum(prediction.tokens for prediction in predictions)
    data = [
        {
            "index": index,
            "label": prediction.label,
            "probs": list(prediction.probabilities.values()),
            "num_classes": len(prediction.probabilities),
        }
        for index, prediction in enumerate(predictions)
    ]
    usage = {
        "prompt_tokens": num_tokens,
        "total_tokens": num_tokens,
        "completion_tokens": 0,
        "prompt_tokens_details": None,
    }
    return {
        "id": f"classify-{request_id}",
        "object": "list",
        "created": created_seconds,
        "model": model,
        "data": data,
        "usage": usage,
    }


def served_models(name: str, *, created_at: str, max_tokens: int) -> ServedModels:
    """Return the one model that answers; its time of creation is in ISO 8601."""
    model = ServedModel(
        id=name,
        object="model",
        created=int(datetime.fromisoformat(created_at).timestamp()),
        owned_by="sentiment-service",
        root=name,
        max_model_len=max_tokens,
    )
    return ServedModels(object="list", data=[model])


def classify_error(error: ApiError, request_id: str) -> dict[str, Any]:  # noqa: ARG001  # its header has the id
    """Return a ClassifyError."""
    return {"error": {"message": message(error), "type": error.code, "param": None, "code": error.status}}
