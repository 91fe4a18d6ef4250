"""No dialect leads past the keys: each of its routes is asked without one, with every method."""

import re

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from service.app import create_app
from service.http.guard import KEY_HEADER
from service.routes.dialects.comprehend import TARGETS
from service.settings import DialectName, Settings
from tests.service.routes.dialects.clients import ALL, KEY

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
TOKEN = "X-Amz-Security-Token"  # noqa: S105  # a header
AWS = "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/comprehend/aws4_request, Signature=0"


def paths(*dialects: DialectName) -> set[str]:
    """Return the paths of an application's routes, with a value for each parameter."""
    routes = iter_route_contexts(create_app(Settings(dialects=dialects)).routes)
    return {
        re.sub(r"{\w+}", "reviews", str(route.path)).replace("versions/reviews", "versions/1")
        for route in routes
    }


NEW = sorted((paths(*ALL) - paths()) | {"/"})


def test_the_routes_are_found() -> None:
    assert {
        "/classify",
        "/v1/models",
        "/v2",
        "/v2/health/live",
        "/v2/models/reviews/versions/1/infer",
    } <= set(NEW)
    assert len(NEW) >= 12


@pytest.mark.parametrize("path", NEW)
@pytest.mark.parametrize("method", METHODS)
def test_without_a_key_nothing_is_answered(speaking: str, method: str, path: str) -> None:
    given: list[dict[str, str]] = [
        {},
        {KEY_HEADER: "wrong-but-long-enough"},
        {"Authorization": AWS, TOKEN: f"{KEY}x"},
        {"Authorization": "Bearer wrong-but-long-enough", TOKEN: KEY},
    ]
    targets: list[dict[str, str]] = [{}]
    if path == "/":
        targets += [{"X-Amz-Target": target} for target in (*TARGETS, "any")]
    with httpx.Client(base_url=speaking) as client:
        for headers in (key | target for key in given for target in targets):
            response = client.request(method, path, headers=headers)
            if path == "/" and method in ("GET", "HEAD"):
                assert response.status_code == 200
            else:
                assert response.status_code == 401, headers


@pytest.mark.parametrize("path", NEW)
def test_with_a_key_there_is_an_answer(asking: httpx.Client, path: str) -> None:
    assert 401 not in {asking.request(method, path).status_code for method in METHODS}


def test_the_token_of_aws_is_a_key_where_aws_is_spoken_and_nowhere_else(speaking: str) -> None:
    target, *_ = TARGETS
    with httpx.Client(base_url=speaking, headers={"Authorization": AWS, TOKEN: KEY}) as client:
        body = {"Text": "good", "LanguageCode": "en"}
        assert client.post("/", json=body, headers={"X-Amz-Target": target}).status_code == 200
        assert client.post("/", json={"inputs": "good"}).status_code == 401
        assert client.post("/predict", json={"reviews": ["good"]}).status_code == 401
        assert client.post("/classify", json={"input": "good"}).status_code == 401


def test_other_spellings_of_a_path_lead_nowhere(speaking: str) -> None:
    with httpx.Client(base_url=speaking) as client:
        for path in ("/v2/", "//v2", "/V2", "/v2/models", "/classify/", "/v1", "/v2/../classify", "/v2x"):
            assert client.post(path).status_code == 401
