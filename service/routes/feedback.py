"""POST /feedback."""

import asyncio

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from model_store import StoreError
from service.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    Draining,
    InvalidRequest,
    MalformedJson,
    NotReady,
    StoreUnreadable,
    UnsupportedMediaType,
)
from service.http.body import check_media_type, parse_json, read_body
from service.http.deadline import Deadline, timeout_ms
from service.http.middleware import CLIENT_LEFT
from service.http.openapi import problems, request_body
from service.routes.stored import unreadable
from service.runtime.state import State, state_of
from service.schemas.feedback import (
    FeedbackRequest,
    FeedbackResponse,
    check_feedback,
    parse_feedback,
)
from service.telemetry.feedback import Feedback

__all__ = ["router"]

router = APIRouter(tags=["predict"])


@router.post(
    "/feedback",
    summary="Say which answers were right",
    response_model=FeedbackResponse,
    responses=problems(
        MalformedJson,
        BodyTooLarge,
        UnsupportedMediaType,
        InvalidRequest,
        NotReady,
        Draining,
        StoreUnreadable,
        DeadlineExceeded,
    ),
    openapi_extra=request_body(FeedbackRequest),
)
async def feedback(request: Request) -> Response:
    """Count answers whose truth is known by now: all of a request, or none if anything in it is wrong.

    Any version of the model is taken that is in the store or was live, whichever replica answered. Nothing is
    kept but the counts. A request that is sent twice counts twice.
    """
    state = state_of(request)
    try:
        accepted = await _take(request, state)
    except ClientDisconnect:
        return Response(status_code=CLIENT_LEFT)
    return JSONResponse({"accepted": accepted})


async def _take(request: Request, state: State) -> int:
    model = state.lifecycle.admit().model.name
    ends_at_seconds = asyncio.get_running_loop().time() + timeout_ms(request, state.settings) / 1000
    async with Deadline(ends_at_seconds) as deadline:
        check_media_type(request)
        content = await read_body(request, max_bytes=state.settings.max_body_bytes)
        deadline.is_read = True
        body = parse_feedback(parse_json(content), state.settings)
        state.lifecycle.admit()  # again, since the body may have taken long to come in
        labels = await _labels(state, body)
    check_feedback(body, model, labels)
    for each in body.feedback:
        given = Feedback(
            version=each.model.version, label=each.label, truth=each.truth, confidence=each.confidence
        )
        state.metrics.came_back(given, labels[each.model.version])
    return len(body.feedback)


async def _labels(state: State, body: FeedbackRequest) -> dict[int, tuple[str, ...]]:
    """Return the labels of the versions that a body names, those that exist."""
    if state.lifecycle.versions is None:
        raise NotReady
    named = {each.model.version for each in body.feedback}
    try:
        known = await state.lifecycle.versions.labels.of(named)
    except StoreError as error:
        raise unreadable(error) from None
    return {version: known[version] for version in named if version in known}
