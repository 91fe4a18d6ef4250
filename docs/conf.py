"""The site of the guide, which `make docs` builds from the Markdown files of the repository."""

import fnmatch
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parent.parent

project = "sentiment-service"
html_title = "sentiment-service"
root_doc = "docs/index"
extensions = ["myst_parser", "sphinx_copybutton"]
html_theme = "furo"
html_extra_path = ["site"]
include_patterns = [
    "*.md",
    "client/README.md",
    "docs/**.md",
    "experiments/*.md",
    "training/soft_targets/published/README.md",
]
exclude_patterns = [".*", "build", "**/node_modules"]
myst_heading_anchors = 4
copybutton_prompt_text = "$ "
nitpicky = True

CHAPTERS = {
    "First steps": ["docs/start", "docs/api", "client/README"],
    "Many reviews": ["docs/bulk-scoring"],
    "Move from a hosted service": ["docs/dialects"],
    "Train": [
        "docs/train",
        "docs/data",
        "docs/recipes",
        "docs/adaptation",
        "docs/capture",
        "docs/transformer-teacher",
        "docs/distributed",
        "docs/probes",
        "docs/selection",
    ],
    "Deploy": ["docs/deploy", "docs/kubernetes", "docs/ray", "docs/settings", "docs/security"],
    "Upgrade": ["docs/upgrade", "docs/versions", "CHANGELOG"],
    "Watch": ["docs/watch", "docs/metrics", "docs/runbook"],
    "Measurements": ["docs/measurements/*", "experiments/*"],
    "Decisions": ["docs/adr/*"],
}
"""The pages of each chapter, or patterns of them, in reading order; all others stand under "More"."""

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:]+)(#[^)]*)?\)")


class Sphinx(Protocol):
    """What is used of Sphinx's application."""

    def connect(self, event: str, callback: object) -> int:
        """Call back at an event."""


def setup(app: Sphinx) -> None:
    """Prepare each page when it is read."""
    app.connect("source-read", prepare)


def prepare(app: object, name: str, source: list[str]) -> None:
    """Give the index its table of contents, and cut links to what is no page of the site."""
    del app
    page = (ROOT / name).parent
    source[0] = _LINK.sub(lambda link: _kept(link, page), source[0])
    if name == root_doc:
        source[0] += _table_of_contents()


def _kept(link: re.Match[str], page: Path) -> str:
    """Return the link, or its text alone if it leads to a folder or a file that is not Markdown."""
    text, path = link[1], link[2]
    return link[0] if path.endswith(".md") and (page / path).is_file() else text


def _table_of_contents() -> str:
    pages = _pages()
    chapters = {
        title: [page for pattern in patterns for page in fnmatch.filter(pages, pattern)]
        for title, patterns in CHAPTERS.items()
    }
    named = {page for chapter in chapters.values() for page in chapter} | {root_doc}
    chapters["More"] = [page for page in pages if page not in named]
    return "".join(_toctree(title, pages) for title, pages in chapters.items())


def _toctree(title: str, pages: Sequence[str]) -> str:
    lines = ["```{toctree}", ":hidden:", f":caption: {title}", "", *(f"/{page}" for page in pages), "```"]
    return "\n\n" + "\n".join(lines) + "\n"


def _pages() -> list[str]:
    """Return all pages of the site, without their endings."""
    paths = {path for pattern in include_patterns for path in ROOT.glob(pattern.replace("**", "**/*"))}
    return sorted(path.relative_to(ROOT).with_suffix("").as_posix() for path in paths)
