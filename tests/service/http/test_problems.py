"""Errors that no request can cause while the code is right, so routes made here raise them."""

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import httpx
import pytest
from fastapi import HTTPException

from service.app import create_app
from service.settings import Settings
from tests.service.http_helpers import problem
from tests.service.running import serve


def crash() -> NoReturn:
    """Fail with a text that must not leak."""
    raise RuntimeError("a secret")


def teapot() -> NoReturn:
    """Fail as libraries do."""
    raise HTTPException(418, "a secret")


def gateway() -> NoReturn:
    """Fail as libraries do, too."""
    raise HTTPException(502, "a secret")


@pytest.fixture(scope="module")
def client(tiny_store: Path) -> Iterator[httpx.Client]:
    settings = Settings(model_store=str(tiny_store), device="cpu")
    app = create_app(settings)
    for route in (crash, teapot, gateway):
        app.add_api_route(f"/{route.__name__}", route, response_model=None)
    with serve(app, settings) as url, httpx.Client(base_url=url) as connected:
        yield connected


def test_an_unexpected_exception(client: httpx.Client) -> None:
    response = client.get("/crash", headers={"X-Request-ID": "mine"})
    assert problem(response, 500, "internal")["request_id"] == "mine"
    assert "secret" not in response.text
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "code"), [("/teapot", 400, "bad_request"), ("/gateway", 500, "internal")]
)
def test_other_errors_of_libraries(client: httpx.Client, path: str, status: int, code: str) -> None:
    response = client.get(path)
    problem(response, status, code)
    assert "secret" not in response.text
