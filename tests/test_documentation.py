"""What the documents say is so: links lead somewhere, figures are of the released model."""

import re
from pathlib import Path

import pytest

from model_store import RELEASED, Store

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("client/*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("experiments/*.md"),
    ]
)
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_that_exist(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_sections_that_exist(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", document.read_text(encoding="utf-8"))
    targets = [((document.parent / path) if path else document, section) for path, section in links]
    assert not [(path.name, section) for path, section in targets if section not in sections(path)]


def sections(document: Path) -> set[str]:
    """Return what links call the sections of a page: lower case, hyphens for spaces, no punctuation."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_is_reached_from_the_index() -> None:
    reached, waiting = set(), [ROOT / "docs/index.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            links = re.findall(r"\]\(([^)#]+\.md)", page.read_text(encoding="utf-8"))
            waiting += [(page.parent / link).resolve() for link in links if "://" not in link]
    assert {path.name for path in set(DOCUMENTS) - reached} == set()


def test_the_glossary_is_short_and_in_order() -> None:
    words = re.findall(
        r"^\| ([\w ]+) \|", (ROOT / "docs/glossary.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert words[1:] == sorted(words[1:], key=str.lower)
    assert 20 < len(words[1:]) <= 30


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    texts = [document.read_text(encoding="utf-8") for document in DOCUMENTS]
    used = {
        target
        for text in texts
        for target in re.findall(r"(?:^|`| )make ([a-z-]+)(?:`| {2,}|$)", text, re.MULTILINE)
    }
    assert {"serve", "test"} <= used
    assert used <= targets


def test_every_vulnerability_that_is_accepted_has_a_reason() -> None:
    lines = (ROOT / ".ci/accepted-vulnerabilities").read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if not re.match(r"# |[A-Za-z0-9-]+ +\S+ \S+", line)]


def test_the_figures_of_the_released_model_are_those_of_the_readme_and_the_card() -> None:
    version = Store(RELEASED).load("reviews", device="cpu")
    figures = version.manifest.evaluation["test imdb_test"]
    row = f"| {figures.accuracy:.2%} | {figures.f1:.4f} | {figures.auc:.4f} | {figures.ece:.2%} |"
    assert row in README
    assert f"{figures.accuracy:.2%}" in version.card
    assert f"{figures.num_reviews:,} reviews" in README


def test_the_changelog_has_an_entry_for_this_version_or_the_next() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
