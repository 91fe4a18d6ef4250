"""The page behind a prefix, and the page of the API's documentation."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visits import Visit, visit
from tests.service.reverse_proxy import PREFIX, behind
from tests.service.running import service

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def prefixed(tiny_store: Path) -> Iterator[str]:
    """The own address of a service with a prefix."""
    with service(tiny_store, root_path=PREFIX) as url:
        yield url


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("strips", [True, False])
def test_the_page_works_behind_a_prefix(browser: Browser, prefixed: str, strips: bool, slash: str) -> None:
    with behind(prefixed, strips=strips) as url, visit(browser, f"{url}{slash}") as found:
        expect(found.page.locator(".verdict")).to_be_visible()
        expect(found.page.locator("#health-state")).to_contain_text("Ready")
        expect(found.page.locator("#snippet-code")).to_contain_text(f"'{url}/predict'")
        found.page.get_by_role("link", name="API").click()
        expect(found.page.get_by_text("/predict", exact=True).first).to_be_visible()


def test_the_documentation_page_breaks_no_rule_of_its_policy(tab: Visit) -> None:
    tab.page.get_by_role("link", name="API").click()
    operation = tab.page.locator(".opblock", has_text="/readyz")
    operation.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table")).to_contain_text('"status": "ready"')
