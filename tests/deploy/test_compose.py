"""A whole deployment, built and run by `make test-compose`: the tests are its steps, in this order."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from model_store import RELEASED, Store
from tests.deploy.compose import Compose, Load, wait_for
from tests.service.http_helpers import connect, head

pytestmark = pytest.mark.skipif("COMPOSE" not in os.environ, reason="needs Docker: make test-compose")

REVIEWS = [
    "A wonderful film, warm and funny.",
    "What a waste of time: dull, and badly acted.",
    "It is a film.",
]
TESTS = "/etc/prometheus/tests"


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    compose = Compose(without=os.environ.get("WITHOUT", ""))
    compose("down", "--volumes", "--remove-orphans")
    try:
        compose("up", "--detach", "--build", "--wait", *compose.services)
        yield compose
    finally:
        if "KEEP" not in os.environ:
            compose("down", "--volumes", "--remove-orphans", "--timeout", "5")


def predict(compose: Compose) -> httpx.Response:
    return httpx.post(f"{compose.proxy}/predict", json={"reviews": REVIEWS}, timeout=30)


def test_one_command_serves_the_released_model(compose: Compose) -> None:
    answer = predict(compose).raise_for_status().json()
    labels = [prediction["label"] for prediction in answer["predictions"]]
    assert labels[:2] == ["positive", "negative"]
    assert answer["model"]["name"] == "reviews"


def test_prometheus_counts_the_reviews(compose: Compose) -> None:
    total = "sum(sentiment_predictions_total)"
    wait_for("the first three", lambda: compose.query(f"{total} == 3"))
    predict(compose).raise_for_status()
    wait_for("three more", lambda: compose.query(f"{total} == 6"))
    assert compose.query('sentiment_http_requests_total{route="/predict", status="200"}').popitem()[1] == 2
    assert set(compose.query("up").values()) == {1.0}


def test_prometheus_has_the_rules_and_knows_alertmanager(compose: Compose) -> None:
    groups = httpx.get(f"{compose.prometheus}/api/v1/rules").raise_for_status().json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 20
    # Unknown are those of groups that are evaluated less often than the deployment has run.
    health = {rule["health"] for rule in rules}
    assert {"ok"} <= health <= {"ok", "unknown"}
    managers = httpx.get(f"{compose.prometheus}/api/v1/alertmanagers").raise_for_status().json()["data"]
    assert len(managers["activeAlertmanagers"]) == 1


def test_promtool_accepts_the_configuration_and_the_rules(compose: Compose) -> None:
    promtool = ("run", "--rm", "--no-deps", "--entrypoint", "promtool", "prometheus")
    compose(*promtool, "check", "config", "/etc/prometheus/prometheus.yml")
    tests = [f"{TESTS}/{name}.yml" for name in ("rules", "slow", "quality")]
    compose(*promtool, "test", "rules", *tests)


def test_grafana_has_the_dashboard(compose: Compose) -> None:
    if "grafana" not in compose.services:
        pytest.skip("WITHOUT names grafana")
    board = httpx.get(f"{compose.grafana}/api/dashboards/uid/sentiment").raise_for_status().json()
    assert board["meta"]["provisioned"]


def test_the_container_can_do_little(compose: Compose) -> None:
    code = """
import json, os, shutil
def writable(folder):
    try: open(folder + "/probe", "w").close()
    except OSError: return False
    return True
print(json.dumps({
    "user": os.getuid(),
    "writable": [folder for folder in ("/", "/models", "/opt/service", "/tmp") if writable(folder)],
    "tools": [tool for tool in ("gcc", "cc", "g++", "clang", "make", "nvcc", "pytest") if shutil.which(tool)],
    "capabilities": [line.split()[1] for line in open("/proc/1/status") if line.startswith("CapEff")],
}))
"""
    found = json.loads(compose("exec", "-T", "service", "python", "-c", code))
    none = "0" * 16
    assert found == {"user": 10001, "writable": ["/tmp"], "tools": [], "capabilities": [none]}  # noqa: S108


def through_the_proxy(compose: Compose, request: bytes) -> bytes:
    """Return the answer to bytes that no HTTP client has normalised."""
    with connect(compose.proxy) as (connection, answers):
        connection.sendall(request)
        return answers.read()


@pytest.mark.parametrize(
    "target",
    [
        "/metrics",
        "/metrics?a=b",
        "/metrics/",
        "/%6detrics",
        "/%6Detrics",
        "/%6D%65trics",
        "/m%65%74%72ic%73",
        "/%256detrics",
        "/%25%36%44etrics",
        "//metrics",
        "/%2fmetrics",
        "/./metrics",
        "/%2e/metrics",
        "/x/../metrics",
        "/x/%2e%2e/metrics",
        "/models/../metrics",
        "/assets/../metrics",
        "/assets/..%2fmetrics",
        "/assets/..%252fmetrics",
        "/predict%00/../metrics",
        "/metrics%00",
        "/metrics%0a",
        "/metrics;a",
        "http://test/metrics",
        "http://test/%6detrics",
        "http://test//metrics",
        "/admin/rollout",
        "/%61dmin/rollout",
        "//admin/rollout",
        "/models/../admin/rollout",
        "http://test/admin/rollout",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_metrics_and_admin_routes_are_not_given_through_it(
    compose: Compose, method: str, target: str
) -> None:
    request = f"{method} {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    answer = through_the_proxy(compose, request.encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"sentiment_" not in answer


def test_the_proxy_says_in_json_that_there_is_nothing(compose: Compose) -> None:
    response = httpx.get(f"{compose.proxy}/nothing")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
    assert response.json()["code"] == "not_found"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/page.css",
        "/page.js",
        "/docs",
        "/assets/swagger-ui.css",
        "/healthz",
        "/readyz",
        "/models",
        "/%6dodels",
        f"/models/{Store(RELEASED).resolve('reviews@production')[1]}/report/roc.png",
        "/status",
        "/openapi.json",
    ],
)
def test_public_routes_are_given_through_the_proxy(compose: Compose, path: str) -> None:
    assert httpx.get(f"{compose.proxy}{path}").status_code == 200


def test_an_upgrade_is_not_taken_behind_the_proxy(compose: Compose) -> None:
    front = head(20, "Connection: Upgrade, HTTP2-Settings, close", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    answer = through_the_proxy(compose, front + b'{"reviews":["good"]}')
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"predictions"' in answer


def refusal(compose: Compose) -> httpx.Response | None:
    response = predict(compose)
    return response if response.status_code == 503 else None


def test_a_stopped_service_raises_the_alarm(compose: Compose) -> None:
    compose("stop", "service")
    refused = wait_for("the proxy to notice", lambda: refusal(compose))
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "not_ready"
    wait_for("the alert in Prometheus", lambda: "SentimentUnavailable" in compose.firing())
    wait_for("the alert in Alertmanager", lambda: "SentimentUnavailable" in compose.received())


def test_a_container_that_has_just_started_stops_when_it_is_asked_to(compose: Compose) -> None:
    for _ in range(3):
        compose("start", "service")
        compose("stop", "service")
        statuses = compose("ps", "--all", "--format", "{{.ExitCode}}", "service").split()
        assert set(statuses) <= {"0", "143"}, statuses  # 137 where the signal was lost


def test_a_start_ends_the_alarm(compose: Compose) -> None:
    compose("start", "service")
    wait_for("answers", lambda: predict(compose).status_code == 200)
    wait_for("silence in Prometheus", lambda: "SentimentUnavailable" not in compose.firing())


def test_what_ends_by_itself_is_started_again(compose: Compose) -> None:
    code = "import os, signal; os.kill(1, signal.SIGTERM)"
    before = compose.query("process_start_time_seconds{job='sentiment'}")
    compose("exec", "-T", "service", "python", "-c", code)

    def started_later() -> bool:
        now = compose.query("process_start_time_seconds{job='sentiment'}")
        return bool(now) and max(now.values()) > max(before.values())

    wait_for("a newer process", started_later)
    wait_for("answers", lambda: predict(compose).status_code == 200)
    assert '"event": "stopped"' in compose("logs", "--no-log-prefix", "service")


def test_three_replicas_are_all_used_and_all_scraped(compose: Compose) -> None:
    compose.scale(3)
    wait_for("three targets", lambda: len(compose.query('up{job="sentiment"} == 1')) == 3)
    wait_for("three that are ready", lambda: len(compose.query("sentiment_ready == 1")) == 3)
    load = Load(compose.proxy)
    try:
        used = 'sum by (instance) (sentiment_http_requests_total{route="/predict", status="200"}) > 5'
        wait_for("work for all", lambda: len(compose.query(used)) == 3)
    finally:
        summary = load.stop()
    assert summary["num_failed"] == 0, summary


def test_a_replica_drains_under_load_without_a_failed_request(compose: Compose) -> None:
    load = Load(compose.proxy)
    try:
        wait_for(
            "load",
            lambda: compose.query('sum(rate(sentiment_http_requests_total{route="/predict"}[15s])) > 5'),
        )
        compose.scale(2)
        wait_for("two targets", lambda: len(compose.query('up{job="sentiment"} == 1')) == 2)
    finally:
        summary = load.stop()
    print(summary)
    assert summary["num_requests"] > 50
    assert summary["num_failed"] == 0, summary


def test_with_keys_only_those_who_have_one_are_answered(compose: Compose, tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give the file of keys to the service's user")
    key = "a-key-of-this-test-alone"
    compose.ask_for(key, tmp_path)
    refused = wait_for(
        "a refusal", lambda: response if (response := predict(compose)).is_client_error else None
    )
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    headers = {"Authorization": f"Bearer {key}"}
    body = {"reviews": REVIEWS}
    httpx.post(f"{compose.proxy}/predict", json=body, headers=headers, timeout=30).raise_for_status()
    wait_for("the scrapes to go on", lambda: compose.query('up{job="sentiment"} == 1'))
    assert key not in compose("logs", "--no-log-prefix", "service")
    assert "readable_by_all" not in compose("logs", "--no-log-prefix", "service")
