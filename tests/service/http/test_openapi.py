import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
import schemathesis
from pydantic import SecretStr
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from bench.process import ServiceProcess
from service.app import create_app
from service.settings import Settings


def config(max_examples: int, operations: Sequence[dict[str, Any]] = ()) -> schemathesis.Config:
    """Return how documents are tried, with what is different for some operations."""
    return schemathesis.Config.from_dict(
        {
            "generation": {"max-examples": max_examples, "deterministic": True, "database": "none"},
            # What may refuse a body that breaks the schema; the tool does not expect 413 by itself.
            "checks": {
                "negative_data_rejection": {"expected-statuses": [400, 404, 405, 413, 415, 422, 504]},
                # A valid request may have a deadline of one millisecond.
                "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", 504]},
            },
            "operations": list(operations),
        }
    )


DOCUMENT = create_app(Settings()).openapi()
UNKNOWN_HEADER = "x-schemathesis-unknown-property"
LINES = "application/x-ndjson"
schema = schemathesis.openapi.from_dict(DOCUMENT, config=config(max_examples=50))


@schemathesis.serializer(LINES)
def as_line(_context: object, value: object) -> bytes:
    """Return the body of a stream with one line."""
    return json.dumps(value).encode()


@schemathesis.deserializer(LINES)
def last_line(_context: object, response: schemathesis.Response) -> object:
    """Return what stands for a stream: its last line."""
    return json.loads(response.text.splitlines()[-1])


@schema.parametrize()
def test_the_service_is_what_it_says(case: schemathesis.Case[Any], running: ServiceProcess) -> None:
    # HTTP lets clients send headers that a service does not know. Such a request is answered, unless its
    # deadline of a millisecond has passed.
    # A stream has an error for a bad line, and is itself a 200.
    is_legal = UNKNOWN_HEADER in (case.headers or {}) or case.media_type == LINES
    excluded: list[CheckFunction] = [negative_data_rejection] if is_legal else []
    if case.path == "/feedback":  # the schema cannot say which versions and labels there are
        excluded.append(positive_data_acceptance)
    case.call_and_validate(base_url=running.url(), excluded_checks=excluded)


def test_the_service_says_the_same(document: dict[str, Any]) -> None:
    assert document == DOCUMENT


@pytest.fixture
def document(client: httpx.Client) -> dict[str, Any]:
    content: dict[str, Any] = client.get("/openapi.json").json()
    return content


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_all_errors_are_declared(document: dict[str, Any], path: str) -> None:
    operation = document["paths"][path]["post"]
    refusals = {"400", "404", "408", "413", "415", "422", "429", "431"}
    assert operation["responses"].keys() == {"200", *refusals, "500", "503", "504"}
    for status, response in operation["responses"].items():
        assert "X-Request-ID" in response["headers"]
        assert ("Retry-After" in response["headers"]) == (status in ("429", "503"))
        if status != "200":
            assert response["content"] == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
    assert "`not_ready`" in operation["responses"]["503"]["description"]
    assert "`draining`" in operation["responses"]["503"]["description"]


@pytest.mark.parametrize(
    ("path", "schema", "max_reviews"),
    [("/predict", "PredictRequest", 256), ("/explain", "ExplainRequest", 8)],
)
def test_the_body_is_declared_with_its_limits(
    document: dict[str, Any], path: str, schema: str, max_reviews: int
) -> None:
    body = document["paths"][path]["post"]["requestBody"]
    assert body["required"] is True
    assert body["content"]["application/json"]["schema"] == {"$ref": f"#/components/schemas/{schema}"}
    request = document["components"]["schemas"][schema]
    assert request["additionalProperties"] is False
    assert request["examples"]
    reviews = request["properties"]["reviews"]
    assert (reviews["minItems"], reviews["maxItems"]) == (1, max_reviews)
    assert (reviews["items"]["minLength"], reviews["items"]["maxLength"]) == (1, 100_000)


def test_keys_are_declared_where_they_are_needed() -> None:
    document = create_app(Settings(api_keys=SecretStr("k" * 16))).openapi()
    assert document["components"]["securitySchemes"].keys() == {"bearer", "header"}
    needing = {path for path, methods in document["paths"].items() if "401" in str(methods)}
    assert needing == {
        "/predict",
        "/predict/stream",
        "/explain",
        "/feedback",
        "/models",
        "/models/{version}",
        "/models/{version}/report/{file}",
        "/status",
    }
    for path in needing:
        for operation in document["paths"][path].values():
            assert operation["security"] == [{"bearer": []}, {"header": []}]
            assert "401" in operation["responses"]


def test_without_keys_none_is_declared(document: dict[str, Any]) -> None:
    assert "securitySchemes" not in document["components"]
    assert "401" not in document["paths"]["/predict"]["post"]["responses"]
