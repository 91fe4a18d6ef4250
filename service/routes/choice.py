"""Which version answers a request: the one that it asks for, the candidate for its share, or the live one."""

from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import Request

from service.errors import NotFound
from service.runtime.routing import takes
from service.runtime.shadow import Shadow
from service.runtime.slots import Slot
from service.runtime.versions import Versions

__all__ = ["ROUTE_KEY_HEADER", "VERSION_PARAMETER", "Choice", "choose", "choose_for_lines"]

ROUTE_KEY_HEADER = "X-Route-Key"
VERSION_PARAMETER = "version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The version that answers, and what else is to be compared with its answer."""

    slot: Slot
    shadow: Shadow | None = None
    by_name: bool = False
    """Whether the request asks for this version."""


def choose(
    request: Request, versions: Versions | None, live: Slot, body: bytes, *, version: str | None = None
) -> Choice:
    """Return which version answers; raises NotFound for one that is asked for and not loaded.

    A version that is given wins over the one in the query. While there is a candidate, the key of the request
    decides: a request that is sent again has the same.
    """
    if versions is None:
        return Choice(slot=live)
    if version is None and request.scope["query_string"]:
        version = _name(request)
    if version is not None:
        slot = versions.named(version)
        if slot is None:
            raise NotFound("No model of this version is loaded; /models lists those that are.")
        return Choice(slot=slot, by_name=True)
    candidate = versions.candidate
    if candidate is None:
        return Choice(slot=live)
    key, number, rollout = _key(request, body), candidate.slot.number, candidate.rollout
    if takes(key, salt=f"canary {number}", share=rollout.canary):
        return Choice(slot=candidate.slot)
    is_compared = takes(key, salt=f"shadow {number}", share=rollout.shadow)
    return Choice(slot=live, shadow=candidate.shadow if is_compared else None)


def choose_for_lines(request: Request, versions: Versions | None, live: Slot) -> Choice:
    """Return which version answers the next lines of a stream; raises NotFound as `choose` does.

    A stream that names neither a version nor a route key is answered by the live version alone.
    """
    if ROUTE_KEY_HEADER not in request.headers and _name(request) is None:
        return Choice(slot=live)
    return choose(request, versions, live, b"")


def _name(request: Request) -> str | None:
    """Return the version in the query, the last one if there are several."""
    query: bytes = request.scope["query_string"]
    values = parse_qs(query.decode("latin-1"), keep_blank_values=True).get(VERSION_PARAMETER)
    return values[-1] if values else None


def _key(request: Request, body: bytes) -> bytes:
    given = request.headers.get(ROUTE_KEY_HEADER)
    return body if given is None else given.encode("latin-1")
