"""The site of the guide is built without a broken reference, and needs nothing from elsewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADED = re.compile(r"<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)=[\"'](https?:)?//")
IN_STYLES = re.compile(r"(?:@import|url\()[\"' ]*(https?:)?//")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does, and return its folder."""
    folder = tmp_path_factory.mktemp("site")
    command = re.search(r"sphinx-build (.+) build/docs", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert command
    # Warnings are errors: a reference that leads nowhere fails here.
    subprocess.run(  # our own command
        [sys.executable, "-m", "sphinx", *command[1].split(), str(folder)], cwd=ROOT, check=True
    )
    return folder


def test_every_page_of_the_guide_is_in_it(site: Path) -> None:
    pages = {path.relative_to(ROOT).with_suffix(".html") for path in ROOT.glob("docs/**/*.md")}
    assert {path for path in pages if not (site / path).is_file()} == set()
    assert (site / "index.html").is_file()


def test_it_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = {path.name for path in site.rglob("*.html") if LOADED.search(path.read_text(encoding="utf-8"))}
    styles = {path.name for path in site.rglob("*.css") if IN_STYLES.search(path.read_text(encoding="utf-8"))}
    assert (pages, styles) == (set(), set())
