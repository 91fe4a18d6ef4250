"""vLLM's POST /classify, and GET /v1/models, where its clients ask for the model's name."""

import time
from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.errors import Draining, NotFound, NotReady
from service.http.body import parse_json
from service.http.dialect import Dialect, ErrorForm
from service.http.openapi import BodySchema, problems, request_body
from service.routes.declared import ERRORS, PARAMETERS
from service.routes.predictor import respond, score
from service.runtime.state import State, state_of
from service.schemas.dialects.classify import (
    ClassifyError,
    ClassifyRequest,
    ClassifyResponse,
    ServedModels,
    classify_error,
    classify_response,
    parse_classify,
    served_models,
)
from service.settings import Settings
from service.telemetry.logs import REQUEST_ID

__all__ = ["DIALECT", "PATHS", "SCHEMAS", "router"]

PATHS = frozenset({"/classify", "/v1/models"})

DIALECT = Dialect(
    name="classify",
    errors=ErrorForm(media_type="application/json", schema=ClassifyError, content=classify_error),
)
SCHEMAS: tuple[BodySchema, ...] = ((ClassifyRequest, "validation"), (ClassifyError, "serialization"))

router = APIRouter(tags=["dialects"])


@router.post(
    "/classify",
    summary="Classify texts, as vLLM does",
    response_model=ClassifyResponse,
    responses=problems(*ERRORS, forms=[DIALECT.errors]),
    openapi_extra=request_body(ClassifyRequest) | PARAMETERS,
)
async def classify(request: Request) -> Response:
    """Return the label and the probabilities of each text."""
    return await respond(request, _classify)


@router.get(
    "/v1/models",
    summary="Which model answers?, as vLLM does",
    responses=problems(NotReady, Draining, forms=[DIALECT.errors]),
)
async def models(request: Request) -> ServedModels:
    """List the model that answers."""
    manifest = state_of(request).lifecycle.admit().version.manifest
    return served_models(
        manifest.model, created_at=manifest.created_at, max_tokens=manifest.tokenizer.max_tokens
    )


async def _classify(request: Request, state: State) -> Response:
    name = state.lifecycle.admit().model.name
    scored = await score(request, state, partial(_parse, name=name))
    with state.metrics.stage("respond"):
        return JSONResponse(
            classify_response(
                scored.predictions,
                model=name,
                request_id=REQUEST_ID.get() or "",
                created_seconds=int(time.time()),
            )
        )


def _parse(content: bytes, settings: Settings, *, name: str) -> ClassifyRequest:
    body = parse_classify(parse_json(content), settings)
    if body.model not in (None, name):
        raise NotFound(f"There is no model of this name; the one that answers is {name}.")
    return body
