"""The files of the page, as they are served; `tests/browser` uses them."""

import gzip
import re
from importlib.resources import files

import httpx
import pytest

from service.routes.page import FILES

PAGE = files("service") / "page"
SCRIPT = (PAGE / "page.js").read_text(encoding="utf-8")
MAX_BYTES = 150_000
MAX_COMPRESSED_BYTES = 60_000


@pytest.mark.parametrize("route", FILES)
def test_each_file_is_served_as_it_lies(client: httpx.Client, route: str) -> None:
    name, media_type = FILES[route]
    response = client.get(route, headers={"Accept-Encoding": "identity"})
    assert response.content == (PAGE / name).read_bytes()
    assert response.headers["content-type"] == media_type
    assert "content-encoding" not in response.headers


@pytest.mark.parametrize("route", FILES)
def test_each_file_may_load_nothing_from_elsewhere(client: httpx.Client, route: str) -> None:
    headers = client.get(route).headers
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("route", FILES)
def test_a_browser_that_has_it_gets_no_body(client: httpx.Client, route: str) -> None:
    first = client.get(route)
    second = client.get(route, headers={"If-None-Match": first.headers["etag"]})
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["etag"] == first.headers["etag"]
    assert client.get(route, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("route", FILES)
def test_head_is_get_without_the_body(client: httpx.Client, route: str) -> None:
    asked, seen = client.get(route), client.head(route)
    assert (seen.status_code, seen.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "content-encoding"):
        assert seen.headers[name] == asked.headers[name]


def test_the_page_is_small() -> None:
    contents = [(PAGE / name).read_bytes() for name, _ in FILES.values()]
    assert sum(map(len, contents)) <= MAX_BYTES
    assert sum(len(gzip.compress(content)) for content in contents) <= MAX_COMPRESSED_BYTES


def test_nothing_comes_from_elsewhere() -> None:
    for name in ("index.html", "page.css"):
        assert not re.search(r"(https?:)?//|@import|url\(", (PAGE / name).read_text(encoding="utf-8"))


def test_no_text_becomes_html_or_code() -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|DOMParser"
    assert not re.search(ways, SCRIPT)


def test_nothing_is_kept_in_the_browser() -> None:
    assert not re.search(r"localStorage|sessionStorage|indexedDB|document\.cookie|caches\.", SCRIPT)


def test_the_documentation_page_runs_its_own_script_alone(client: httpx.Client) -> None:
    policy = client.get("/docs").headers["content-security-policy"]
    (scripts,) = re.findall(r"script-src ([^;]+)", policy)
    assert re.fullmatch(r"'self' 'sha256-[A-Za-z0-9+/=]+'", scripts)
