"""The routes for those who put versions into service; they are there only with admin keys.

Nothing is activated here: the store's files say what is to be live, so that all replicas do the same. These
routes look at them at once, and show what this process has made of them.
"""

import asyncio
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from model_store import Event
from service.errors import InvalidRequest, NotReady, StoreUnreadable, Unauthorized
from service.http.guard import ADMIN_FOLDER
from service.http.openapi import problems
from service.routes.slots import describe_slots
from service.routes.stored import from_store
from service.runtime.state import State, state_of
from service.runtime.versions import Versions
from service.schemas.history import History, HistoryEvent
from service.schemas.rollout import RolloutState

__all__ = ["router"]

router = APIRouter(prefix=ADMIN_FOLDER, tags=["admin"], responses=problems(Unauthorized, NotReady))


@router.get("/rollout", summary="Which versions are held?")
async def rollout(request: Request) -> RolloutState:
    """Show each slot, and why what the store asks for was refused."""
    state = state_of(request)
    return _describe(state, _versions(state))


@router.post("/refresh", summary="Look at the store at once")
async def refresh(request: Request) -> RolloutState:
    """Look at the store, and return the slots when what it asks for answers, or has been refused.

    After the time that a request may take, they are returned as they are by then.
    """
    state = state_of(request)
    versions = _versions(state)
    # The version is loaded on, whether anybody waits for it or not.
    refreshing = asyncio.ensure_future(versions.refresh())
    await asyncio.wait([refreshing], timeout=state.settings.request_timeout_ms / 1000)
    refreshing.cancel()
    return _describe(state, versions)


@router.get("/history", summary="What has happened?", responses=problems(InvalidRequest, StoreUnreadable))
async def history(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many events, the newest ones.")] = 100,
) -> History:
    """Show who put which version into service and why, the newest first."""
    versions = _versions(state_of(request))
    events = await from_store(versions.history)
    newest = list(reversed(events))[:limit]
    return History(model=versions.model, events=[_describe_event(event) for event in newest])


def _versions(state: State) -> Versions:
    versions = state.lifecycle.versions
    if versions is None:
        raise NotReady
    return versions


def _describe(state: State, versions: Versions) -> RolloutState:
    return RolloutState(model=state.settings.model, **describe_slots(versions, for_admins=True))


def _describe_event(event: Event) -> HistoryEvent:
    return HistoryEvent(**asdict(event))
