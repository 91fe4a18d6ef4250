"""index.html of a version that was really trained, and of one with hostile names."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from model_store import Store
from tests.sample_reviews import TINY_RECIPE, made_up_reviews, write_jsonl
from training.__main__ import main

LARGEST_BYTES = 600_000


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def report_of(store: Path) -> dict[str, bytes]:
    folder = store / "reviews" / "1" / "report"
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def report(tiny_store: Path) -> dict[str, bytes]:
    return report_of(tiny_store)


@pytest.fixture(scope="module")
def page(report: dict[str, bytes]) -> Page:
    return Page(report["index.html"].decode())


def test_the_manifest_lists_the_report_and_it_is_small(tiny_store: Path, report: dict[str, bytes]) -> None:
    manifest = Store(tiny_store).verify("reviews", 1)
    assert {f"report/{name}" for name in report} <= manifest.files.keys()
    assert len(report) == 8
    assert sum(map(len, report.values())) < LARGEST_BYTES


def test_the_page_shows_every_picture_and_asks_for_nothing_from_elsewhere(
    report: dict[str, bytes], page: Page
) -> None:
    sources = [attributes["src"] or "" for tag, attributes in page.tags if tag == "img"]
    shown = {base64.b64decode(source.removeprefix("data:image/png;base64,")) for source in sources}
    assert shown == {content for name, content in report.items() if name.endswith(".png")}
    assert all(attributes["alt"] for tag, attributes in page.tags if tag == "img")
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "a"}
    assert not any("href" in attributes for _, attributes in page.tags)
    assert "url(" not in report["index.html"].decode()
    assert "http:" not in report["index.html"].decode()


def test_the_page_has_the_figures_the_recipe_the_data_and_the_labels(tiny_store: Path, page: Page) -> None:
    manifest = Store(tiny_store).manifest("reviews", 1)
    figures = manifest.evaluation["validation"]
    for expected in (
        f"{figures.accuracy:.2%}",
        f"{figures.auc:.4f}",
        f"{figures.brier:.4f}",
        f"came out as {manifest.temperature:.3f}",
        "Labels: negative, positive",
        "A tiny network for tests.",
        "fitting.learning_rate",
        manifest.data[0].source,
        manifest.data[0].sha256[:16],
    ):
        assert expected in page.text, expected
    assert "$" not in page.text


def test_errors_are_listed_by_id_without_any_review_text_and_names_are_escaped(tmp_path: Path) -> None:
    rows = made_up_reviews()
    for index, row in enumerate(rows):
        row["id"] = f"<b>$model{index}</b>"
        row["label"] = "<i>good</i>" if row["label"] else "bad & worse"
    # A rate of next to nothing: the network learns nothing, so there are errors to list.
    recipe = tmp_path / "lazy.toml"
    lazy = TINY_RECIPE.replace("1e-2", "1e-12").replace("A tiny", "<script>$labels A tiny")
    recipe.write_text(lazy, encoding="utf-8")
    reviews = write_jsonl(tmp_path / "reviews.jsonl", rows)
    command = ["fit", "--recipe", str(recipe), "--train", str(reviews), "--device", "cpu"]
    assert main([*command, "--store", str(tmp_path / "store"), "--run-folder", str(tmp_path / "run")]) == 0
    source = report_of(tmp_path / "store")["index.html"].decode()
    page = Page(source)
    assert re.search(r"<b>\$model\d+</b>", page.text)
    assert "<i>good</i>" in page.text
    assert "<script>$labels A tiny" in page.text
    assert not {tag for tag, _ in page.tags} & {"b", "i", "script"}
    assert not any(str(row["text"]) in page.text for row in rows)
    assert "wooden acting" not in source
