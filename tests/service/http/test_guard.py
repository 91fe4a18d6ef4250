import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bench.process import ServiceProcess
from service.http.guard import is_open
from tests.service.http_helpers import connect, get_as_spelled, head, problem, receive
from tests.service.running import process, samples, series

pytestmark = pytest.mark.xdist_group("gate")

KEY = "a-key-that-nobody-guesses"
NEXT = "the-key-that-comes-after-it"
BODY = {"reviews": ["good"]}
OPEN = (
    "/",
    "/page.css",
    "/page.js",
    "/icon.svg",
    "/healthz",
    "/readyz",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/assets/swagger-ui.css",
)


@pytest.fixture(scope="module")
def guarded(tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """Run a service with two keys, one in a file and one in the environment; its log level is debug."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "keys").write_text(f"{KEY}\n")
    (folder / "keys").chmod(0o600)
    flags = (
        "--model-store",
        str(tiny_store),
        "--api-keys-file",
        str(folder / "keys"),
        "--log-level",
        "debug",
    )
    with process(folder, *flags, environment={"SENTIMENT_API_KEYS": NEXT}) as started:
        assert started.wait_for("listening")["needs_api_key"] is True
        started.wait_for("ready")
        yield started


@pytest.fixture
def stranger(guarded: ServiceProcess) -> Iterator[httpx.Client]:
    """Return a client without a key."""
    with httpx.Client(base_url=guarded.url(), timeout=60) as connected:
        yield connected


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer  {NEXT}"},
        {"X-API-Key": KEY},
        {"X-API-Key": NEXT, "Authorization": "Basic Zm9vOmJhcg=="},
    ],
)
def test_each_key_is_accepted(stranger: httpx.Client, headers: dict[str, str]) -> None:
    assert stranger.post("/predict", json=BODY, headers=headers).status_code == 200
    assert stranger.get("/models", headers=headers).status_code == 200
    assert stranger.get("/models/1", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {KEY}x"},
        {"Authorization": f"Bearer {KEY[:-1]}"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": KEY},
        {"Authorization": "Bearer wrong-but-long-enough", "X-API-Key": KEY},
        {"X-API-Key": ""},
        {"X-API-Key": f"{KEY},{NEXT}"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/predict"),
        ("GET", "/models"),
        ("GET", "/models/1"),
        ("GET", "/models/1/report/roc.png"),
        ("GET", "/status"),
        ("GET", "/none"),
    ],
)
def test_without_a_key_nothing_else_is_answered(
    stranger: httpx.Client, method: str, path: str, headers: dict[str, str]
) -> None:
    response = stranger.request(method, path, json=BODY, headers=headers)
    content = problem(response, 401, "unauthorized")
    assert response.headers["www-authenticate"] == "Bearer"
    assert KEY not in json.dumps(content)


@pytest.mark.parametrize("path", OPEN)
def test_the_page_health_metrics_and_documentation_are_open(stranger: httpx.Client, path: str) -> None:
    assert stranger.get(path).status_code == 200
    assert stranger.head(path).status_code == 200


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_an_open_path_is_open_for_reading_alone(stranger: httpx.Client, method: str, path: str) -> None:
    problem(stranger.request(method, path), 401, "unauthorized")
    allowed = stranger.request(method, path, headers={"X-API-Key": KEY})
    problem(allowed, 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path",
    [
        "/predict/",
        "/page.js/",
        "/PAGE.js",
        "//predict",
        "/assets",
        "/Docs",
        "/docs/",
        "/metrics/../predict",
        "/assets/../predict",
        "/%2e",
    ],
)
def test_no_other_spelling_of_a_path_leads_past_the_guard(guarded: ServiceProcess, path: str) -> None:
    status = get_as_spelled(guarded.url(), path).split(b" ")[1]
    assert status in (b"401", b"404")


def test_every_open_route_is_meant_to_be_open(guarded: ServiceProcess) -> None:
    paths = httpx.get(f"{guarded.url()}/openapi.json").json()["paths"]
    opened = {
        (method, path)
        for path, methods in paths.items()
        for method in methods
        if is_open(method.upper(), path)
    }
    assert opened == {("get", "/healthz"), ("get", "/readyz"), ("get", "/metrics")}


def test_a_stranger_is_refused_before_the_body_is_read(guarded: ServiceProcess) -> None:
    with connect(guarded.url()) as (connection, answers):
        connection.sendall(head(1000, "Expect: 100-continue"))
        assert receive(answers).startswith(b"HTTP/1.1 401 ")


def test_strangers_are_counted(guarded: ServiceProcess, stranger: httpx.Client) -> None:
    rejected = series("sentiment_requests_rejected_total", reason="unauthorized")
    answered = series("sentiment_http_requests_total", route="/predict", method="POST", status="401")
    before = samples(guarded.url())
    stranger.post("/predict", json=BODY)
    after = samples(guarded.url())
    assert after[rejected] == before[rejected] + 1
    assert after[answered] == before[answered] + 1


def test_no_key_appears_in_logs_metrics_or_documents(guarded: ServiceProcess, stranger: httpx.Client) -> None:
    for key in (KEY, f"{NEXT}x"):
        headers = {"Authorization": f"Bearer {key}", "X-Request-ID": f"of-{len(key)}"}
        stranger.post("/predict", json=BODY, headers=headers)
        guarded.wait_for("request", request_id=f"of-{len(key)}")
    texts = [json.dumps(guarded.log()), guarded.errors(), *(stranger.get(path).text for path in OPEN)]
    for key in (KEY, NEXT):
        assert not [text for text in texts if key in text]


def test_without_keys_everyone_may_use_the_service(client: httpx.Client, running: ServiceProcess) -> None:
    assert running.wait_for("listening")["needs_api_key"] is False
    assert client.post("/predict", json=BODY).status_code == 200
