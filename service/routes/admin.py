"""The routes for those who put versions into service; they are there only with admin keys.

Nothing is activated here: the store's files say what is to be live, so that all replicas do the same. These
routes look at them at once, and show what this process has made of them.
"""

import asyncio
from dataclasses import asdict

from fastapi import APIRouter
from starlette.requests import Request

from service.errors import NotReady, Unauthorized
from service.http.guard import ADMIN_FOLDER
from service.http.openapi import problems
from service.runtime.state import State, state_of
from service.runtime.versions import Candidate, Refusal, Versions
from service.schemas.rollout import CandidateShares, RefusedVersion, RolloutState

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


def _versions(state: State) -> Versions:
    versions = state.lifecycle.versions
    if versions is None:
        raise NotReady
    return versions


def _describe(state: State, versions: Versions) -> RolloutState:
    return RolloutState(
        model=state.settings.model,
        follows=versions.follows,
        live=None if versions.live is None else versions.live.number,
        previous=None if versions.previous is None else versions.previous.manifest.version,
        refused=_refused(versions.refusal),
        candidate=_candidate(versions.candidate),
        candidate_refused=_refused(versions.candidate_refusal),
    )


def _refused(refusal: Refusal | None) -> RefusedVersion | None:
    return None if refusal is None else RefusedVersion(**asdict(refusal))


def _candidate(candidate: Candidate | None) -> CandidateShares | None:
    if candidate is None:
        return None
    rollout = candidate.rollout
    return CandidateShares(version=candidate.slot.number, canary=rollout.canary, shadow=rollout.shadow)
