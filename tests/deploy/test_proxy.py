"""The proxy passes every route of the service but the metrics, and no other."""

import re
from pathlib import Path
from typing import get_args

import pytest

from service.app import PAGES, create_app
from service.http.openapi import endpoints
from service.settings import DialectName, Settings

CONFIGURATION = Path(__file__).parent.parent.parent / "deploy/proxy/haproxy.cfg"
RULES = re.findall(
    r"^ +acl public var\(txn\.path\) -m (str|reg) (.+)$", CONFIGURATION.read_text(), re.MULTILINE
)
ALL = Settings(dialects=get_args(DialectName))
ROUTES = sorted({endpoint.route for endpoint in (*endpoints(create_app(ALL).openapi()), *PAGES)})


def is_public(path: str) -> bool:
    """Return whether the rules of the configuration let a decoded path through."""
    texts = [text for kind, words in RULES if kind == "str" for text in words.split()]
    patterns = [pattern for kind, pattern in RULES if kind == "reg"]
    return path in texts or any(re.search(pattern, path) for pattern in patterns)


def test_the_rules_are_found() -> None:
    assert len(RULES) == CONFIGURATION.read_text().count("acl public ")
    assert {"str", "reg"} == {kind for kind, _ in RULES}


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_but_the_metrics_is_public(route: str) -> None:
    assert is_public(re.sub(r"{\w+(:path)?}", "1", route)) == (route != "/metrics")


def test_feedback_is_not_sent_twice() -> None:
    assert "\n    http-request disable-l7-retry if { var(txn.path) -m str /feedback }\n" in (
        CONFIGURATION.read_text()
    )


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/admin",
        "/admin/rollout",
        "//admin/rollout",
        "/admin/refresh",
        "/models/../admin/rollout",
        "/assets/../admin/rollout",
        "/ADMIN/rollout",
        "//metrics",
        "/models/../metrics",
        "/assets/../metrics",
        "/predict/../metrics",
        "/metrics/",
        "/metrics\n",
        "/%6detrics",
        "",
        "/predict/",
        "predict",
        "/page.js/",
        "/models/1/report/",
        "/models/1/report/a/b",
        "/models/1/admin/rollout",
        "/v2/",
        "/v2/models",
        "/v2/models/../../metrics",
        "/v2/models/reviews/config",
        "/v2/models/reviews/versions/1/2",
        "/v1",
    ],
)
def test_what_is_no_public_route_is_not_passed(path: str) -> None:
    assert not is_public(path)
