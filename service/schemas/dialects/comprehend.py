"""The bodies of Amazon Comprehend's DetectSentiment and BatchDetectSentiment."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from sentiment import Prediction
from sentiment.text import is_blank
from service.errors import ApiError, BadRequest, FieldError, InvalidRequest, Limit, Unauthorized
from service.schemas.base import Probability, Review, Schema
from service.schemas.dialects.base import DialectBody, message
from service.schemas.validation import check_reviews, validate
from service.settings import Settings

__all__ = [
    "ERROR_TYPES",
    "LIMIT_TYPES",
    "MAX_DOCUMENTS",
    "BatchDetectSentimentRequest",
    "BatchDetectSentimentResponse",
    "ComprehendError",
    "DetectSentimentRequest",
    "DetectSentimentResponse",
    "Documents",
    "batch_response",
    "check_labels",
    "comprehend_error",
    "parse_batch",
    "parse_single",
    "single_response",
]

MAX_DOCUMENTS = 25
"""Documents in one batch, as in the original."""

Language = Literal["en", "es", "fr", "de", "it", "pt", "ar", "hi", "ja", "ko", "zh", "zh-TW"]
Document = Annotated[str, Field(strict=True)]

_SENTIMENTS = ("positive", "negative", "neutral", "mixed")

ERROR_TYPES = {
    "malformed_json": "SerializationException",
    "unauthorized": "UnrecognizedClientException",
    "not_found": "ResourceNotFoundException",
    "body_too_large": "TextSizeLimitExceededException",
    "overloaded": "TooManyRequestsException",
    "request_timeout": "RequestTimeoutException",
    "inference_failed": "InternalServerException",
    "internal": "InternalServerException",
    "not_ready": "ServiceUnavailable",
    "draining": "ServiceUnavailable",
    "too_many_connections": "ServiceUnavailable",
    "deadline_exceeded": "RequestTimeoutException",
}
LIMIT_TYPES = {
    Limit.REVIEWS: "BatchSizeLimitExceededException",
    Limit.CHARACTERS: "TextSizeLimitExceededException",
}


class DetectSentimentRequest(DialectBody):
    """A document to score."""

    Text: Review
    LanguageCode: Language = Field(description="Must be there, and has no effect.")

    @property
    def reviews(self) -> list[str]:
        """What is to be scored."""
        return [self.Text]


class BatchDetectSentimentRequest(DialectBody):
    """Documents to score."""

    TextList: list[Document] = Field(min_length=1, json_schema_extra={"maxItems": MAX_DOCUMENTS})
    LanguageCode: Language = Field(description="Must be there, and has no effect.")


class SentimentScores(Schema):
    """The probability of each sentiment; 0 for one that the model does not have as a label."""

    Positive: Probability
    Negative: Probability
    Neutral: Probability
    Mixed: Probability


class DetectSentimentResponse(Schema):
    """What the model says about a document."""

    Sentiment: Literal["POSITIVE", "NEGATIVE", "NEUTRAL", "MIXED"]
    SentimentScore: SentimentScores


class DocumentResult(DetectSentimentResponse):
    """What the model says about one of several documents."""

    Index: int


class DocumentError(Schema):
    """Why one of several documents has no result."""

    Index: int
    ErrorCode: str
    ErrorMessage: str


class BatchDetectSentimentResponse(Schema):
    """A result or an error for each document, both in the order of the documents."""

    ResultList: list[DocumentResult]
    ErrorList: list[DocumentError]


class ComprehendError(Schema):
    """An error."""

    type: str = Field(alias="__type", examples=["TooManyRequestsException"])
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """The documents of a batch that can be scored, and what is wrong with the others."""

    by_index: dict[int, str]
    errors: dict[int, tuple[str, str]]
    """The code and the message of each error, by the index of the document."""

    @property
    def reviews(self) -> list[str]:
        """What is to be scored."""
        return list(self.by_index.values())


def check_labels(labels: Collection[str]) -> None:
    """Raise BadRequest if a model has a label that is none of the four sentiments."""
    if not set(labels) <= set(_SENTIMENTS):
        raise BadRequest(
            f"The model has other labels than {', '.join(_SENTIMENTS)}, which this API cannot express; "
            "use POST /predict."
        )


def parse_single(value: Any, settings: Settings) -> DetectSentimentRequest:  # noqa: ANN401  # any JSON value
    """Return the body of DetectSentiment; raises InvalidRequest, which says where it is wrong."""
    body = validate(DetectSentimentRequest, value)
    check_reviews(body.reviews, settings, field="Text")
    return body


def parse_batch(value: Any, settings: Settings) -> Documents:  # noqa: ANN401  # any JSON value
    """Return the documents of BatchDetectSentiment.

    Raises InvalidRequest for a body that is wrong as a whole: a document alone that is blank or too long has
    an error of its own in the answer.
    """
    texts = validate(BatchDetectSentimentRequest, value).TextList
    max_documents = min(MAX_DOCUMENTS, settings.max_reviews_per_request)
    if len(texts) > max_documents:
        found = f"has {len(texts)} documents, and at most {max_documents} are accepted"
        raise InvalidRequest(
            "There are too many documents.", errors=[FieldError("TextList", found)], exceeded=Limit.REVIEWS
        )
    errors = {
        index: error
        for index, text in enumerate(texts)
        if (error := _document_error(text, settings.max_review_characters)) is not None
    }
    by_index = {index: text for index, text in enumerate(texts) if index not in errors}
    return Documents(by_index=by_index, errors=errors)


def single_response(prediction: Prediction) -> dict[str, Any]:
    """Return a DetectSentimentResponse, for a model whose labels have been checked."""
    score = {name.title(): prediction.probabilities.get(name, 0.0) for name in _SENTIMENTS}
    return {"Sentiment": prediction.label.upper(), "SentimentScore": score}


def batch_response(documents: Documents, outcomes: Sequence[Prediction | None]) -> dict[str, Any]:
    """Return a BatchDetectSentimentResponse."""
    results, errors = [], dict(documents.errors)
    for index, outcome in zip(documents.by_index, outcomes, strict=True):
        if outcome is None:
            errors[index] = ("INTERNAL_SERVER_ERROR", "The model could not score this document.")
        else:
            results.append({"Index": index, **single_response(outcome)})
    return {
        "ResultList": results,
        "ErrorList": [
            {"Index": index, "ErrorCode": code, "ErrorMessage": text}
            for index, (code, text) in sorted(errors.items())
        ],
    }


def comprehend_error(error: ApiError, request_id: str) -> dict[str, Any]:  # noqa: ARG001  # its header has the id
    """Return a ComprehendError."""
    kind = ERROR_TYPES.get(error.code, "InvalidRequestException")
    if isinstance(error, InvalidRequest) and error.exceeded is not None:
        kind = LIMIT_TYPES[error.exceeded]
    if isinstance(error, Unauthorized):
        text = "Give one of the service's API keys as the session token of the credentials."
        return {"__type": kind, "message": text}
    return {"__type": kind, "message": message(error)}


def _document_error(text: str, max_characters: int) -> tuple[str, str] | None:
    if len(text) > max_characters:
        found = f"The document has {len(text)} characters, and at most {max_characters} are accepted."
        return "TEXT_SIZE_LIMIT_EXCEEDED", found
    if is_blank(text):
        return "INVALID_REQUEST", "The document must hold more than white space."
    return None
