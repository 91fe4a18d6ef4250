"""POST /predict."""

import asyncio
from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from sentiment import Prediction
from service.body import check_media_type, parse_json, read_body
from service.errors import (
    BodyTooLarge,
    Draining,
    InferenceFailed,
    InvalidRequest,
    MalformedJson,
    NotReady,
    Rejection,
    UnsupportedMediaType,
)
from service.middleware import CLIENT_LEFT
from service.openapi import problems, request_body
from service.predictor import Predictor
from service.schemas import PredictRequest, PredictResponse, parse_request
from service.state import State, state_of

__all__ = ["router"]

router = APIRouter(tags=["predict"])


@router.post(
    "/predict",
    summary="Score reviews",
    response_model=PredictResponse,
    responses=problems(
        MalformedJson,
        BodyTooLarge,
        UnsupportedMediaType,
        InvalidRequest,
        InferenceFailed,
        NotReady,
        Draining,
    ),
    openapi_extra=request_body(PredictRequest),
)
async def predict(request: Request) -> Response:
    """Return the sentiment of each review, in the order of the request.

    The same text has the same score, whatever it is sent with.
    """
    state = state_of(request)
    try:
        predictor, reviews = await _accept(request, state)
    except ClientDisconnect:
        state.metrics.cancelled("read")
        return Response(status_code=CLIENT_LEFT)
    except Rejection as error:
        state.metrics.rejected(error.code)
        raise
    request.state.log_fields = {
        "num_reviews": len(reviews),
        "model_version": predictor.version.manifest.version,
    }
    predictions = await _unless_gone(request, predictor, reviews)
    if predictions is None:
        return Response(status_code=CLIENT_LEFT)
    with state.metrics.stage("respond"):
        content = PredictResponse.of(predictor.version, predictions).model_dump_json()
    return Response(content, media_type="application/json")


async def _accept(request: Request, state: State) -> tuple[Predictor, list[str]]:
    """Return what answers the request, and its reviews; from here on the request will be answered."""
    state.lifecycle.admit()
    check_media_type(request)
    with state.metrics.stage("read"):
        body = await read_body(request, max_bytes=state.settings.max_body_bytes)
    with state.metrics.stage("parse"):
        reviews = parse_request(parse_json(body), state.settings)
    # Asked again, since the body may have taken long to come in.
    return state.lifecycle.admit(), reviews


async def _unless_gone(
    request: Request, predictor: Predictor, reviews: Sequence[str]
) -> list[Prediction] | None:
    """Return the predictions, or None as soon as the client has left; the work is then taken back."""
    answer = asyncio.create_task(predictor.predict(reviews))
    gone = asyncio.create_task(_wait_for_disconnect(request))
    try:
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        return answer.result() if answer.done() else None
    finally:
        answer.cancel()
        gone.cancel()


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
