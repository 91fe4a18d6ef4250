"""What the page says when something is wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visits import visit
from tests.service.reverse_proxy import Refusals, behind
from tests.service.running import process, service

pytestmark = pytest.mark.xdist_group("browser")

KEY = "a-key-that-nobody-guesses"
TEXT = "A wonderful film."


@pytest.fixture(scope="module")
def guarded(tiny_store: Path) -> Iterator[str]:
    """The address of a service with a key."""
    with service(tiny_store, api_keys=KEY) as url:
        yield f"{url}/"


def problem(page: Page) -> str:
    """Return what the page says is wrong with the review."""
    words = page.locator(".pane .problem")
    expect(words).to_be_visible()
    return words.inner_text()


def test_it_asks_for_a_key_and_keeps_it_in_memory_alone(browser: Browser, guarded: str) -> None:
    with visit(browser, guarded) as found:
        page = found.page
        expect(page.get_by_label("This service needs an API key")).to_be_visible()
        assert problem(page) == "The service needs an API key."
        page.fill("#key", "a-key-that-is-not-right")
        page.get_by_role("button", name="Use key").click()
        expect(page.locator("#key-problem")).to_have_text("The service does not know this key.")
        page.fill("#key", KEY)
        page.get_by_role("button", name="Use key").click()
        expect(page.locator("#key-form")).to_be_hidden()
        expect(page.locator(".verdict")).to_be_visible()
        expect(page.locator("#health-state")).to_contain_text("Ready")
        expect(page.locator("#snippet-code")).to_contain_text("$SENTIMENT_KEY")
        assert KEY not in page.locator("#snippet-code").inner_text()
        kept = page.evaluate(
            "[localStorage.length, sessionStorage.length, document.cookie, document.body.innerHTML]"
        )
        assert kept[:3] == [0, 0, ""]
        assert KEY not in kept[3]
        page.get_by_role("tab", name="Models").click()
        page.get_by_text("Report:").click()
        page.wait_for_selector(".model canvas[width]")
        page.reload()
        expect(page.locator("#key-form")).to_be_visible()
        found.messages = [each for each in found.messages if "401" not in each]


def test_a_service_that_stops_is_said_to_be_unreachable(
    browser: Browser, tiny_store: Path, tmp_path: Path
) -> None:
    with process(tmp_path, "--model-store", str(tiny_store)) as started:
        started.wait_for("ready")
        with visit(browser, f"{started.url()}/") as found:
            page = found.page
            page.wait_for_selector(".verdict")
            started.kill()
            page.fill("#text-first", TEXT)
            assert problem(page).startswith("The service cannot be reached.")
            expect(page.locator("#health-state")).to_contain_text("cannot be reached")
            found.failures.clear()
            found.messages.clear()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, "The service is busy: more is waiting than it can answer in time. Try again in 2 seconds."),
        (503, "No model is ready yet. Try again in 2 seconds."),
    ],
)
def test_overload_is_said_in_words_and_tried_again(
    browser: Browser, address: str, status: int, words: str
) -> None:
    refusals = Refusals([(status, "2")], route="/predict")
    with (
        behind(address.rstrip("/"), strips=True, refusals=refusals) as url,
        visit(browser, f"{url}/") as found,
    ):
        assert problem(found.page) == words
        expect(found.page.locator(".verdict")).to_be_visible()
        expect(found.page.locator(".pane .problem")).to_be_hidden()
        found.messages = [each for each in found.messages if str(status) not in each]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, "No explanation now. The service is busy"),
        (503, "No explanation now. No model is ready yet."),
        (504, "No explanation now. The answer was not ready in time."),
        (404, "This service gives no explanations."),
    ],
)
def test_without_an_explanation_the_score_is_still_there(
    browser: Browser, address: str, status: int, words: str
) -> None:
    refusals = Refusals([(status, "1")], route="/explain")
    with (
        behind(address.rstrip("/"), strips=True, refusals=refusals) as url,
        visit(browser, f"{url}/") as found,
    ):
        expect(found.page.locator(".explanation")).to_contain_text(words)
        expect(found.page.locator(".verdict")).to_be_visible()
        found.messages = [each for each in found.messages if str(status) not in each]


def test_a_text_that_is_too_long_is_said_so(browser: Browser, tiny_limits: str) -> None:
    with visit(browser, tiny_limits) as found:
        page = found.page
        page.wait_for_selector(".verdict")
        page.fill("#text-first", "x" * 3000)
        assert problem(page) == "This is too much text for one request."
        page.fill("#text-first", "y" * 1500)
        expect(page.locator(".pane .problem")).to_have_text(
            "The service cannot take this text: it has 1500 characters, and at most 1000 are accepted."
        )
        page.fill("#text-first", TEXT)
        expect(page.locator(".verdict")).to_be_visible()
        found.messages = [each for each in found.messages if "413" not in each and "422" not in each]
