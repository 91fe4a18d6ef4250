"""POST /predict."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.http.body import parse_json
from service.http.openapi import request_body
from service.routes.declared import PARAMETERS, PROBLEMS
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
    responses=PROBLEMS,
    openapi_extra=request_body(PredictRequest) | PARAMETERS,
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
