"""What the page costs: its bytes, the time to the first score, the longest freeze while many rows are scored.

`python -m bench.page` prints it, with the released model and a real Chromium on this machine.
"""

import argparse
import gzip
import statistics
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.process import ServiceProcess
from service.routes.page import FILES
from tools.chromium import find_chromium, launch

NUM_VISITS = 10
NUM_ROWS = 10_000
PATIENCE_MS = 300_000
# Chromium reports what keeps the page from reacting for 50 ms or longer.
WATCH = """
window.freezes = [];
new PerformanceObserver((list) => window.freezes.push(...list.getEntries().map((each) => each.duration)))
  .observe({ type: 'longtask' });
"""


def page_bytes() -> tuple[int, int]:
    """Return the size in bytes of all files of the page, uncompressed and compressed."""
    contents = [(files("service") / "page" / name).read_bytes() for name, _ in FILES.values()]
    return sum(map(len, contents)), sum(len(gzip.compress(content)) for content in contents)


def first_score_ms(browser: Browser, url: str) -> float:
    """Return the time from opening the page, without anything cached, to the example's score."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector(".verdict")
        return float(page.evaluate("performance.getEntriesByName('scored')[0].startTime"))


def freezes_ms(page: Page, url: str, rows: Path) -> list[float]:
    """Return how long the page did not react, each time, while a file was read, scored and sorted."""
    page.goto(url)
    page.wait_for_selector(".verdict")
    page.get_by_role("tab", name="Many").click()
    text = "".join(f"The film number {number} was wonderful, I think.\n" for number in range(NUM_ROWS))
    rows.write_text(text, encoding="utf-8")
    page.evaluate(WATCH)
    page.set_input_files("#file", rows)
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.locator("#run-text")).to_contain_text(f"of {NUM_ROWS:,} scored in", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Confidence").click()
    page.get_by_role("button", name="Review").click()
    found: list[float] = page.evaluate("window.freezes")
    return found


def main() -> int:
    """Print the figures."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    path = find_chromium()
    if path is None:
        sys.stderr.write("error: there is no Chromium on this machine: install it, or name it in CHROMIUM\n")
        return 2
    plain, compressed = page_bytes()
    print(f"bytes: {plain:,}, compressed {compressed:,}")
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        service = ServiceProcess(Path(scratch), "--lanes", "2")
        try:
            service.wait_for("ready")
            browser = launch(playwright, path)
            times = sorted(first_score_ms(browser, service.url()) for _ in range(NUM_VISITS))
            print(f"first score: median {statistics.median(times):.0f} ms, slowest {times[-1]:.0f} ms")
            freezes = freezes_ms(browser.new_page(), service.url(), Path(scratch) / "rows.txt")
            longest = max(freezes, default=0)
            print(f"{NUM_ROWS:,} rows: longest freeze {longest:.0f} ms, {len(freezes)} over 50 ms")
            browser.close()
        finally:
            service.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
