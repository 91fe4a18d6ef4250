"""One tab of a browser: what a test does in it, and what it asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

__all__ = ["Visit", "drop", "save", "violations", "visit"]

ABORTED = "net::ERR_ABORTED"
"""The page itself gives up a request when its text has changed."""


@dataclass(slots=True)
class Visit:
    """One tab, with what went wrong in it and what it asked for."""

    page: Page
    url: str
    requests: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Fail if anything came from elsewhere, could not be had, or was complained about."""
        assert [each for each in self.requests if not each.startswith(self.url)] == []
        assert self.failures == []
        assert self.messages == []


@contextmanager
def visit(browser: Browser, url: str, **options: Any) -> Iterator[Visit]:  # noqa: ANN401  # Playwright's own
    """Open a page in a browser profile of its own; at the end, everything that it did is checked."""
    with browser.new_context(**options) as context:
        page = context.new_page()
        found = Visit(page=page, url=url)
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("requestfailed", lambda request: found.failures.extend(_failure(request)))
        page.on("console", lambda message: found.messages.extend(_message(message)))
        page.on("pageerror", lambda error: found.messages.append(str(error)))
        page.goto(url)
        yield found
        found.check()


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with the page as it is shown now, a line for each element."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


def drop(page: Page, name: str, content: str) -> None:
    """Drop a file on the page."""
    transfer = page.evaluate_handle(
        "([name, content]) => { const transfer = new DataTransfer();"
        " transfer.items.add(new File([content], name)); return transfer; }",
        [name, content],
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})


def save(page: Page, button: str, folder: Path) -> str:
    """Press a button that saves a file; return what is in it."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path.read_text(encoding="utf-8")


def _failure(request: Request) -> list[str]:
    return [] if request.failure == ABORTED else [f"{request.url}: {request.failure}"]


def _message(message: ConsoleMessage) -> list[str]:
    return [message.text] if message.type in ("error", "warning") else []
