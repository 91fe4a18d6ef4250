"""POST /predict."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    Draining,
    InferenceFailed,
    InvalidRequest,
    MalformedJson,
    NotFound,
    NotReady,
    Overloaded,
    UnsupportedMediaType,
)
from service.http.body import parse_json
from service.http.deadline import MAX_TIMEOUT_MS, TIMEOUT_HEADER
from service.http.openapi import parameters, problems, request_body
from service.routes.choice import ROUTE_KEY_HEADER, VERSION_PARAMETER
from service.routes.predictor import respond, score
from service.runtime.state import State
from service.schemas.prediction import PredictRequest, PredictResponse, parse_request, response_json
from service.settings import Settings

__all__ = ["PATH", "predict", "router"]

PATH = "/predict"

router = APIRouter(tags=["predict"])


@router.post(
    PATH,
    summary="Score reviews",
    response_model=PredictResponse,
    responses=problems(
        MalformedJson,
        BodyTooLarge,
        UnsupportedMediaType,
        InvalidRequest,
        Overloaded,
        InferenceFailed,
        NotReady,
        Draining,
        DeadlineExceeded,
        NotFound,
    ),
    openapi_extra=request_body(PredictRequest)
    | parameters(
        (
            "header",
            TIMEOUT_HEADER,
            "Milliseconds from now in which the answer is of use; the service may have a shorter default.",
            {"type": "integer", "minimum": 1, "maximum": MAX_TIMEOUT_MS},
        ),
        (
            "header",
            ROUTE_KEY_HEADER,
            "Requests with the same key get the same version while two are tried; else those with one body.",
            {"type": "string"},
        ),
        (
            "query",
            VERSION_PARAMETER,
            "The version that is to answer, if it is loaded: its number, or `candidate`.",
            {"type": "string", "pattern": "^([1-9][0-9]{0,8}|candidate)$"},
        ),
    ),
)
async def predict(request: Request) -> Response:
    """Return the sentiment of each review, in the order of the request.

    The same text has the same score, whatever it is sent with.
    """
    # The fast path calls this function without FastAPI's router, so it can have no dependency or parameter.
    return await respond(request, _answer)


async def _answer(request: Request, state: State) -> Response:
    scored = await score(request, state, _parse)
    with state.metrics.stage("respond"):
        content = response_json(scored.model.name, scored.model.version, scored.predictions)
    return Response(content, media_type="application/json")


def _parse(content: bytes, settings: Settings) -> PredictRequest:
    return parse_request(parse_json(content), settings)
