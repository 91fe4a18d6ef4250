"""The models tab, and a candidate beside the live version."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from model_store import Reason, Rollout, Store
from tests.browser.conftest import ADMIN_KEY
from tests.browser.visits import Visit, visit
from tests.service import stores
from tests.service.running import service

pytestmark = pytest.mark.xdist_group("browser")

TEXT = stores.TEXTS[0]
CARD = """# A tiny model

It has **few** words, `code`, and <img src=x onerror=alert(1)> that stays text.

* one item
* [a link](https://example.org/) and [none](javascript:alert(1))

| label | count |
|---|---|
| negative | 4 |
"""


def publish(root: Path) -> Store:
    """Return a store with a live version, a candidate with a picture, and a version that is damaged."""
    picture = (Path(__file__).parents[2] / "docs/measurements/images/memory.png").read_bytes()
    first, second = stores.draft(), stores.draft(hidden_size=12)
    payload = {**first.payload, "report/curve.png": picture, "MODEL_CARD.md": CARD.encode()}
    store = Store(root)
    store.publish(replace(first, payload=payload))
    store.publish(second)
    store.publish(second)
    (root / "reviews/3/model.safetensors").write_bytes(b"damaged")
    store.set_alias("reviews", "production", 1, Reason(action="promote", why="the first"))
    store.set_rollout("reviews", Rollout(candidate=2, canary=0.05, shadow=0.2), Reason(action="rollout"))
    return store


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Store]]:
    """A service with a live version and a candidate; returns its address and its store."""
    store = publish(tmp_path_factory.mktemp("two") / "store")
    with service(store.root, admin_keys=ADMIN_KEY, lanes=2, follow_seconds=1) as url:
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        state = httpx.post(f"{url}/admin/refresh", headers=headers, timeout=60).raise_for_status().json()
        assert state["candidate"] == {"version": 2, "canary": 0.05, "shadow": 0.2}
        yield f"{url}/", store


@pytest.fixture
def tab_of_two(browser: Browser, two: tuple[str, Store]) -> Iterator[Visit]:
    """A tab with its page."""
    with visit(browser, two[0]) as found:
        expect(found.page.locator(".verdict")).to_have_count(2)
        yield found


def test_the_candidate_answers_beside_the_live_version(tab_of_two: Visit, two: tuple[str, Store]) -> None:
    page = tab_of_two.page
    page.fill("#text-first", TEXT)
    for index, (name, version) in enumerate((("live", "1"), ("candidate", "2"))):
        answer = httpx.post(f"{two[0]}predict?version={version}", json={"reviews": [TEXT]}).json()
        verdict = page.locator(".verdict").nth(index)
        confidence = answer["predictions"][0]["confidence"]
        expect(verdict.locator(".sure")).to_have_text(f"{100 * confidence:.1f} %")
        expect(verdict.locator(".who")).to_have_text(f"{name}, version {version}")


def test_either_version_is_explained(tab_of_two: Visit, two: tuple[str, Store]) -> None:
    page = tab_of_two.page
    page.fill("#text-first", TEXT)
    body = {"reviews": [TEXT], "unit": "token", "offsets": "utf16"}
    for name, version in (("candidate", "2"), ("live", "1")):
        answer = httpx.post(f"{two[0]}explain?version={version}", json=body, timeout=60).json()
        value = answer["explanations"][0]["tokens"][1]["contribution"]
        page.get_by_role("button", name=f"Explain {name} {version}").click()
        expect(page.get_by_role("button", name=f"Explain {name} {version}")).to_have_attribute(
            "aria-pressed", "true"
        )
        expect(page.locator(".word").nth(1)).to_have_attribute(
            "aria-label",
            f"wonderful: {'−' if value < 0 else '+'}{abs(value):.2f} towards"
            f" {answer['explanations'][0]['prediction']['label'] if value >= 0 else other(answer)}",
        )


def other(answer: dict[str, Any]) -> str:
    """Return the label that was not given."""
    prediction = answer["explanations"][0]["prediction"]
    labels: list[str] = list(prediction["probabilities"])
    return next(label for label in labels if label != prediction["label"])


def test_versions_with_their_shares_figures_card_and_pictures(tab_of_two: Visit) -> None:
    page = tab_of_two.page
    page.get_by_role("tab", name="Models").click()
    live, candidate = page.locator(".model").nth(0), page.locator(".model").nth(1)
    expect(live.locator(".badge")).to_have_text("live")
    expect(live).to_contain_text("answers 95 % of the requests")
    expect(candidate.locator(".badge")).to_have_text("candidate")
    expect(candidate).to_contain_text("answers 5 % of the requests, and is compared on 20 %")
    expect(live.locator("table").first).to_contain_text("80.0 %")
    live.get_by_text("Report: 1 picture").click()
    canvas = live.locator("canvas")
    expect(canvas).to_have_attribute("aria-label", "curve of version 1")
    page.wait_for_selector(".model canvas[width]")
    live.get_by_text("Model card").click()
    card = live.locator(".prose")
    expect(card.get_by_role("heading")).to_have_text("A tiny model")
    expect(card).to_contain_text("<img src=x onerror=alert(1)> that stays text")
    assert card.locator("img").count() == 0
    assert [each.get_attribute("href") for each in card.locator("a").all()] == ["https://example.org/"]
    expect(card.locator("td").first).to_have_text("negative")


def test_the_history_is_shown_to_an_admin_alone(tab_of_two: Visit) -> None:
    page = tab_of_two.page
    page.get_by_role("tab", name="Models").click()
    page.fill("#admin-key", "not-the-key-of-the-admin")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#history-problem")).to_have_text("This is no admin key.")
    page.fill("#admin-key", ADMIN_KEY)
    page.get_by_role("button", name="Show").click()
    rows = page.locator("#history tbody tr")
    expect(rows.last).to_contain_text("promote production")
    expect(rows.last).to_contain_text("the first")
    tab_of_two.messages = [each for each in tab_of_two.messages if "401" not in each]


def test_a_version_that_goes_live_or_is_refused_is_noticed(tab_of_two: Visit, two: tuple[str, Store]) -> None:
    page, store = tab_of_two.page, two[1]
    store.set_rollout("reviews", Rollout(candidate=3, canary=0.0, shadow=0.0), Reason(action="rollout"))
    page.get_by_role("tab", name="Models").click()
    notes = page.locator("#model-notes")
    expect(notes).to_contain_text(
        "Version 3 was refused as the candidate: its files are damaged or incomplete, since "
    )
    assert str(store.root) not in notes.inner_text()
    expect(page.locator(".model")).to_have_count(1)
    store.set_alias("reviews", "production", 2, Reason(action="promote"))
    expect(page.locator(".model h2")).to_have_text("reviews 2")
    expect(page.locator("#model-notes")).to_contain_text("Version 1 was live before")
    page.get_by_role("tab", name="Try").click()
    expect(page.locator(".verdict .who")).to_have_text("version 2")
