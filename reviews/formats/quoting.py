"""How a table of text quotes: found out, since no file says it.

Readings of a file are compared. Quotes as in RFC 4180 are what spreadsheets and data frames write. Many
tables with tabs have no quoting at all; there, a text that begins with a quote would swallow the rows below
it up to the next quote, labels and all. Databases write a backslash before a quote.
"""

import re
from dataclasses import dataclass

from reviews.errors import UnreadableReviews
from reviews.formats.csv_rows import ESCAPE
from reviews.formats.text_table import TextTable
from reviews.layout import Quoting

__all__ = ["detect_quoting"]

_ESCAPED_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*\\"')
_QUOTED_FIELD = re.compile(r'"(?:[^"]|"")*"')


def detect_quoting(table: TextTable) -> Quoting:
    """Return how a table quotes; all of it is read, up to three times.

    Raises `UnreadableReviews` where two readings differ and nothing tells which is right.
    """
    quoted = _survey(table, "double")
    if not quoted.num_doubtful:
        return "backslash" if quoted.is_escaped(table.separator) else "double"
    if quoted.num_bad and quoted.num_escaped_quotes:
        escaped = _survey(table, "backslash")
        if escaped.num_doubtful < quoted.num_doubtful:
            return "backslash"
    return "double" if table.has_quoted_header else _double_or_none(table, quoted)


def _double_or_none(table: TextTable, quoted: "_Quoted") -> Quoting:
    """Choose where quotes as quotes make rows that are bad, or that would be several rows without them."""
    plain = _survey_plain(table)
    if plain.num_doubled:
        return "double"
    if table.separator == "\t":
        is_plain = plain.num_bad < quoted.num_doubtful
        is_certain = 2 * plain.num_wrapped <= plain.num_rows
    else:  # a text without a comma is rare, so a table with commas quotes unless all of it fits without
        is_plain = not plain.num_loosely_bad
        is_certain = quoted.num_bad > 0 == plain.num_bad + plain.num_wrapped + quoted.num_escaped_quotes
    if is_plain and is_certain:
        return "none"
    if is_plain and quoted.num_swallowing:
        raise UnreadableReviews(
            f"{table.path}:{quoted.first_swallowing}: a field in quotes goes over several lines, and each of "
            "them looks like a row; say which it is with --quoting double or --quoting none"
        )
    return "double"


@dataclass(slots=True)
class _Quoted:
    """What a table looks like when fields may stand in quotes."""

    num_bad: int = 0
    num_swallowing: int = 0
    """Rows over several lines that would be rows each."""
    first_swallowing: int = 0
    num_quotes: int = 0
    num_escaped_quotes: int = 0
    num_backslashes: int = 0
    num_escapes: int = 0

    @property
    def num_doubtful(self) -> int:
        return self.num_bad + self.num_swallowing

    def is_escaped(self, separator: str) -> bool:
        """Whether backslashes are escapes, in a table that has no fault either way.

        With tabs, databases leave quotes alone and escape line breaks; elsewhere only quotes show it.
        """
        if self.num_quotes:
            return self.num_quotes == self.num_escaped_quotes
        return separator == "\t" and 0 < self.num_backslashes == self.num_escapes


@dataclass(slots=True)
class _Plain:
    """What a table looks like when quotes are characters like any others."""

    num_rows: int = 0
    num_bad: int = 0
    num_loosely_bad: int = 0
    """Not even a row where a separator before a space counts as punctuation."""
    num_wrapped: int = 0
    """Rows with a field that could be one in quotes."""
    num_doubled: int = 0
    """Those where it has doubled quotes, as only a writer that quotes makes them."""


def _survey(table: TextTable, quoting: Quoting) -> _Quoted:
    found, width = _Quoted(), len(table.header)
    for row in table.rows(quoting):
        if row.problem or len(row.fields) != width:
            found.num_bad += 1
        elif width > 1 < len(row.lines) and all(
            _is_loosely_row(line, table.separator, width) for line in row.lines
        ):
            found.num_swallowing += 1
            found.first_swallowing = found.first_swallowing or row.line
        for line in row.lines:
            found.num_quotes += line.count('"')
            if "\\" in line:
                found.num_escaped_quotes += len(_ESCAPED_QUOTE.findall(line))
                found.num_backslashes += len(re.findall(r"\\.?", line))
                found.num_escapes += len(ESCAPE.findall(line))
    return found


def _survey_plain(table: TextTable) -> _Plain:
    found, width = _Plain(), len(table.header)
    for row in table.rows("none"):
        found.num_rows += 1
        found.num_bad += len(row.fields) != width
        found.num_loosely_bad += not _is_loosely_row(row.lines[-1], table.separator, width)
        in_quotes = [field[1:-1] for field in row.fields if _QUOTED_FIELD.fullmatch(field)]
        found.num_wrapped += bool(in_quotes)
        found.num_doubled += any('""' in inside for inside in in_quotes)
    return found


def _is_loosely_row(line: str, separator: str, width: int) -> bool:
    """Whether a line has as many fields as the header; separators that look like punctuation do not count."""
    line = line.rstrip("\r\n")
    if separator == "\t":
        return line.count(separator) + 1 == width
    punctuation = re.compile(rf"{re.escape(separator)}(?=\s)|(?<=\d){re.escape(separator)}(?=\d)")
    return line.count(separator) - len(punctuation.findall(line)) + 1 == width
