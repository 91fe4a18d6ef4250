import re

import httpx
import pytest

from bench.process import ServiceProcess
from service.http.middleware import RouteTable
from service.telemetry.request_metrics import Endpoint

ENDPOINTS = [
    Endpoint(route, method, (200,))
    for route, method in (("/", "POST"), ("/", "GET"), ("/models", "GET"), ("/models/{version}", "GET"))
]
PATHS = ["/healthz", "/nothing", "/models/9", "/models/x", "/docs", "/metrics"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_a_new_id(client: httpx.Client, path: str) -> None:
    ids = [client.get(path).headers["x-request-id"] for _ in range(2)]
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)
    assert ids[0] != ids[1]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("given", ["a", "0" * 128, "a1B2._:/+=@-"])
def test_a_safe_id_is_kept(client: httpx.Client, path: str, given: str) -> None:
    assert client.get(path, headers={"X-Request-ID": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "0" * 129, "a b", 'a"b', "a;b", "{}", "é"])
def test_an_unsafe_id_is_replaced(client: httpx.Client, given: str) -> None:
    headers = {b"X-Request-ID": given.encode()}
    assert re.fullmatch("[0-9a-f]{32}", client.get("/healthz", headers=headers).headers["x-request-id"])


def test_a_line_in_the_log(running: ServiceProcess, client: httpx.Client) -> None:
    client.post("/predict", json={"reviews": ["good", "dull"]}, headers={"X-Request-ID": "logged-1"})
    client.get("/nothing", headers={"X-Request-ID": "logged-2"})
    client.get("/healthz", headers={"X-Request-ID": "logged-3"})
    lines = {
        name: running.wait_for("request", request_id=name) for name in ("logged-1", "logged-2", "logged-3")
    }
    predicted = lines["logged-1"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", predicted.pop("time"))
    assert predicted.pop("duration_seconds") > 0
    assert predicted == {
        "level": "info",
        "event": "request",
        "request_id": "logged-1",
        "route": "/predict",
        "method": "POST",
        "status": 200,
        "num_reviews": 2,
        "model_version": 1,
    }
    assert (lines["logged-2"]["route"], lines["logged-2"]["status"]) == ("unmatched", 404)
    assert lines["logged-3"]["level"] == "debug"


def test_routes_are_found_by_their_template() -> None:
    table = RouteTable(ENDPOINTS)
    paths = ["/", "/models", "/models/1", "/models/1/x", "/model", ""]
    assert [table.find(path) for path in paths] == [
        "/",
        "/models",
        "/models/{version}",
        "unmatched",
        "unmatched",
        "unmatched",
    ]


def test_the_methods_of_a_path_are_those_of_all_its_routes() -> None:
    table = RouteTable(ENDPOINTS)
    assert table.methods("/") == ["GET", "HEAD", "POST"]
    assert table.methods("/models/1") == ["GET", "HEAD"]
    assert table.methods("/model") == []
