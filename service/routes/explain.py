"""POST /explain."""

import asyncio
from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from sentiment.explanation import Explanation, in_utf16
from service.batching.model import Model
from service.http.body import parse_json
from service.http.openapi import request_body
from service.routes.declared import PARAMETERS, PROBLEMS
from service.routes.predictor import Asking, BodyForm, ask, respond, unless_gone
from service.runtime.state import State
from service.schemas.explanation import ExplainRequest, ExplainResponse, explanation_json, parse_explain
from service.settings import Settings

__all__ = ["router"]

router = APIRouter(tags=["predict"])


@router.post(
    "/explain",
    summary="Explain predictions",
    response_model=ExplainResponse,
    responses=PROBLEMS,
    openapi_extra=request_body(ExplainRequest) | PARAMETERS,
)
async def explain(request: Request) -> Response:
    """Return the prediction for each review, and what each sentence and word adds to it.

    Each part is left out once. Predictions go first, so it takes as long as the service is busy; what is not
    done when the time or the budget ends has no figures, and `complete` is false.
    """
    return await respond(request, _answer)


async def _answer(request: Request, state: State) -> Response:
    async def explain_body(asking: Asking[ExplainRequest]) -> tuple[Model, ExplainRequest, list[Explanation]]:
        slot, body = asking.choice.slot, asking.body
        explaining = state.explanations.explain(
            slot, body.reviews, unit=body.unit, ends_at_seconds=asking.ends_at_seconds
        )
        return slot.model, body, await unless_gone(request, asyncio.ensure_future(explaining))

    answer = await ask(request, state, BodyForm(parse=_parse), explain_body)
    with state.metrics.stage("respond"):
        return Response(_written(*answer), media_type="application/json")


def _parse(content: bytes, settings: Settings) -> ExplainRequest:
    return parse_explain(parse_json(content), settings)


def _written(model: Model, body: ExplainRequest, explanations: Sequence[Explanation]) -> bytes:
    if body.offsets == "utf16":
        explanations = list(map(in_utf16, explanations, body.reviews))
    return explanation_json(model.name, model.version, body.offsets, explanations)
