"""What the routes share; each application has one."""

from dataclasses import dataclass, field

from starlette.requests import Request

from service.capture.capture import Capture
from service.runtime.explanations import Explanations
from service.runtime.lifecycle import Lifecycle
from service.runtime.replica import Replica
from service.settings import Settings
from service.telemetry.metrics import Metrics

__all__ = ["State", "state_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The parts of a running service."""

    settings: Settings
    metrics: Metrics
    lifecycle: Lifecycle
    explanations: Explanations
    needs_api_key: bool
    replica: Replica = field(default_factory=Replica)
    capture: Capture | None = None
    """Keeps reviews for training; None unless a folder is set."""


def state_of(request: Request) -> State:
    """Return the state of the application that a request came to."""
    state: State = request.app.state.service
    return state
