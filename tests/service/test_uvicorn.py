"""Every attribute of uvicorn that the service uses although uvicorn does not promise to keep it.

`pyproject.toml` caps uvicorn at the release that these tests have seen. To raise the cap, run the tests and
read what has changed in the classes below.
"""

import ast
import asyncio
import inspect
import re
from importlib.metadata import version
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from service.http.parser import Reader
from service.protocol import Connection
from service.server import Server

PROJECT = Path(__file__).parents[2] / "pyproject.toml"

OF_CONNECTION = {
    "config",
    "connection_lost",
    "connection_made",
    "connections",
    "cycle",
    "data_received",
    "flow",
    "headers",
    "loop",
    "on_header",
    "on_headers_complete",
    "on_message_begin",
    "on_message_complete",
    "on_response_complete",
    "parser",
    "pipeline",
    "send_400_response",
    "timeout_keep_alive_task",
    "transport",
    "url",
}
OF_REQUEST = {
    "disconnected",
    "message_event",
    "more_body",
    "response_complete",
    "response_started",
    "scope",
    "transport",
}
OF_SERVER = {"capture_signals", "handle_exit", "on_tick", "server_state", "shutdown"}
OF_SERVER_STATE = {"connections", "tasks"}


def used(kind: type, *variables: str) -> set[str]:
    """Return the attributes of these variables that the code of a class reads or writes."""
    return {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(kind)))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in variables
    }


def inherited(kind: type, parent: type) -> set[str]:
    """Return what a class uses or overrides of its parent; a name with an underscore is its own."""
    own = vars(kind).keys() - set(dir(parent))
    return {name for name in used(kind, "self", "each") | vars(kind).keys() if name[0] != "_"} - own


def set_by_constructor(kind: type) -> set[str]:
    """Return the attributes that the constructor of a class sets."""
    constructor = next(
        node
        for node in ast.walk(ast.parse(inspect.getsource(kind)))
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    )
    return {node.attr for node in ast.walk(constructor) if isinstance(node, ast.Attribute)}


async def connection() -> HttpToolsProtocol:
    """Return one of uvicorn's own that has begun to read a request."""
    made = HttpToolsProtocol(uvicorn.Config(FastAPI()), ServerState(), {})
    made.on_message_begin()
    return made


def test_what_a_connection_uses_is_named_and_exists() -> None:
    assert inherited(Connection, HttpToolsProtocol) | set(Reader.__annotations__) == OF_CONNECTION
    assert set(dir(asyncio.run(connection()))) >= OF_CONNECTION


def test_what_a_connection_uses_of_a_request_is_named_and_exists() -> None:
    assert used(Connection, "request", "before") == OF_REQUEST
    assert set_by_constructor(RequestResponseCycle) >= OF_REQUEST


def test_what_the_server_uses_is_named_and_exists() -> None:
    assert inherited(Server, uvicorn.Server) == OF_SERVER
    assert {*dir(uvicorn.Server), *set_by_constructor(uvicorn.Server)} >= OF_SERVER
    assert set_by_constructor(ServerState) >= OF_SERVER_STATE


def test_no_release_is_allowed_that_these_tests_have_not_seen() -> None:
    major, minor = version("uvicorn").split(".")[:2]
    found = re.search(r'"uvicorn>=([\d.]+),<([\d.]+)"', PROJECT.read_text(encoding="utf-8"))
    assert found is not None
    assert found.groups() == (f"{major}.{minor}", f"{major}.{int(minor) + 1}")
