"""Pictures of the page for the README and the guide: `python -m tools.screenshots FOLDER`.

They show the released model on a service that this starts, in a real Chromium.
"""

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.process import ServiceProcess
from tools.chromium import find_chromium, launch

LAPTOP = {"width": 1200, "height": 860}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 60_000
NUM_COLOURS = 256
"""In a picture, so that it is small; the page has few."""
EDITED = (
    "The first half is wonderful: funny, warm, and beautifully filmed. Then the story takes off, and the "
    "last hour flies by so fast that I never looked at my watch. The cast is great. Still, I left with a "
    "smile, mostly because of her performance."
)


def settle(page: Page) -> None:
    """Return when every review is scored and explained."""
    for pane in page.locator(".pane").all():
        expect(pane).to_have_attribute("aria-busy", "false")
    expect(page.locator("#health-state")).to_contain_text("Ready")


def point_at_a_word(page: Page) -> None:
    """Show the value of a word."""
    settle(page)
    page.locator(".word", has_text="badly").hover()


def compare(page: Page) -> None:
    """Show an edit beside the original."""
    page.get_by_role("button", name="Edit and compare").click()
    page.fill("#text-edited", EDITED)
    page.wait_for_selector("#changes table")
    settle(page)
    page.locator("#text-edited").blur()


def score_many(page: Page) -> None:
    """Show the sample, scored."""
    page.get_by_role("tab", name="Many").click()
    page.get_by_role("button", name="Use a sample").click()
    page.get_by_role("button", name="Score the list").click()
    expect(page.locator("#run-text")).to_contain_text("scored in")


def show_models(page: Page) -> None:
    """Show the report's pictures."""
    page.get_by_role("tab", name="Models").click()
    page.get_by_text("Report:").click()
    page.wait_for_selector(".pictures figure:nth-of-type(4) canvas[width]")


PICTURES: dict[str, tuple[str, dict[str, int], Callable[[Page], None]]] = {
    "page-light": ("light", LAPTOP, point_at_a_word),
    "page-dark": ("dark", LAPTOP, point_at_a_word),
    "page-compare": ("light", {**LAPTOP, "height": 1130}, compare),
    "page-many": ("light", {**LAPTOP, "height": 1000}, score_many),
    "page-models": ("dark", LAPTOP, show_models),
    "page-phone": ("light", PHONE, settle),
}
"""Each picture with its theme, its screen, and what is done before it is taken."""


def take(browser: Browser, url: str, name: str) -> bytes:
    """Return a picture as PNG."""
    theme, viewport, prepare = PICTURES[name]
    options: dict[str, Any] = {"color_scheme": theme, "viewport": viewport, "reduced_motion": "reduce"}
    with browser.new_context(**options, device_scale_factor=2 if viewport is PHONE else 1) as context:
        page = context.new_page()
        page.goto(url)
        settle(page)
        prepare(page)
        return small(page.screenshot())


def small(png: bytes) -> bytes:
    """Return a PNG with fewer colours."""
    image = Image.open(io.BytesIO(png)).convert("RGB").quantize(NUM_COLOURS, dither=Image.Dither.NONE)
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()


def main(folder: Path) -> int:
    """Write all pictures into a folder."""
    path = find_chromium()
    if path is None:
        sys.stderr.write("error: there is no Chromium on this machine: install it, or name it in CHROMIUM\n")
        return 2
    expect.set_options(timeout=PATIENCE_MS)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        service = ServiceProcess(Path(scratch), "--lanes", "2")
        try:
            service.wait_for("ready")
            browser = launch(playwright, path)
            for name in PICTURES:
                (folder / f"{name}.png").write_bytes(take(browser, service.url(), name))
            browser.close()
        finally:
            service.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
