"""POST /predict."""

import asyncio

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from sentiment import Prediction
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
    Rejection,
    UnsupportedMediaType,
)
from service.http.body import check_media_type, parse_json, read_body
from service.http.deadline import MAX_TIMEOUT_MS, TIMEOUT_HEADER, Deadline, timeout_ms
from service.http.middleware import CLIENT_LEFT
from service.http.openapi import parameters, problems, request_body
from service.routes.choice import ROUTE_KEY_HEADER, VERSION_PARAMETER, choose
from service.runtime.state import State, state_of
from service.schemas.prediction import PredictRequest, PredictResponse, parse_request, response_json

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
    state = state_of(request)
    try:
        return await _answer(request, state)
    except ClientDisconnect:
        return Response(status_code=CLIENT_LEFT)
    except Rejection as error:
        state.metrics.rejected(error.code)
        raise


async def _answer(request: Request, state: State) -> Response:
    state.lifecycle.admit()
    ends_at_seconds = asyncio.get_running_loop().time() + timeout_ms(request, state.settings) / 1000
    async with Deadline(ends_at_seconds) as deadline:
        texts, body = await _read(request, state)
        deadline.is_read = True
        live = state.lifecycle.admit()  # again, since the body may have taken long to come in
        choice = choose(request, state.lifecycle.versions, live, body)
        slot = choice.slot
        model = slot.model
        request.state.log_fields = {"num_reviews": len(texts), "model_version": model.version}
        with slot.batcher.submit(model, texts, deadline_seconds=ends_at_seconds) as answer:
            predictions = await _unless_gone(request, answer)
    state.metrics.predicted(model.version, predictions)
    if choice.shadow is not None:
        choice.shadow.compare(texts, predictions)
    with state.metrics.stage("respond"):
        content = response_json(model.name, model.version, predictions)
    return Response(content, media_type="application/json")


async def _read(request: Request, state: State) -> tuple[list[str], bytes]:
    check_media_type(request)
    try:
        with state.metrics.stage("read"):
            body = await read_body(request, max_bytes=state.settings.max_body_bytes)
    except (ClientDisconnect, asyncio.CancelledError):
        state.metrics.cancelled("read")
        raise
    with state.metrics.stage("parse"):
        return parse_request(parse_json(body), state.settings), body


async def _unless_gone(request: Request, answer: asyncio.Future[list[Prediction]]) -> list[Prediction]:
    """Return the predictions; raises ClientDisconnect as soon as the client has left."""
    watcher = asyncio.create_task(_wait_for_disconnect(request))
    watcher.add_done_callback(lambda _: answer.cancel())
    try:
        return await answer
    except asyncio.CancelledError:
        if watcher.done():
            raise ClientDisconnect from None
        raise
    finally:
        watcher.cancel()


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
