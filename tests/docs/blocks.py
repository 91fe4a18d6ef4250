"""The code blocks of the documents, and the commands in them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

__all__ = ["COMMAND_PAGES", "ROOT", "Block", "blocks"]

ROOT = Path(__file__).parents[2]
COMMAND_PAGES = sorted(
    {
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "client/README.md",
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("experiments/*.md"),
        *ROOT.glob("training/soft_targets/published/*.md"),
    }
)
"""The README and the guide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One code block of a page."""

    page: Path
    line: int
    language: str
    mark: str
    """What stands behind the language: for commands `run`, `parsed`, `manual` or `elsewhere:TARGET`."""
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def commands(self) -> Iterator[list[str]]:
        """Yield the words of each command, without comments and without variables set before it."""
        for line in self.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            while words and re.match(r"[A-Z_]+=", words[0]):
                words = words[1:]
            if words:
                yield words


def blocks(page: Path) -> list[Block]:
    """Return the code blocks of a page, those that are only indented included."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    return [
        _block(page, token.map[0] + 1 if token.map else 0, token.info, token.content)
        for token in tokens
        if token.type in ("fence", "code_block")
    ]


def _block(page: Path, line: int, info: str, text: str) -> Block:
    language, _, mark = info.partition(" ")
    return Block(page=page, line=line, language=language, mark=mark, text=text)
