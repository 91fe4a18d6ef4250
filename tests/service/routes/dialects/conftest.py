"""What the tests of the dialects share."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.service.routes.dialects.clients import ALL, KEY, bearer
from tests.service.running import service


@pytest.fixture(scope="session")
def speaking(tiny_store: Path) -> Iterator[str]:
    """Run a service with all dialects, which needs a key; return its URL."""
    with service(tiny_store, dialects=ALL, api_keys=KEY, max_body_bytes=8192) as url:
        yield url


@pytest.fixture
def asking(speaking: str) -> Iterator[httpx.Client]:
    """Return a client of that service with its key."""
    with httpx.Client(base_url=speaking, headers=bearer(), timeout=60) as client:
        yield client
