"""Models with more than two labels: bars, colours, an edit, files, a candidate."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from model_store import Reason, Rollout, Store
from tests.browser.conftest import ADMIN_KEY
from tests.browser.test_access import LAPTOP, PHONE
from tests.browser.visits import Visit, save, violations, visit
from tests.sample_reviews import made_up_reviews, write_jsonl
from tests.service import stores
from tests.service.running import service
from training.__main__ import main as train

pytestmark = pytest.mark.xdist_group("browser")

LABELS = ("negative", "neutral", "positive")
PRAISE = "It is set in Paris. I loved it! Two hours long."
BLAME = "It is set in Paris. I hated it! Two hours long."
NEITHER = "It is set in Paris. There is a train. Two hours long."


def three_kinds() -> list[dict[str, object]]:
    """Return made-up reviews, with those among them that say nothing of the film."""
    reviews = [row | {"label": LABELS[2 if row["label"] else 0]} for row in made_up_reviews()]
    plain = {str(row["text"]).rpartition("! ")[2] for row in reviews}
    lines = sorted(f"{one} {other}" for one in plain for other in plain)
    texts = [f"{line} {end}" for line in lines for end in sorted(plain)]
    return reviews + [
        {"id": f"neutral/{number}", "text": text, "label": "neutral", "movie": f"tt{number % 25}"}
        for number, text in enumerate(texts)
    ]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory, tiny_recipe: Path) -> Iterator[str]:
    """The address of a service with a trained version of three labels, and a candidate of the same labels."""
    folder = tmp_path_factory.mktemp("three")
    reviews = write_jsonl(folder / "reviews.jsonl", three_kinds())
    paths = ["--train", str(reviews), "--store", str(folder / "store"), "--run-folder", str(folder / "run")]
    assert train(["fit", "--recipe", str(tiny_recipe), "--device", "cpu", *paths]) == 0
    store = Store(folder / "store")
    store.publish(stores.draft(labels=LABELS))
    store.set_rollout("reviews", Rollout(candidate=2, canary=0.0, shadow=0.0), Reason(action="rollout"))
    with service(store.root, admin_keys=ADMIN_KEY, lanes=2) as url:
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        httpx.post(f"{url}/admin/refresh", headers=headers, timeout=60).raise_for_status()
        yield f"{url}/"


@pytest.fixture
def tab_of_three(browser: Browser, three: str) -> Iterator[Visit]:
    """A tab with the page, its example scored by both versions."""
    with visit(browser, three) as found:
        expect(found.page.locator(".verdict")).to_have_count(2)
        yield found


def probabilities(url: str, text: str, version: str = "live") -> dict[str, float]:
    query = "1" if version == "live" else version
    answer = httpx.post(f"{url}predict?version={query}", json={"reviews": [text]}).raise_for_status().json()
    found: dict[str, float] = answer["predictions"][0]["probabilities"]
    return found


def percent(ratio: float) -> str:
    """Return a ratio as the page writes it."""
    return f"{100 * ratio:.1f} %"


def type_review(page: Page, text: str, box: str = "#text-first") -> None:
    """Type a text, and wait until the page has scored and explained it."""
    page.fill(box, text)
    expect(page.locator(".pane", has=page.locator(box))).to_have_attribute("aria-busy", "false")


def background(page: Page, selector: str) -> list[str]:
    """Return the colour of each element."""
    return [
        str(each)
        for each in page.eval_on_selector_all(
            selector, "(all) => all.map((each) => getComputedStyle(each).backgroundColor)"
        )
    ]


def test_every_label_has_a_bar_in_a_colour_of_its_own(tab_of_three: Visit, three: str) -> None:
    page = tab_of_three.page
    for text, label in ((PRAISE, "positive"), (BLAME, "negative"), (NEITHER, "neutral")):
        type_review(page, text)
        for index, version in enumerate(("live", "candidate")):
            verdict = page.locator(".verdict").nth(index)
            rows = verdict.locator(".bars li").all()
            expected = probabilities(three, text, version)
            assert tuple(expected) == LABELS
            assert [row.inner_text().split() for row in rows] == [
                [name, *percent(ratio).split()] for name, ratio in expected.items()
            ]
        expect(page.locator(".verdict strong").first).to_have_text(label)
    colours = background(page, ".verdict:first-child .fill")
    assert len(set(colours)) == 3


@pytest.mark.parametrize(("text", "label"), [(PRAISE, "positive"), (NEITHER, "neutral")])
def test_words_are_coloured_towards_the_label_or_away_from_it(
    tab_of_three: Visit, three: str, text: str, label: str
) -> None:
    page = tab_of_three.page
    type_review(page, text)
    body = {"reviews": [text], "unit": "both", "offsets": "utf16"}
    [explanation] = httpx.post(f"{three}explain?version=1", json=body, timeout=60).json()["explanations"]
    words = page.locator(".word").all()
    assert len(words) == len(explanation["tokens"])
    styles = {True: set[str](), False: set[str]()}
    for word, token in zip(words, explanation["tokens"], strict=True):
        is_for = token["contribution"] >= 0
        way = f"towards {label}" if is_for else f"away from {label}"
        sign = "+" if is_for else "−"
        name = f"{token['text']}: {sign}{abs(token['contribution']):.2f} {way}"
        assert (word.get_attribute("aria-label") or "").startswith(name)
        styles[is_for].add(str(word.evaluate("(each) => each.style.getPropertyValue('--label')")))
    assert all(len(each) == 1 for each in styles.values())
    assert styles[False] == {"var(--against)"}
    assert styles[True] != styles[False]
    expect(page.locator(".legend")).to_contain_text(f"towards {label}")
    expect(page.locator(".legend")).to_contain_text(f"away from {label}")
    expect(page.locator(".strip-scale")).to_have_text(f"height: probability of {label}")
    heights = page.eval_on_selector_all(
        ".strip .bar", "(all) => all.map((each) => parseFloat(each.style.height))"
    )
    alone = [100 * sentence["alone"] for sentence in explanation["sentences"]]
    assert heights == pytest.approx(alone, abs=0.01)


def test_an_edit_that_keeps_the_label_is_explained_by_its_words(tab_of_three: Visit, three: str) -> None:
    page = tab_of_three.page
    type_review(page, PRAISE)
    page.get_by_role("button", name="Edit and compare").click()
    edited = PRAISE.replace("I loved it", "simply superb")
    type_review(page, edited, "#text-edited")
    was, now = (probabilities(three, text)["positive"] for text in (PRAISE, edited))
    changes = page.locator("#changes")
    expect(changes.locator(".delta")).to_have_text([f"positive {percent(was)} → {percent(now)}"])
    expect(changes).to_contain_text("The label stays positive.")
    expect(changes.locator("tbody")).to_contain_text("loved")


def test_an_edit_that_turns_the_label_shows_both(tab_of_three: Visit, three: str) -> None:
    page = tab_of_three.page
    type_review(page, NEITHER)
    page.get_by_role("button", name="Edit and compare").click()
    type_review(page, BLAME, "#text-edited")
    before, after = (probabilities(three, text) for text in (NEITHER, BLAME))
    changes = page.locator("#changes")
    expect(changes.locator(".delta")).to_have_text(
        [f"{label} {percent(before[label])} → {percent(after[label])}" for label in ("neutral", "negative")]
    )
    expect(changes).to_contain_text("The label turns from neutral to negative.")
    expect(changes).to_contain_text("so they cannot be compared")
    assert changes.locator("table").count() == 0


def test_a_list_is_scored_filtered_and_saved(tab_of_three: Visit, three: str, tmp_path: Path) -> None:
    page = tab_of_three.page
    texts = [PRAISE, BLAME, NEITHER]
    page.get_by_role("tab", name="Many").click()
    page.fill("#list", "\n".join(texts))
    page.get_by_role("button", name="Score the list").click()
    expect(page.locator("#run-text")).to_contain_text("of 3 scored in")
    shares = [row.inner_text().split() for row in page.locator("#shares .bars li").all()]
    assert shares == [[label, "33.3", "%"] for label in LABELS]
    expect(page.locator("#histogram h3")).to_have_text("Probability of positive")
    assert len(set(background(page, "#histogram .columns span"))) == 1
    expect(page.locator('#table th[data-by="top"]')).to_have_text("P(positive)")
    rows = list(csv.DictReader(io.StringIO(save(page, "Save CSV", tmp_path), newline="")))
    expected = [probabilities(three, text) for text in texts]
    for row, found in zip(rows, expected, strict=True):
        assert {label: float(row[f"probability_{label}"]) for label in LABELS} == found
    assert page.locator("#filter option").all_inner_texts() == ["all rows", *LABELS, "not scored"]
    page.select_option("#filter", "neutral")
    expect(page.locator("#table td.text")).to_have_text([NEITHER])


@pytest.mark.parametrize(
    ("theme", "viewport"),
    [("light", LAPTOP), ("dark", LAPTOP), ("light", PHONE), ("dark", PHONE)],
    ids=["light", "dark", "light phone", "dark phone"],
)
def test_everybody_can_use_it(browser: Browser, three: str, theme: str, viewport: dict[str, int]) -> None:
    with visit(browser, three, color_scheme=theme, viewport=viewport) as found:
        page = found.page
        expect(page.locator(".verdict")).to_have_count(2)
        type_review(page, NEITHER)
        page.get_by_role("button", name="Edit and compare").click()
        type_review(page, BLAME, "#text-edited")
        width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1]
        assert violations(page) == []


@pytest.mark.parametrize(
    "labels",
    [("0.5", "1", "1.5"), ("very negative", "negative", "neutral", "positive", "very positive")],
    ids=["half stars", "five degrees"],
)
def test_a_scale_goes_from_its_lowest_label_to_its_highest(
    browser: Browser, tmp_path: Path, labels: tuple[str, ...]
) -> None:
    # Training sorts numbers by size, and names by the alphabet.
    in_version = labels if labels[0] == "0.5" else tuple(sorted(labels))
    root = stores.publish(tmp_path / "store", stores.draft(labels=in_version))
    with service(root) as url, visit(browser, f"{url}/") as found:
        page = found.page
        page.wait_for_selector(".verdict")
        assert tuple(page.locator(".verdict .bars li > span:first-child").all_inner_texts()) == labels
        colours = background(page, ".verdict .fill")
        assert len(set(colours)) == len(labels)
        page.get_by_role("tab", name="Many").click()
        page.fill("#list", PRAISE)
        page.get_by_role("button", name="Score the list").click()
        expect(page.locator("#histogram h3")).to_have_text(f"Probability of {labels[-1]}")
