"""The fast path calls a route's function past FastAPI, so FastAPI must have nothing to do for it."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Header
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response

from service.app import Service, create_app
from service.http.fast_path import FastPath
from service.settings import Settings


def fast_path(app: Service) -> FastPath:
    """Return the fast path of an application."""
    layer: Any = app.layers
    while not isinstance(layer, FastPath):
        layer = layer._app
    return layer


def ignored(app: FastAPI, fast: FastPath) -> list[str]:
    """Return what FastAPI would do for the route of the fast path and the fast path does not."""
    (route,) = (
        each
        for each in iter_route_contexts(app.routes)
        if each.path == fast._path and fast._method in (each.methods or ())
    )
    assert route.endpoint is fast._function
    needs: Dependant = route.dependant
    assert needs.request_param_name == "request"
    named = {
        "dependencies": needs.dependencies,
        "path parameters": needs.path_params,
        "query parameters": needs.query_params,
        "headers": needs.header_params,
        "cookies": needs.cookie_params,
        "body": needs.body_params,
        "tasks": needs.background_tasks_param_name,
        "response": needs.response_param_name,
        "websocket": needs.websocket_param_name or needs.http_connection_param_name,
        "scopes": needs.security_scopes_param_name,
    }
    return [name for name, found in named.items() if found]


def test_nothing_of_the_route_is_ignored_on_the_fast_path() -> None:
    app = create_app(Settings(lanes=1))
    assert ignored(app, fast_path(app)) == []


async def key(x_key: Annotated[str, Header()]) -> str:
    """Read a header."""
    return x_key


async def plain(request: Request) -> Response:  # noqa: ARG001  # as the fast path calls it
    """Answer."""
    return Response()


async def with_header(request: Request, x_key: Annotated[str, Header()] = "") -> Response:  # noqa: ARG001
    """Answer, and need a header."""
    return Response()


async def with_dependency(request: Request, x_key: Annotated[str, Depends(key)] = "") -> Response:  # noqa: ARG001
    """Answer, and need what another function finds."""
    return Response()


@pytest.mark.parametrize(
    ("function", "place", "found"),
    [
        (plain, "", []),
        (plain, "app", ["dependencies"]),
        (plain, "router", ["dependencies"]),
        (plain, "route", ["dependencies"]),
        (with_header, "", ["headers"]),
        (with_dependency, "", ["dependencies"]),
    ],
)
def test_what_would_be_ignored_is_found(function: Callable[..., Any], place: str, found: list[str]) -> None:
    def dependencies(at: str) -> list[Any]:
        return [Depends(key)] if at == place else []

    app, router = FastAPI(dependencies=dependencies("app")), APIRouter(dependencies=dependencies("router"))
    router.post("/fast", dependencies=dependencies("route"))(function)
    app.include_router(router)
    fast = FastPath(app, method="POST", path="/fast", function=function)
    assert ignored(app, fast) == found
