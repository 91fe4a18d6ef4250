"""The dialects are what the OpenAPI document says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection

from service.app import create_app
from service.routes.dialects.comprehend import MEDIA_TYPE
from service.settings import DialectName, Settings
from tests.service.http.test_openapi import UNKNOWN_HEADER, config
from tests.service.routes.dialects.clients import ALL
from tests.service.running import service

pytestmark = pytest.mark.xdist_group("dialects' documents")

schemathesis.serializer.alias(MEDIA_TYPE, "application/json")
CONFIG = config(
    max_examples=15,
    operations=[
        # The document has no pages, and GET of this address is one. A schema cannot say which body belongs to
        # which operation in the header.
        {
            "include-path": "/",
            "checks": {
                "allow_header_conformance": {"enabled": False},
                "positive_data_acceptance": {"enabled": False},
                "unsupported_method": {"enabled": False},
            },
        },
        # Nor can it say that a shape fits its data, nor how long the JSON in a body is.
        {
            "include-path-regex": "/infer$",
            "checks": {"positive_data_acceptance": {"enabled": False}},
        },
    ],
)
NAMED: tuple[DialectName, ...] = ("comprehend", "classify", "oip")
"""All but one of the two that are asked at one address."""
OTHER: tuple[DialectName, ...] = ("huggingface",)


def document(*dialects: DialectName) -> dict[str, Any]:
    """Return the document of a service with these dialects, without the service's own routes."""
    whole = create_app(Settings(dialects=dialects)).openapi()
    own = create_app(Settings()).openapi()
    return whole | {
        "paths": {path: each for path, each in whole["paths"].items() if path not in own["paths"]}
    }


named = schemathesis.openapi.from_dict(document(*NAMED), config=CONFIG)
other = schemathesis.openapi.from_dict(document(*OTHER), config=CONFIG)


def test_they_are_all_tried() -> None:
    assert {*NAMED, *OTHER} == set(ALL)


@pytest.fixture(scope="module")
def url_of_named(tiny_store: Path) -> Iterator[str]:
    """Run a service with all dialects but one."""
    with service(tiny_store, dialects=NAMED) as url:
        yield url


@pytest.fixture(scope="module")
def url_of_other(tiny_store: Path) -> Iterator[str]:
    """Run a service with the other one."""
    with service(tiny_store, dialects=OTHER) as url:
        yield url


def check(case: schemathesis.Case[Any], url: str) -> None:
    """Send a case, and check the answer."""
    is_legal = UNKNOWN_HEADER in (case.headers or {})
    case.call_and_validate(base_url=url, excluded_checks=[negative_data_rejection] if is_legal else [])


@named.parametrize()
def test_the_dialects_are_what_they_say(case: schemathesis.Case[Any], url_of_named: str) -> None:
    check(case, url_of_named)


@other.parametrize()
def test_the_other_is_what_it_says(case: schemathesis.Case[Any], url_of_other: str) -> None:
    check(case, url_of_other)
