"""The routes for those who run the service: health, metrics, which models are loaded."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from service.errors import Draining, InvalidRequest, NotFound, NotReady, Unhealthy
from service.http.openapi import problems
from service.routes.slots import describe_slots
from service.runtime.slots import Slot
from service.runtime.state import state_of
from service.schemas.models import ModelDetail, ModelInfo, ModelList
from service.schemas.operations import Health, Readiness
from service.schemas.prediction import ModelName
from service.schemas.rollout import Slots

__all__ = ["router"]

METRICS_TYPE = "text/plain; version=0.0.4"

router = APIRouter(tags=["operations"])


@router.get("/healthz", summary="Is the process alive?", responses=problems(Unhealthy))
async def healthz(request: Request) -> Health:
    """Answer 200 while the process and all its lanes make progress; restart it when this fails."""
    state_of(request).lifecycle.check_health()
    return Health(status="alive")


@router.get("/readyz", summary="Are requests taken?", responses=problems(NotReady, Draining))
async def readyz(request: Request) -> Readiness:
    """Answer 200 while a verified, warm model takes requests; send no traffic when this fails."""
    model = state_of(request).lifecycle.admit().model
    return Readiness(status="ready", model=ModelName(name=model.name, version=model.version))


@router.get("/metrics", summary="Prometheus metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Return all metrics in the Prometheus text format."""
    return Response(state_of(request).metrics.render(), media_type=METRICS_TYPE)


@router.get("/models", summary="Which models are loaded?")
async def models(request: Request) -> ModelList:
    """List the loaded models with their figures; none while the first is being loaded."""
    versions = state_of(request).lifecycle.versions
    return ModelList(
        models=[ModelInfo.of(slot.version) for slot in _slots(request)],
        slots=None if versions is None else Slots(**describe_slots(versions, for_admins=False)),
    )


@router.get("/models/{version}", summary="A model and its card", responses=problems(NotFound, InvalidRequest))
async def model(
    request: Request, version: Annotated[int, Path(ge=1, description="Its number.")]
) -> ModelDetail:
    """Describe a loaded model, its card included."""
    for slot in _slots(request):
        if slot.number == version:
            return ModelDetail.of(slot.version)
    raise NotFound("No model of this version is loaded; /models lists those that are.")


def _slots(request: Request) -> list[Slot]:
    """Return the versions that can answer, the live one first."""
    versions = state_of(request).lifecycle.versions
    return [] if versions is None else versions.slots()
