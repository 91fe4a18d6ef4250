import json
import re
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from bench.process import ServiceProcess
from model_store import ModelVersion
from service.telemetry.metrics import METRICS
from tests.service.http_helpers import get_as_spelled, post, problem
from tests.service.running import samples, series


def test_health_and_readiness(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {"status": "ready", "model": {"name": "reviews", "version": 1}},
    )


def test_models(client: httpx.Client, tiny_version: ModelVersion) -> None:
    manifest = tiny_version.manifest
    answer = client.get("/models").json()
    (listed,) = answer["models"]
    assert (listed["name"], listed["version"]) == ("reviews", 1)
    assert listed["labels"] == list(manifest.labels)
    assert listed["device"] == "cpu"
    assert listed["created_at"] == manifest.created_at
    assert listed["max_tokens"] == manifest.tokenizer.max_tokens
    assert listed["evaluation"] == json.loads(TypeAdapter(Any).dump_json(manifest.evaluation))
    assert listed["report"] == sorted(
        name.removeprefix("report/") for name in manifest.files if name.startswith("report/")
    )
    assert answer["slots"] == {
        "follows": True,
        "live": 1,
        "previous": None,
        "refused": None,
        "candidate": None,
        "candidate_refused": None,
    }
    assert client.get("/models/1").json() == listed | {"card": tiny_version.card}


def test_a_model_that_is_not_loaded(client: httpx.Client) -> None:
    problem(client.get("/models/2"), 404, "not_found")


@pytest.mark.parametrize("version", ["0", "-1", "x", "1.5"])
def test_a_version_that_is_not_a_number(client: httpx.Client, version: str) -> None:
    content = problem(client.get(f"/models/{version}"), 422, "invalid_request")
    assert content["errors"] == [{"location": "path.version", "message": "is not valid"}]


def test_the_document_of_the_api(client: httpx.Client) -> None:
    assert client.get("/openapi.json").json()["openapi"].startswith("3.1")


def test_the_documentation_page_needs_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs").raise_for_status().text
    addresses = re.findall(r"""(?:href|src|url)(?:=|: )["']([^"']+)""", page)
    assert len(addresses) == 4
    for address in addresses:
        assert client.get(address).raise_for_status().content, address
    problem(client.get("/assets/nothing.js"), 404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../../../../../../../etc/passwd",
        "/assets/..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "/assets/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/assets//etc/passwd",
        "/assets/....//....//etc/passwd",
    ],
)
def test_assets_lead_to_no_other_file(running: ServiceProcess, path: str) -> None:
    answer = get_as_spelled(running.url(), path)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"root:" not in answer


@pytest.mark.parametrize("path", ["/nothing", "/predict/", "/models/1/", "/docs/oauth2-redirect", "/redoc"])
def test_not_found(client: httpx.Client, path: str) -> None:
    problem(client.get(path), 404, "not_found")


def test_a_method_that_http_does_not_have(client: httpx.Client) -> None:
    problem(client.request("BREW", "/metrics"), 400, "bad_request")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/predict", "POST"),
        ("HEAD", "/predict", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("DELETE", "/models/1", "GET, HEAD"),
        ("PATCH", "/metrics", "GET, HEAD"),
    ],
)
def test_method_not_allowed(client: httpx.Client, method: str, path: str, allow: str) -> None:
    response = client.request(method, path)
    assert response.headers["allow"] == allow
    if method != "HEAD":
        problem(response, 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/models", "/models/1", "/status", "/openapi.json"]
)
def test_head_is_get_without_the_body(client: httpx.Client, path: str) -> None:
    response = client.head(path)
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) > 0
    assert response.headers["content-type"] == client.get(path).headers["content-type"]


def test_metrics_are_in_the_text_format(client: httpx.Client) -> None:
    response = client.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = response.text
    for metric in METRICS:
        assert f"# TYPE {metric.name} {metric.kind}\n" in text
    ours = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE sentiment_")]
    assert sorted(ours) == sorted(metric.name for metric in METRICS)
    assert "\nprocess_cpu_seconds_total " in text
    assert "\npython_info{" in text
    assert "_created" not in text.replace("created_at", "")


def test_counts_go_up(running: ServiceProcess, client: httpx.Client, tiny_version: ModelVersion) -> None:
    max_tokens = tiny_version.manifest.tokenizer.max_tokens
    url = running.url()
    before = samples(url)
    post(client, "good", "dull " * (max_tokens + 1))
    client.post("/predict", json={"reviews": []})
    client.post("/predict", content=b"{", headers={"Content-Type": "application/json"})
    client.get("/models/9")
    after = samples(url)

    def growth(name: str, **labels: str) -> float:
        return after[series(name, **labels)] - before[series(name, **labels)]

    requests = "sentiment_http_requests_total"
    assert growth(requests, route="/predict", method="POST", status="200") == 1
    assert growth(requests, route="/predict", method="POST", status="422") == 1
    assert growth(requests, route="/predict", method="POST", status="400") == 1
    assert growth(requests, route="/models/{version}", method="GET", status="404") == 1
    assert growth("sentiment_http_request_duration_seconds_count", route="/predict", method="POST") == 3
    assert growth("sentiment_requests_rejected_total", reason="invalid_request") == 1
    assert growth("sentiment_requests_rejected_total", reason="malformed_json") == 1
    assert growth("sentiment_requests_rejected_total", reason="body_too_large") == 0
    stages = {"read": 3, "parse": 3, "tokenize": 1, "queue": 1, "inference": 1, "respond": 1}
    for stage, count in stages.items():
        assert growth("sentiment_stage_duration_seconds_count", stage=stage) == count
    assert growth("sentiment_batch_reviews_sum") == 2
    assert growth("sentiment_batch_tokens_sum") == 1 + max_tokens
    assert growth("sentiment_review_tokens_sum") == 1 + max_tokens + 1
    assert growth("sentiment_reviews_truncated_total") == 1
    assert growth("sentiment_unknown_token_ratio_count") == 2
    assert growth("sentiment_prediction_confidence_count", model_version="1") == 2
    predictions = "sentiment_predictions_total"
    labels = tiny_version.manifest.labels
    assert sum(growth(predictions, model_version="1", label=label) for label in labels) == 2
    # Only this request for the metrics is in progress.
    assert after["sentiment_http_requests_in_flight"] == 1
    assert after["sentiment_queue_tokens"] == 0
    assert after["sentiment_ready"] == 1


def test_clients_cannot_make_series(running: ServiceProcess, client: httpx.Client) -> None:
    client.get("/made-up-0")
    client.request("MAKE-UP-0", "/healthz")
    before = samples(running.url()).keys()
    for number in range(1, 20):
        client.get(f"/made-up-{number}")
        client.get(f"/models/{number}?made={number}")
        client.request(f"MAKE-UP-{number}", "/healthz", headers={"X-Request-ID": f"made-up-{number}"})
    assert samples(running.url()).keys() == before
