"""Lines of text in, lists of fields out, by one separator and one way of quoting."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reviews.layout import Quoting

__all__ = ["ESCAPE", "ParsedRow", "parse_rows"]

# The default, 128 Ki, is less than a long review; without a limit one lost quote takes in the whole file.
_MAX_FIELD_CHARACTERS = 16 * 2**20
# csv drops every backslash if it knows of escapes, so they pass it as surrogates that no decoder gives.
ESCAPE = re.compile(r"\\([\\\"ntr])")
_STAND_INS = {character: chr(0xD800 + i) for i, character in enumerate('\\"ntr')}
_MEANINGS = dict(zip(map(ord, _STAND_INS.values()), '\\"\n\t\r', strict=True))


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """A row of fields with the lines it was read from, or why it is none."""

    line: int
    """Where it begins, counted from 1."""
    lines: tuple[str, ...]
    fields: tuple[str, ...]
    problem: str | None = None


class _Recorder:
    """Passes lines on, and remembers those since it was last asked."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._taken.append(line)
            yield line

    def taken(self) -> tuple[str, ...]:
        taken, self._taken = tuple(self._taken), []
        return taken


def parse_rows(
    lines: Iterable[str], *, separator: str, quoting: Quoting, first_line: int = 1
) -> Iterator[ParsedRow]:
    """Yield the rows of `lines`, which come with their ends; the first is called `first_line`.

    Blank lines are no rows. A row that breaks the rules of quoting has a problem; the next one begins on the
    line after it.
    """
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    recorder = _Recorder(lines)
    shielded = map(_shield, recorder) if quoting == "backslash" else iter(recorder)
    rows = csv.reader(
        shielded,
        delimiter=separator,
        quoting=csv.QUOTE_NONE if quoting == "none" else csv.QUOTE_MINIMAL,
        strict=True,
    )
    line = first_line
    while True:
        problem, fields = None, list[str]()
        try:
            fields = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            problem = str(error)
        taken = recorder.taken()
        if quoting == "backslash":
            fields = [field.translate(_MEANINGS) for field in fields]
        if fields or problem:
            yield ParsedRow(line, taken, tuple(fields), problem)
        line += len(taken)


def _shield(line: str) -> str:
    return ESCAPE.sub(lambda match: _STAND_INS[match[1]], line) if "\\" in line else line
