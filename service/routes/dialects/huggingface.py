"""Hugging Face's text classification, as its inference endpoints answer it at POST /."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.http.body import parse_json
from service.http.dialect import Dialect, ErrorForm
from service.http.openapi import BodySchema
from service.routes.predictor import respond, score
from service.runtime.state import State
from service.schemas.dialects.huggingface import (
    TextClassificationError,
    TextClassificationRequest,
    TextClassificationResponse,
    parse_text_classification,
    text_classification_error,
    text_classification_response,
)
from service.settings import Settings

__all__ = ["DIALECT", "SCHEMAS", "huggingface"]

DIALECT = Dialect(
    name="huggingface",
    errors=ErrorForm(
        media_type="application/json", schema=TextClassificationError, content=text_classification_error
    ),
)
SCHEMAS: tuple[BodySchema, ...] = (
    (TextClassificationRequest, "validation"),
    (TextClassificationResponse, "serialization"),
    (TextClassificationError, "serialization"),
)


async def huggingface(request: Request) -> Response:
    """Return the labels of each text with their probabilities, the most probable first."""
    return await respond(request, _answer)


async def _answer(request: Request, state: State) -> Response:
    scored = await score(request, state, _parse)
    with state.metrics.stage("respond"):
        return JSONResponse(text_classification_response(scored.predictions, scored.body.parameters))


def _parse(content: bytes, settings: Settings) -> TextClassificationRequest:
    return parse_text_classification(parse_json(content), settings)
