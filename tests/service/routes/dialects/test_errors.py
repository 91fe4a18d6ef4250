"""How each dialect's own client fails: with our status, in its own form."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bench.process import PATIENCE_SECONDS
from service.app import create_app
from service.settings import Settings
from tests.service import faults, stores
from tests.service.http_helpers import connect
from tests.service.routes.dialects.clients import (
    ALL,
    FAILING,
    KEY,
    Failure,
    bearer,
    triton,
)
from tests.service.routes.dialects.test_comprehend import DETECT
from tests.service.running import samples, series, serve, service, wait_for_sample

Fail = Callable[..., Failure]

BODIES = {
    "/": ({"inputs": "good"}, {}),
    "/ of Comprehend": ({"Text": "good", "LanguageCode": "en"}, {"X-Amz-Target": DETECT}),
    "/classify": ({"input": "good"}, {}),
    "/v2/models/reviews/infer": (
        {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good"]}]},
        {},
    ),
}
"""What each route takes, and its headers."""


def address(name: str) -> str:
    """Return the path of one of the bodies."""
    return name.partition(" ")[0]


def check(failure: Failure, status: int, code: str, aws_code: str) -> None:
    """Check what a client says of an error."""
    assert failure.status == status
    assert failure.code in (None, code, aws_code)
    assert failure.message
    if failure.headers is not None:
        assert failure.request_id == failure.headers["x-request-id"]
        assert ("retry-after" in failure.headers) == (status in (429, 503))


@pytest.mark.parametrize("fail", FAILING)
def test_no_key_or_a_wrong_one(speaking: str, fail: Fail) -> None:
    for key in (None, f"{KEY}x"):
        check(fail(speaking, "good", key), 401, "unauthorized", "UnrecognizedClientException")


@pytest.mark.parametrize("fail", FAILING)
def test_too_large_a_body(speaking: str, fail: Fail) -> None:
    failure = fail(speaking, "good " * 2000)
    check(failure, 413, "body_too_large", "TextSizeLimitExceededException")
    assert "8192 bytes" in failure.message


@pytest.mark.parametrize("fail", FAILING)
def test_a_blank_text(speaking: str, fail: Fail) -> None:
    failure = fail(speaking, " \n")
    check(failure, 422, "invalid_request", "InvalidRequestException")
    assert "must hold more than white space" in failure.message


def test_overload(slow_store: Path) -> None:
    gate = faults.Gate()
    load = faults.made_by(lambda whole: faults.Gated(whole, gate))
    with (
        service(slow_store, load=load, dialects=ALL, max_queue_tokens=400) as url,
        ThreadPoolExecutor(2) as threads,
    ):
        full = {"inputs": "good " * 400}
        held = [threads.submit(httpx.post, url, json={"inputs": "good"}, timeout=PATIENCE_SECONDS)]
        gate.wait_until_reached()
        held += [threads.submit(httpx.post, url, json=full, timeout=PATIENCE_SECONDS)]
        wait_for_sample(url, "sentiment_queue_tokens", 400)
        for fail in FAILING:
            check(fail(url, "good"), 429, "overloaded", "TooManyRequestsException")
        for path, (body, headers) in BODIES.items():
            response = httpx.post(url + address(path), json=body, headers=headers)
            assert (response.status_code, response.headers["retry-after"]) == (429, "1")
        refused = series("sentiment_requests_rejected_total", reason="overloaded")
        assert samples(url)[refused] == len(FAILING) + len(BODIES)
        gate.open()
        assert [each.result(PATIENCE_SECONDS).status_code for each in held] == [200, 200]


def test_a_service_that_is_about_to_stop(tiny_store: Path) -> None:
    settings = Settings(model_store=str(tiny_store), device="cpu", lanes=1, dialects=ALL)
    app = create_app(settings)
    with serve(app, settings) as url:
        app.state.service.lifecycle.drain()
        for fail in FAILING:
            check(fail(url, "good"), 503, "draining", "ServiceUnavailable")
        with triton(url) as client:
            assert client.is_server_live()
            assert not client.is_server_ready()
            assert not client.is_model_ready("reviews")


def test_a_deadline(tiny_store: Path) -> None:
    gate = faults.Gate()
    load = faults.made_by(lambda whole: faults.Gated(whole, gate))
    with service(tiny_store, load=load, dialects=ALL, request_timeout_ms=50) as url:
        for fail in FAILING:
            check(fail(url, "good"), 504, "deadline_exceeded", "RequestTimeoutException")
        gate.open()


def test_a_review_that_the_model_fails_on(poisoned: str) -> None:
    for fail in FAILING:
        failure = fail(poisoned, f"a {stores.POISON} film")
        check(failure, 500, "inference_failed", "InternalServerException")
        assert "could not be scored" in failure.message


@pytest.mark.parametrize("path", BODIES)
def test_a_body_that_is_not_json(asking: httpx.Client, path: str) -> None:
    _, headers = BODIES[path]
    headers = {"Content-Type": "application/json", **headers}
    response = asking.post(address(path), content=b"{", headers=headers)
    assert response.status_code == 400
    assert response.json().keys() <= {"__type", "message", "error", "error_type"}


@pytest.mark.parametrize("path", BODIES)
def test_a_head_that_is_too_large(asking: httpx.Client, path: str) -> None:
    body, headers = BODIES[path]
    response = asking.post(address(path), json=body, headers={"X-Much": "a" * 20_000, **headers})
    assert response.status_code == 431
    assert response.json().keys() <= {"__type", "message", "error", "error_type"}


@pytest.mark.parametrize("path", BODIES)
def test_a_client_that_leaves(speaking: str, path: str) -> None:
    name = series("sentiment_requests_cancelled_total", stage="read")
    before = samples(speaking)[name]
    _, more = BODIES[path]
    lines = [
        f"POST {address(path)} HTTP/1.1",
        "Host: test",
        "Content-Type: application/json",
        "Content-Length: 1000",
        *(f"{name}: {value}" for name, value in {**bearer(), **more}.items()),
    ]
    with connect(speaking) as (connection, _):
        connection.sendall("\r\n".join([*lines, "", "{"]).encode())
    wait_for_sample(speaking, name, before + 1)


def test_a_body_that_comes_too_slowly_is_answered_in_the_form_of_its_dialect(tiny_store: Path) -> None:
    head = "POST /v2/models/reviews/infer HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n{"
    with (
        service(tiny_store, dialects="oip", client_timeout_seconds=1) as url,
        connect(url) as (connection, answers),
    ):
        connection.sendall(head.encode())
        answer = answers.read()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b'"}')
    assert b'\r\n\r\n{"error":"' in answer


def test_without_dialects_there_are_none(client: httpx.Client) -> None:
    for path, (body, headers) in BODIES.items():
        response = client.post(address(path), json=body, headers=headers)
        assert response.status_code == (405 if address(path) == "/" else 404)
        assert response.headers["content-type"] == "application/problem+json"
