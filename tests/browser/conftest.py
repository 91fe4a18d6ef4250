"""A browser for the tests of this folder, and the services that it visits."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.visits import Visit, visit
from tests.service.running import service
from tools.chromium import find_chromium, launch

ADMIN_KEY = "an-admin-key-of-a-test"
PATIENCE_MS = 60_000


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A Chromium, closed before tests of other folders run: Playwright keeps an event loop running."""
    path = find_chromium()
    if path is None:
        pytest.skip("there is no Chromium on this machine: install it, or name it in CHROMIUM")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        found = launch(playwright, path)
        yield found
        found.close()


@pytest.fixture(scope="package")
def address(tiny_store: Path) -> Iterator[str]:
    """The address of a service with a tiny model."""
    with service(tiny_store, lanes=2, admin_keys=ADMIN_KEY) as url:
        yield f"{url}/"


@pytest.fixture
def tab(browser: Browser, address: str) -> Iterator[Visit]:
    """A tab with the page, its example scored."""
    with visit(browser, address) as found:
        found.page.wait_for_selector(".verdict")
        yield found


@pytest.fixture
def api(address: str) -> Iterator[httpx.Client]:
    """A client of the same service."""
    with httpx.Client(base_url=address, timeout=60) as client:
        yield client


@pytest.fixture(scope="package")
def tiny_limits(tiny_store: Path) -> Iterator[str]:
    """The address of a service that takes little at a time."""
    with service(tiny_store, max_body_bytes=2048, max_review_characters=1000) as url:
        yield f"{url}/"
