"""The first tab: one review, its score, and why."""

import json
import re
import subprocess
import sys

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visits import Visit, visit

pytestmark = pytest.mark.xdist_group("browser")

PRAISE = "A wonderful film. I loved it! It is set in Paris."
BLAME = "A terrible film. I hated it! It is set in Paris."


def predict(api: httpx.Client, text: str) -> dict[str, float]:
    answer = api.post("predict", json={"reviews": [text]}).raise_for_status().json()
    probabilities: dict[str, float] = answer["predictions"][0]["probabilities"]
    return probabilities


def explain(api: httpx.Client, text: str) -> dict[str, list[dict[str, float | str]]]:
    body = {"reviews": [text], "unit": "both", "offsets": "utf16"}
    explanation: dict[str, list[dict[str, float | str]]] = (
        api.post("explain", json=body).raise_for_status().json()["explanations"][0]
    )
    return explanation


def percent(ratio: float) -> str:
    """Return a ratio as the page writes it."""
    return f"{100 * ratio:.1f} %"


def shown(page: Page, pane: int = 0) -> dict[str, str]:
    """Return the probability of each label as the page shows it."""
    rows = page.locator(".pane").nth(pane).locator(".bars li").all()
    return {row.locator("span").first.inner_text(): row.locator(".value").inner_text() for row in rows}


def type_review(page: Page, text: str, box: str = "#text-first") -> None:
    """Type a text, and wait until the page has scored and explained it."""
    page.fill(box, text)
    expect(page.locator(".pane", has=page.locator(box))).to_have_attribute("aria-busy", "false")


def test_it_opens_with_an_example_that_is_scored(tab: Visit, api: httpx.Client) -> None:
    page = tab.page
    text = page.input_value("#text-first")
    probabilities = predict(api, text)
    assert len(text) > 100
    assert shown(page) == {label: percent(ratio) for label, ratio in probabilities.items()}
    expect(page.locator(".verdict strong")).to_have_text(max(probabilities, key=probabilities.__getitem__))


def test_what_is_typed_is_scored(tab: Visit, api: httpx.Client) -> None:
    for text in (PRAISE, BLAME):
        type_review(tab.page, text)
        assert shown(tab.page) == {label: percent(ratio) for label, ratio in predict(api, text).items()}


def test_values_are_read_by_keyboard(tab: Visit, api: httpx.Client) -> None:
    page = tab.page
    type_review(page, PRAISE)
    explanation = explain(api, PRAISE)
    page.locator(".word").first.focus()
    for token in explanation["tokens"][:4]:
        focused = page.locator(".word:focus")
        contribution = float(token["contribution"])
        name = focused.get_attribute("aria-label") or ""
        assert name.startswith(f"{token['text']}: {'−' if contribution < 0 else '+'}{abs(contribution):.2f} ")
        expect(page.locator("#tip")).to_contain_text(f"{abs(contribution):.2f}")
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator("#tip")).to_be_hidden()


def test_the_pointer_shows_values_and_the_strip_shows_sentences(tab: Visit, api: httpx.Client) -> None:
    page = tab.page
    type_review(page, PRAISE)
    explanation = explain(api, PRAISE)
    page.locator(".word").nth(1).hover()
    expect(page.locator("#tip")).to_contain_text("towards")
    columns = page.locator(".strip button")
    assert columns.count() == len(explanation["sentences"]) == 3
    columns.nth(1).hover()
    alone = float(explanation["sentences"][1]["alone"])
    expect(page.locator("#tip")).to_contain_text(f"by itself {percent(alone)}")
    marked = page.locator(".word.on").all_inner_texts()
    assert "loved" in marked
    assert "wonderful" not in marked


def test_the_words_of_the_text_stay_as_they_were_typed(tab: Visit) -> None:
    text = "Ça alors 😀😀 — l’été &amp; <b>wonderful</b>\n\n  e\u0301tonnant, 👩‍👩‍👧 superb!"
    type_review(tab.page, text)
    assert tab.page.locator(".reading").evaluate("(box) => box.textContent") == text
    assert tab.page.locator(".reading b").count() == 0


def test_an_emoji_of_several_code_points_is_one_word(tab: Visit) -> None:
    emoji = ["👍🏽", "👩\u200d🍳", "🇩🇪", "1\ufe0f\u20e3", "❤\ufe0f"]
    type_review(tab.page, f"Wonderful {' '.join(emoji)} film")
    assert tab.page.locator(".word").all_inner_texts() == ["Wonderful", *emoji, "film"]


def test_unknown_words_are_underlined_and_what_is_not_read_is_struck_through(tab: Visit) -> None:
    page = tab.page
    type_review(page, "A wonderful zzzyzx. " + "It is set in Paris. " * 20)
    unknown = page.locator(".word.unknown").all_inner_texts()
    assert "zzzyzx" in unknown
    assert "wonderful" not in unknown
    assert page.locator(".unread").count() > 0
    expect(page.locator(".notes")).to_contain_text("reads only a part")


def test_an_edit_is_compared_with_the_original(tab: Visit, api: httpx.Client) -> None:
    page = tab.page
    type_review(page, PRAISE)
    page.get_by_role("button", name="Edit and compare").click()
    expect(page.locator("#text-edited")).to_be_focused()
    expect(page.locator("#text-edited")).to_have_value(PRAISE)
    type_review(page, BLAME, "#text-edited")
    before, after = (predict(api, text)["positive"] for text in (PRAISE, BLAME))
    changes = page.locator("#changes")
    expect(changes.locator(".delta")).to_have_text(f"positive {percent(before)} → {percent(after)}")
    rows = [row.split("\t")[:2] for row in changes.locator("tbody").inner_text().splitlines()]
    assert ["wonderful", "taken out"] in rows or ["loved", "taken out"] in rows
    assert ["terrible", "added"] in rows or ["hated", "added"] in rows
    expect(page.locator("#text-first")).to_have_value(PRAISE)
    page.get_by_role("button", name="Stop comparing").click()
    expect(changes).to_be_hidden()
    assert page.locator(".pane").count() == 1


def test_nothing_typed_is_an_invitation(tab: Visit) -> None:
    tab.page.fill("#text-first", "  ")
    expect(tab.page.get_by_text("Type a review, or choose an example.")).to_be_visible()
    assert tab.page.locator(".verdict").count() == 0


TRICKY = "It's \"so\" good,\n$HOME `id` \\n it isn't 'bad' 😀"


def snippet(page: Page, language: str) -> str:
    page.get_by_role("tab", name=language).click()
    return page.locator("#snippet-code").inner_text()


def test_the_snippets_do_what_the_page_does(tab: Visit, api: httpx.Client) -> None:
    page = tab.page
    type_review(page, TRICKY)
    expected = predict(api, TRICKY)
    curl = subprocess.run(["bash", "-c", snippet(page, "curl")], capture_output=True, check=True)
    assert json.loads(curl.stdout)["predictions"][0]["probabilities"] == expected
    program = [sys.executable, "-c", snippet(page, "Python")]
    python = subprocess.run(program, capture_output=True, check=True, text=True)
    assert float(python.stdout.split()[1]) == max(expected.values())
    script = snippet(page, "JavaScript").replace("console.log(predictions);", "return predictions;")
    assert page.evaluate(f"async () => {{ {script} }}")[0]["probabilities"] == expected


def test_one_click_copies(browser: Browser, address: str) -> None:
    with visit(browser, address, permissions=["clipboard-read", "clipboard-write"]) as found:
        text = snippet(found.page, "Python")
        found.page.get_by_role("button", name="Copy").click()
        expect(found.page.get_by_role("button", name="Copied")).to_be_visible()
        assert found.page.evaluate("navigator.clipboard.readText()") == text


def test_the_health_strip_counts_since_the_page_was_opened(tab: Visit) -> None:
    page = tab.page
    strip = page.locator("#health")
    expect(strip).to_contain_text("this replica, since you opened the page")
    type_review(page, PRAISE)
    expect(strip.locator("dl")).to_contain_text(re.compile(r"requests\s*[1-9]"))
    expect(strip.locator("dl")).to_contain_text(re.compile(r"half within\s*\d"))
