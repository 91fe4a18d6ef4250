"""The service behind a prefix, through a proxy that takes it off and through one that does not."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.app import create_app
from service.settings import InvalidSetting, Settings
from tests.service.http_helpers import problem
from tests.service.reverse_proxy import PREFIX, behind
from tests.service.running import samples, series, service

pytestmark = pytest.mark.xdist_group("root path")

KEY = "a-key-that-nobody-guesses"
BODY = {"reviews": ["good"]}


@pytest.fixture(scope="module")
def inner(tiny_store: Path) -> Iterator[str]:
    """Run a service with a prefix and a key; returns its own address."""
    with service(tiny_store, root_path=PREFIX, api_keys=KEY) as url:
        yield url


@pytest.fixture(params=[True, False], ids=["strips", "keeps"])
def outer(inner: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return its address behind a proxy."""
    with behind(inner, strips=request.param) as url:
        yield url


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/", "", "/page.js", "/page.css", "/docs", "/openapi.json"]
)
def test_what_is_open_is_open_under_the_prefix(outer: str, path: str) -> None:
    response = httpx.get(f"{outer}{path}")
    assert (response.status_code, response.history) == (200, [])


def test_what_needs_a_key_needs_it_under_the_prefix(outer: str) -> None:
    problem(httpx.post(f"{outer}/predict", json=BODY), 401, "unauthorized")
    problem(httpx.get(f"{outer}/status"), 401, "unauthorized")
    assert httpx.post(f"{outer}/predict", json=BODY, headers={"X-API-Key": KEY}).status_code == 200


def test_the_page_begins_its_addresses_at_the_prefix(outer: str) -> None:
    page = httpx.get(outer).text
    assert f'<base href="{PREFIX}/">' in page
    for address in re.findall(r'(?:href|src)="([^"#]+)"', page):
        assert httpx.URL(f"{outer}/").join(address).path.startswith(PREFIX)
        assert httpx.get(httpx.URL(f"{outer}/").join(address)).status_code == 200


def test_the_documentation_names_the_prefix(outer: str) -> None:
    assert httpx.get(f"{outer}/openapi.json").json()["servers"] == [{"url": PREFIX}]
    page = httpx.get(f"{outer}/docs").text
    addresses = re.findall(r"""(?:href|src|url)(?:=|: )["']([^"']+)""", page)
    assert len(addresses) == 4
    for address in addresses:
        assert address.startswith(f"{PREFIX}/")
        assert httpx.get(httpx.URL(outer).join(address)).status_code == 200


def test_no_answer_names_the_inner_host(inner: str, outer: str) -> None:
    for path in (
        "",
        "/",
        "/docs",
        "/docs/",
        "/predict/",
        "/models",
        "/assets",
        "/assets/",
        "/status/",
        "//docs",
    ):
        response = httpx.get(f"{outer}{path}", headers={"X-API-Key": KEY})
        assert "location" not in response.headers
        assert inner.removeprefix("http://") not in response.text


def test_metrics_have_the_routes_without_the_prefix(inner: str, outer: str) -> None:
    name = "sentiment_http_requests_total"
    labels = (("/predict", "POST"), ("/models/{version}", "GET"))
    counted = [series(name, route=route, method=method, status="200") for route, method in labels]
    before = samples(inner)
    httpx.post(f"{outer}/predict", json=BODY, headers={"X-API-Key": KEY})
    httpx.get(f"{outer}/models/1", headers={"X-API-Key": KEY})
    after = samples(inner)
    assert [after[each] - before[each] for each in counted] == [1, 1]
    assert not [each for each in after if PREFIX in each]


@pytest.mark.parametrize("path", [f"{PREFIX}x/healthz", f"{PREFIX}{PREFIX}/healthz", "/sentimen/healthz"])
def test_another_prefix_leads_nowhere(inner: str, path: str) -> None:
    assert httpx.get(f"{inner}{path}", headers={"X-API-Key": KEY}).status_code == 404


@pytest.mark.parametrize(
    "path", ["sentiment", "/", "/a/", "//a", "/a//b", "/../a", "/a/..", "/a b", '/a"b', "/ä", "/.well"]
)
def test_a_prefix_that_is_no_plain_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="root_path"):
        Settings(root_path=path)


@pytest.mark.parametrize("path", ["/models", "/docs", "/assets", "/predict"])
def test_a_prefix_that_addresses_of_the_service_begin_with_is_refused(path: str) -> None:
    with pytest.raises(InvalidSetting, match="SENTIMENT_ROOT_PATH"):
        create_app(Settings(root_path=path))
