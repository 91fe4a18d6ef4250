"""Pictures of the layers that `make check` holds imports to, drawn from the contracts of pyproject.toml."""

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

__all__ = ["layers_picture"]

_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
_BOX_HEIGHT, _GAP, _MARGIN = 34, 12, 16
_LETTER_WIDTH = 8
_STYLE = (
    "text { font: 14px system-ui, sans-serif; fill: #1b1f24; text-anchor: middle }"
    " rect.box { fill: #e8f0fb; stroke: #4a78b5; rx: 5 }"
    " path { stroke: #6b7683; fill: none; stroke-width: 1.5; marker-end: url(#head) }"
)
_HEAD = (
    '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0 8 4 0 8z" style="fill:#6b7683;stroke:none;marker-end:none"/></marker>'
)


def layers_picture(contract: str) -> str:
    """Return an SVG of a contract's layers, the highest first; a box may import those in the rows below it.

    Raises KeyError if there is no such contract.
    """
    rows = [[_short_name(module) for module in layer.split("|")] for layer in _layers()[contract]]
    width = max(map(_row_width, rows)) + 3 * _MARGIN
    height = len(rows) * (_BOX_HEIGHT + _GAP) - _GAP + 2 * _MARGIN
    drawn = [_row(row, number, width) for number, row in enumerate(rows)]
    arrow = f'<path d="M{_MARGIN} {_MARGIN} V{height - _MARGIN}"/>'
    parts = [f"<title>{escape(contract)}</title>", f"<style>{_STYLE}</style>", f"<defs>{_HEAD}</defs>"]
    parts += ['<rect width="100%" height="100%" rx="6" fill="#fff"/>', arrow, *drawn]
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n' + "\n".join(parts) + "\n</svg>\n"


@cache
def _layers() -> dict[str, list[str]]:
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    return {each["name"]: each["layers"] for each in contracts if each["type"] == "layers"}


def _short_name(module: str) -> str:
    """Return a module's name without that of its package."""
    return module.strip().rpartition(".")[2]


def _box_width(name: str) -> int:
    return len(name) * _LETTER_WIDTH + 2 * _GAP


def _row_width(names: Sequence[str]) -> int:
    return sum(map(_box_width, names)) + _GAP * (len(names) - 1)


def _row(names: Sequence[str], number: int, width: int) -> str:
    x = (width + _MARGIN - _row_width(names)) // 2
    y = _MARGIN + number * (_BOX_HEIGHT + _GAP)
    boxes = []
    for name in names:
        box = _box_width(name)
        boxes.append(f'<rect class="box" x="{x}" y="{y}" width="{box}" height="{_BOX_HEIGHT}"/>')
        boxes.append(f'<text x="{x + box // 2}" y="{y + 22}">{escape(name)}</text>')
        x += box + _GAP
    return "\n".join(boxes)
