"""The second tab: lists and files."""

import csv
import io
import json
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visits import Visit, drop, save, visit
from tests.service.reverse_proxy import Refusals, behind

pytestmark = pytest.mark.xdist_group("browser")

TEXTS = ["A wonderful film.", "", 'He said "awful", twice;\nthen, he left', "=1+1", "I hated it! 😀"]
NUM_ROWS = 10_000


def predictions(api: httpx.Client, texts: list[str]) -> list[dict[str, float]]:
    answer = api.post("predict", json={"reviews": texts}).raise_for_status().json()
    return [each["probabilities"] for each in answer["predictions"]]


def score_list(page: Page, texts: list[str]) -> None:
    page.get_by_role("tab", name="Many").click()
    page.fill("#list", "\n".join(texts))
    page.get_by_role("button", name="Score the list").click()


def expect_end(page: Page, num_reviews: int) -> None:
    expect(page.locator("#run-text")).to_contain_text(f"of {num_reviews:,} scored in")


def column(page: Page, name: str) -> list[str]:
    heads = page.locator("#table thead th").all_inner_texts()
    index = next(at for at, head in enumerate(heads) if head.startswith(name))
    return [row.locator("td").nth(index).inner_text() for row in page.locator("#table tbody tr").all()]


def test_a_list_is_scored_sorted_and_filtered(tab: Visit, api: httpx.Client) -> None:
    page = tab.page
    texts = ["I loved it!", "I hated it!", "It is set in Paris.", "A terrible film."]
    score_list(page, texts)
    expect_end(page, 4)
    expected = [f"{100 * each['positive']:.1f} %" for each in predictions(api, texts)]
    assert column(page, "P(positive)") == expected
    page.get_by_role("button", name="P(positive)").click()
    page.get_by_role("button", name="P(positive)").click()
    assert column(page, "P(positive)") == sorted(expected, key=lambda text: float(text[:-2]))
    expect(page.locator('#table th[data-by="top"]')).to_have_attribute("aria-sort", "ascending")
    page.select_option("#filter", "negative")
    assert set(column(page, "Label")) == {"negative"}
    label = page.locator("#histogram .columns").get_attribute("aria-label") or ""
    assert label.startswith("Histogram of the probability of positive. ")
    page.get_by_role("button", name="I hated it!").click()
    expect(page.locator("#text-first")).to_have_value("I hated it!")


def test_a_long_text_is_not_cut_within_an_emoji(tab: Visit) -> None:
    page = tab.page
    score_list(page, ["x" * 215 + "👩🏽\u200d🍳" * 3])
    expect_end(page, 1)
    expect(page.locator("#table td.text")).to_have_text("x" * 215 + " …")


def test_a_csv_file_that_is_dropped_is_scored_and_saved(
    tab: Visit, api: httpx.Client, tmp_path: Path
) -> None:
    page = tab.page
    file = io.StringIO()
    csv.writer(file).writerows([["id", "stars", "body"], *([n, "3", text] for n, text in enumerate(TEXTS))])
    drop(page, "reviews.csv", "\ufeff" + file.getvalue())
    expect(page.locator("#file-name")).to_have_text("reviews.csv: 5 rows")
    assert page.locator("#column option:checked").inner_text() == "body"
    page.get_by_role("button", name="Score", exact=True).click()
    expect_end(page, 5)
    rows = list(csv.DictReader(io.StringIO(save(page, "Save CSV", tmp_path), newline="")))
    assert [(row["id"], row["stars"], row["body"]) for row in rows] == [
        (str(number), "3", text) for number, text in enumerate(TEXTS)
    ]
    assert [row["error"] for row in rows] == ["", "empty", "", "", ""]
    scored = [row for row in rows if not row["error"]]
    expected = predictions(api, [text for text in TEXTS if text])
    assert [float(row["probability_positive"]) for row in scored] == [each["positive"] for each in expected]


def test_a_jsonl_file_is_scored_and_saved(tab: Visit, api: httpx.Client, tmp_path: Path) -> None:
    page = tab.page
    content = "".join(json.dumps({"n": n, "review": text}) + "\n" for n, text in enumerate(TEXTS))
    drop(page, "reviews.jsonl", content)
    page.get_by_role("button", name="Score", exact=True).click()
    expect_end(page, 5)
    rows = [json.loads(line) for line in save(page, "Save JSONL", tmp_path).splitlines()]
    assert [row["review"] for row in rows] == TEXTS
    assert rows[1]["error"] == "empty"
    (first,) = predictions(api, TEXTS[:1])
    assert rows[0]["probabilities"] == first


def test_a_file_that_cannot_be_read_is_said_so(tab: Visit) -> None:
    drop(tab.page, "reviews.jsonl", '{"text": "good"}\n{"text": \n')
    expect(tab.page.locator("#file-name")).to_have_text("reviews.jsonl: Line 2 is not JSON.")
    expect(tab.page.get_by_role("button", name="Score", exact=True)).to_be_disabled()


def test_ten_thousand_rows_are_shown_a_page_at_a_time(tab: Visit) -> None:
    page = tab.page
    drop(page, "many.txt", "".join(f"film {number} was wonderful\n" for number in range(NUM_ROWS)))
    page.get_by_role("button", name="Score", exact=True).click()
    expect_end(page, NUM_ROWS)
    assert page.locator("#table tbody tr").count() == 50
    expect(page.locator("#page-text")).to_have_text("Page 1 of 200, 10,000 rows")
    page.get_by_role("button", name="Next").click()
    assert column(page, "Row")[0] == "51"
    sent = [each for each in tab.requests if each.endswith("/predict")]
    assert len(sent) >= NUM_ROWS / 256


def test_it_waits_when_the_service_is_busy(browser: Browser, address: str) -> None:
    refusals = Refusals([(429, "1"), (503, "1"), (429, "1")], route="/predict", first=2)
    with (
        behind(address.rstrip("/"), strips=True, refusals=refusals) as url,
        visit(browser, f"{url}/") as found,
    ):
        found.page.wait_for_selector(".verdict")
        score_list(found.page, [f"film {number}" for number in range(300)])
        expect(found.page.locator("#run-text")).to_contain_text("The service is busy: going on in")
        expect_end(found.page, 300)
        found.messages = [each for each in found.messages if "429" not in each and "503" not in each]
        assert refusals.num_left == 0
        assert found.page.locator("#table tbody td:nth-child(3) .tag").count() == 50


def test_one_bad_review_fails_alone(browser: Browser, tiny_limits: str) -> None:
    with visit(browser, tiny_limits) as found:
        found.page.wait_for_selector(".verdict")
        texts = [f"film {number}" for number in range(20)]
        texts[7] = "x" * 3000
        score_list(found.page, texts)
        expect_end(found.page, 20)
        found.page.select_option("#filter", "not scored")
        assert column(found.page, "Row") == ["8"]
        assert column(found.page, "Label") == ["too long"]
        found.messages = [each for each in found.messages if "413" not in each]
