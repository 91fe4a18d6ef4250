"""For everybody: by keyboard, on a phone, in both themes, with a screen reader, without motion."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visits import Visit, violations, visit

pytestmark = pytest.mark.xdist_group("browser")

PHONE = {"width": 320, "height": 640}
LAPTOP = {"width": 1280, "height": 800}
FOCUSED = """() => {
  const element = document.activeElement, box = element.getBoundingClientRect();
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return {
    name: element.id || element.getAttribute('aria-label') || element.textContent.trim(),
    outline: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
    area: box.width * box.height,
  };
}"""
MAX_STEPS = 120


@pytest.fixture(
    params=[("light", LAPTOP), ("dark", LAPTOP), ("light", PHONE)], ids=["light", "dark", "phone"]
)
def everywhere(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A tab in each theme, and on a phone."""
    theme, viewport = request.param
    with visit(browser, address, color_scheme=theme, viewport=viewport) as found:
        found.page.wait_for_selector(".word")
        yield found


def open_everything(page: Page) -> Iterator[str]:
    """Yield the name of each tab while it shows all that it can show."""
    page.get_by_role("button", name="Edit and compare").click()
    page.fill(
        "#text-edited", "A terrible film. I hated it! It zzyzx in Paris. " + "It is set in Paris. " * 10
    )
    page.wait_for_selector("#changes table")
    yield "Try"
    page.get_by_role("tab", name="Many").click()
    page.get_by_role("button", name="Use a sample").click()
    page.get_by_role("button", name="Score the list").click()
    expect(page.locator("#run-text")).to_contain_text("scored in")
    yield "Many"
    page.get_by_role("tab", name="Models").click()
    for summary in page.locator(".model summary").all():
        summary.click()
    page.wait_for_function(
        "[...document.querySelectorAll('.model canvas')].every((each) => each.width > 300)"
    )
    page.wait_for_selector(".prose h3")
    yield "Models"


def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(everywhere: Visit) -> None:
    page = everywhere.page
    for name in open_everything(page):
        width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], name
        assert violations(page) == [], name


def walk(page: Page) -> list[str]:
    """Press Tab until the focus leaves the page; return what had it, each with a mark that can be seen."""
    names: list[str] = []
    for _ in range(MAX_STEPS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            return names
        focused = page.evaluate(FOCUSED)
        assert focused["outline"] or focused["name"] == "file", focused
        assert focused["area"] > 0, focused
        names.append(focused["name"])
    raise AssertionError(names)


def test_the_keyboard_reaches_everything_and_leaves_again(tab: Visit) -> None:
    page = tab.page
    page.wait_for_selector(".word")
    names = walk(page)
    wanted = ["tab-try", "API", "A mixed review", "compare", "text-first", "tab-curl", "copy", "snippet"]
    assert [name for name in wanted if name not in names] == []
    # One stop for all words, and one for all sentences: the arrow keys move within.
    assert sum(name.startswith("Sentence ") for name in names) == 1
    assert sum(": +" in name or ": −" in name for name in names) == 1


def test_tabs_are_changed_with_the_arrow_keys(tab: Visit) -> None:
    page = tab.page
    page.locator("#tab-try").focus()
    for key, name in (
        ("ArrowRight", "many"),
        ("ArrowRight", "models"),
        ("ArrowRight", "try"),
        ("ArrowLeft", "models"),
    ):
        page.keyboard.press(key)
        expect(page.locator(f"#tab-{name}")).to_be_focused()
        expect(page.locator(f"#{name}")).to_be_visible()
    assert page.url.endswith("#models")
    page.reload()
    expect(page.locator("#models")).to_be_visible()


def test_who_wants_no_motion_gets_none(browser: Browser, address: str) -> None:
    with visit(browser, address, reduced_motion="reduce") as found:
        found.page.wait_for_selector(".verdict")
        moves = "(each) => getComputedStyle(each).transitionDuration !== '0s'"
        assert found.page.evaluate(f"[...document.querySelectorAll('*')].filter({moves}).length") == 0
