"""Amazon Comprehend's DetectSentiment and BatchDetectSentiment: POST / with the operation in a header.

Signatures are not checked; an API key comes as the session token of the credentials.
"""

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.errors import BadRequest
from service.http.body import check_media_type, parse_json
from service.http.dialect import Dialect, ErrorForm
from service.http.openapi import BodySchema
from service.routes.predictor import respond, score, score_each
from service.runtime.state import State
from service.schemas.dialects.comprehend import (
    BatchDetectSentimentRequest,
    BatchDetectSentimentResponse,
    ComprehendError,
    DetectSentimentRequest,
    DetectSentimentResponse,
    Documents,
    batch_response,
    check_labels,
    comprehend_error,
    parse_batch,
    parse_single,
    single_response,
)
from service.settings import Settings

__all__ = ["DIALECT", "MEDIA_TYPE", "SCHEMAS", "TARGETS", "TARGET_HEADER", "comprehend"]

MEDIA_TYPE = "application/x-amz-json-1.1"
TARGET_HEADER = "X-Amz-Target"

_ACCEPTED = re.compile(r"application/(x-amz-json-1\.[01]|json)")

DIALECT = Dialect(
    name="comprehend",
    errors=ErrorForm(media_type=MEDIA_TYPE, schema=ComprehendError, content=comprehend_error),
    key_header="X-Amz-Security-Token",
    request_id_header="x-amzn-RequestId",
)
SCHEMAS: tuple[BodySchema, ...] = (
    (DetectSentimentRequest, "validation"),
    (BatchDetectSentimentRequest, "validation"),
    (DetectSentimentResponse, "serialization"),
    (BatchDetectSentimentResponse, "serialization"),
    (ComprehendError, "serialization"),
)


async def comprehend(request: Request) -> Response:
    """Answer the operation that the header names, as Amazon Comprehend does."""
    operation = TARGETS.get(request.headers.get(TARGET_HEADER, ""))
    if operation is None:
        return _unknown_operation()
    return await respond(request, operation)


async def _detect_sentiment(request: Request, state: State) -> Response:
    check_labels(state.lifecycle.admit().version.manifest.labels)
    scored = await score(request, state, _parse_single, check=_check)
    with state.metrics.stage("respond"):
        return JSONResponse(single_response(scored.predictions[0]), media_type=MEDIA_TYPE)


async def _batch_detect_sentiment(request: Request, state: State) -> Response:
    check_labels(state.lifecycle.admit().version.manifest.labels)
    scored = await score_each(request, state, _parse_batch, check=_check)
    with state.metrics.stage("respond"):
        return JSONResponse(batch_response(scored.body, scored.outcomes), media_type=MEDIA_TYPE)


TARGETS: dict[str, Callable[[Request, State], Awaitable[Response]]] = {
    "Comprehend_20171127.DetectSentiment": _detect_sentiment,
    "Comprehend_20171127.BatchDetectSentiment": _batch_detect_sentiment,
}


def _unknown_operation() -> Response:
    error = BadRequest(f"{TARGET_HEADER} must be one of {', '.join(TARGETS)}.")
    content = comprehend_error(error, "") | {"__type": "UnknownOperationException"}
    return JSONResponse(content, status_code=error.status, media_type=MEDIA_TYPE)


def _check(request: Request) -> None:
    check_media_type(request, _ACCEPTED)


def _parse_single(content: bytes, settings: Settings) -> DetectSentimentRequest:
    return parse_single(parse_json(content), settings)


def _parse_batch(content: bytes, settings: Settings) -> Documents:
    return parse_batch(parse_json(content), settings)
