"""POST /predict/stream."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.errors import (
    BadRequest,
    Draining,
    InvalidRequest,
    NotFound,
    NotReady,
    UnsupportedMediaType,
)
from service.http.body import check_lines_type
from service.http.deadline import MAX_TIMEOUT_MS, TIMEOUT_HEADER, timeout_ms
from service.http.openapi import lines_response, parameters, problems, request_body
from service.routes.choice import ROUTE_KEY_HEADER, VERSION_PARAMETER, choose_for_lines
from service.routes.line_stream import MEDIA_TYPE, LineStream
from service.routes.predictor import respond
from service.runtime.state import State
from service.schemas.stream import LineAnswer, LineRequest, StreamEnd

__all__ = ["router"]

router = APIRouter(tags=["predict"])


class LinesResponse(Response):
    """The head of the answer is sent at once, and its lines as they come."""

    media_type = MEDIA_TYPE

    def __init__(self, stream: LineStream, status_code: int = 200) -> None:
        super().__init__(status_code=status_code)  # FastAPI looks for this parameter
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's
        """Send all."""
        await self._stream.answer(receive, send)


@router.post(
    "/predict/stream",
    summary="Score a stream of reviews",
    response_class=LinesResponse,
    response_description="A `LineAnswer` for each line, in order, then the `StreamEnd`; each on one line.",
    responses=lines_response(MEDIA_TYPE, LineAnswer, StreamEnd)
    | problems(BadRequest, UnsupportedMediaType, InvalidRequest, NotReady, Draining, NotFound),
    openapi_extra=request_body(LineRequest, media_type=MEDIA_TYPE)
    | parameters(
        (
            "header",
            TIMEOUT_HEADER,
            "Milliseconds in which the answer to a line is of use, from when there is room for it.",
            {"type": "integer", "minimum": 1, "maximum": MAX_TIMEOUT_MS},
        ),
        (
            "header",
            ROUTE_KEY_HEADER,
            "While two versions are tried, the key decides which one answers; without it, the live one does.",
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
async def stream(request: Request) -> Response:
    """Return the sentiment of the review on each line, in order, while lines still come in.

    A line that cannot be scored has an error in its answer, and the next one goes on. Send and read side by
    side: answers that are not read hold the lines back.
    """
    return await respond(request, _open)


async def _open(request: Request, state: State) -> Response:
    live = state.lifecycle.admit()
    check_lines_type(request)
    if request.scope["http_version"] == "1.0":
        raise BadRequest("A stream needs HTTP/1.1.")
    line_timeout_ms = timeout_ms(request, state.settings)
    choose_for_lines(request, state.lifecycle.versions, live)  # refuse what is not loaded
    return LinesResponse(LineStream(request, state, timeout_ms=line_timeout_ms))
