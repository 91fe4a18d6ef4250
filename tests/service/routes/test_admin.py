from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bench.process import ServiceProcess
from model_store import Reason, Store
from tests.service import stores
from tests.service.http_helpers import problem
from tests.service.running import service

ADMIN_KEY = "an-admin-key-of-a-test"
CLIENT_KEY = "a-client-key-of-a-test"
STATES = [("GET", "/admin/rollout"), ("POST", "/admin/refresh")]
ROUTES = [*STATES, ("GET", "/admin/history")]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def client(tiny_store: Path) -> Iterator[httpx.Client]:
    """Return a client of a service that has keys of both kinds."""
    with (
        service(tiny_store, admin_keys=ADMIN_KEY, api_keys=CLIENT_KEY) as url,
        httpx.Client(base_url=url, timeout=60) as connected,
    ):
        yield connected


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_only_an_admin_key_opens_it(client: httpx.Client, method: str, path: str) -> None:
    client.request(method, path, headers=bearer(ADMIN_KEY)).raise_for_status()
    for headers in ({}, bearer(CLIENT_KEY), bearer("x" * 20)):
        problem(client.request(method, path, headers=headers), 401, "unauthorized")


@pytest.mark.parametrize(("method", "path"), STATES)
def test_the_state_has_every_slot(client: httpx.Client, method: str, path: str) -> None:
    state = client.request(method, path, headers=bearer(ADMIN_KEY)).raise_for_status().json()
    assert state == {
        "model": "reviews@production",
        "follows": True,
        "live": 1,
        "previous": None,
        "refused": None,
        "candidate": None,
        "candidate_refused": None,
    }


def test_an_admin_key_opens_nothing_else(client: httpx.Client) -> None:
    body = {"reviews": ["good"]}
    problem(client.post("/predict", json=body, headers=bearer(ADMIN_KEY)), 401, "unauthorized")
    problem(client.get("/models", headers=bearer(ADMIN_KEY)), 401, "unauthorized")
    client.post("/predict", json=body, headers=bearer(CLIENT_KEY)).raise_for_status()


def test_the_history_says_who_did_what_and_why_the_newest_first(tmp_path: Path) -> None:
    store = Store(stores.publish(tmp_path / "store", stores.draft(), stores.draft()))
    store.set_alias(
        "reviews", "production", 1, Reason(action="promote", why="slower", evidence={"accuracy": 0.9})
    )
    with service(store.root, admin_keys=ADMIN_KEY) as url:
        content = httpx.get(f"{url}/admin/history", headers=bearer(ADMIN_KEY)).raise_for_status().json()
        two = httpx.get(f"{url}/admin/history?limit=2", headers=bearer(ADMIN_KEY)).json()["events"]
        problem(httpx.get(f"{url}/admin/history?limit=0", headers=bearer(ADMIN_KEY)), 422, "invalid_request")
        (store.root / "reviews/history.jsonl").write_text("{")
        broken = problem(
            httpx.get(f"{url}/admin/history", headers=bearer(ADMIN_KEY)), 503, "store_unreadable"
        )
    assert content["model"] == "reviews"
    newest, *older = content["events"]
    assert [
        newest[name] for name in ("action", "alias", "from_version", "to_version", "why", "evidence")
    ] == ["promote", "production", 2, 1, "slower", {"accuracy": 0.9}]
    assert [each["to_version"] for each in older] == [2, 1]
    assert [newest, older[0]] == two
    assert str(store.root) not in str(broken)


@pytest.mark.parametrize("path", ["/%61dmin/rollout", "/admin/%72ollout"])
def test_an_escaped_path_is_the_same_path(client: httpx.Client, path: str) -> None:
    client.get(path, headers=bearer(ADMIN_KEY)).raise_for_status()
    problem(client.get(path, headers=bearer(CLIENT_KEY)), 401, "unauthorized")


@pytest.mark.parametrize("path", ["//admin/rollout", "/ADMIN/rollout", "/admin/../admin/rollout/", "/admin/"])
def test_other_spellings_lead_nowhere(client: httpx.Client, path: str) -> None:
    for key in (ADMIN_KEY, CLIENT_KEY):
        assert client.get(path, headers=bearer(key)).status_code in (401, 404)


def test_without_admin_keys_it_is_not_there(running: ServiceProcess) -> None:
    url = running.url()
    for method, path in ROUTES:
        problem(httpx.request(method, f"{url}{path}", headers=bearer(ADMIN_KEY)), 404, "not_found")
    assert not any("admin" in path for path in httpx.get(f"{url}/openapi.json").json()["paths"])
