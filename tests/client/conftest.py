"""The services that the clients ask; no test changes what they hold."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.running import service

KEY = "a-key-that-is-long-enough"


@pytest.fixture(scope="package")
def url(tiny_store: Path) -> Iterator[str]:
    """The address of a service."""
    with service(tiny_store) as found:
        yield found


@pytest.fixture(scope="package")
def guarded(tiny_store: Path) -> Iterator[str]:
    """The address of a service that needs a key."""
    with service(tiny_store, api_keys=KEY) as found:
        yield found


@pytest.fixture(scope="package")
def small(tiny_store: Path) -> Iterator[str]:
    """The address of a service that takes little at a time."""
    with service(tiny_store, max_body_bytes=1024) as found:
        yield found
