"""GET /status: what the page's health strip reads."""

from fastapi import APIRouter
from starlette.requests import Request

from service.errors import Draining, NotReady
from service.runtime.lifecycle import Lifecycle
from service.runtime.state import State, state_of
from service.schemas.prediction import ModelName
from service.schemas.status import Limits, Links, Queue, ServiceState, Status
from service.telemetry.counts import read_counts, read_gauges
from service.telemetry.metrics import VERSION

__all__ = ["router"]

router = APIRouter(tags=["operations"])


@router.get("/status", summary="How is this replica doing?")
async def status(request: Request) -> Status:
    """Return the state and the counts of this process since its start; the service keeps no window."""
    state = state_of(request)
    registry = state.metrics.registry
    return Status(
        replica=state.replica.id,
        started_at=state.replica.started_at,
        software=VERSION,
        state=_state(state.lifecycle),
        model=_model(state.lifecycle),
        queue=Queue(
            tokens=read_gauges(registry, "queue_tokens").get("", 0),
            max_tokens=read_gauges(registry, "queue_tokens_limit").get("", 0),
        ),
        lanes=read_gauges(registry, "lanes", "state"),
        counts=read_counts(registry),
        limits=_limits(state),
        links=Links(grafana=state.settings.grafana_url),
    )


def _state(lifecycle: Lifecycle) -> ServiceState:
    try:
        lifecycle.admit()
    except NotReady:
        return "loading"
    except Draining:
        return "draining"
    return "ready"


def _model(lifecycle: Lifecycle) -> ModelName | None:
    slot = lifecycle.slot
    return None if slot is None else ModelName(name=slot.model.name, version=slot.model.version)


def _limits(state: State) -> Limits:
    settings = state.settings
    return Limits(
        max_reviews=settings.max_reviews_per_request,
        max_review_characters=settings.max_review_characters,
        max_body_bytes=settings.max_body_bytes,
    )
