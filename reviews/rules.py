"""When a row is a review, and of which of its columns."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reviews.columns import RATING, Columns
from reviews.errors import UnreadableReviews, UnusableRow
from reviews.review import Review
from reviews.row import Reject, Row, RowStream
from reviews.stars import star_class
from reviews.values import check_unicode, kind_of, label_of, name_of
from sentiment.text import is_blank

__all__ = ["MAX_TEXT_CHARACTERS", "RowRules", "reviews_in", "text_in"]

MAX_TEXT_CHARACTERS = 16 * 2**20
"""A longer text is no review: a quote or a line break was lost, or the file is no table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """How a row becomes a review.

    `labelled` says whether labels and domains are read at all. `needed` names those columns of a group or a
    domain that must be there: without its group, a film would stand on both sides of the split.
    """

    columns: Columns
    labelled: bool
    needed: frozenset[str] = frozenset()

    @property
    def wanted(self) -> frozenset[str]:
        """The columns of a table that a review is made of."""
        names = {self.columns.text, self.columns.id, self.columns.group}
        return frozenset(names | {self.columns.label, self.columns.domain} if self.labelled else names)

    def check_header(self, stream: RowStream) -> None:
        """Raise `UnreadableReviews` if a table lacks a column that is needed."""
        header = stream.header or ()
        for name, flag in self._required():
            if name not in header:
                separator = stream.layout.separator
                hint = f", or its separator with --separator if it is not {separator!r}" if separator else ""
                raise UnreadableReviews(f"{stream.path}: {_missing('column', name, flag, header)}{hint}")

    def review(self, row: Row) -> Review:
        """The review in the row of a table; raises `UnusableRow` if there is none."""
        fields = row.fields
        for name, flag in self._required():
            if name not in fields:
                raise UnusableRow(_missing("field", name, flag, fields))
        return Review(
            id=name_of(fields.get(self.columns.id), "id") or str(row.line),
            text=_text_of(fields[self.columns.text]),
            label=self._label(fields[self.columns.label]) if self.labelled else None,
            group=name_of(fields.get(self.columns.group), "group"),
            domain=name_of(fields.get(self.columns.domain), "domain") if self.labelled else None,
        )

    def data_set_review(self, row: Row) -> Review:
        """The review in the row of a public data set; raises `UnusableRow` if there is none."""
        fields = row.fields
        return Review(
            id=str(fields["id"]),
            text=_text_of(fields["text"]),
            label=self._data_set_label(fields) if self.labelled else None,
            group=None if fields["group"] is None else str(fields["group"]),
            domain=name_of(fields["domain"], "domain") if self.labelled else None,
        )

    def _data_set_label(self, fields: Mapping[str, object]) -> str:
        if self.columns.label != RATING:
            return self._label(fields["label"])
        if fields["rating"] is None:
            raise UnusableRow(f"it has no rating; leave out --label-column {RATING}")
        return self._label(fields["rating"])

    def _label(self, value: object) -> str:
        label = label_of(value)
        if self.columns.stars is None:
            return label
        stars = star_class(label, self.columns.stars)
        if stars is None:
            raise UnusableRow(
                f"the label {label!r} is no whole number of stars from 1 to {self.columns.stars}; "
                "name the field that holds the rating with --label-column"
            )
        return stars

    def _required(self) -> Iterable[tuple[str, str]]:
        yield self.columns.text, "--text-column"
        if self.labelled:
            yield self.columns.label, "--label-column"
        if self.columns.id != Columns().id:
            yield self.columns.id, "--id-column"
        if self.columns.group in self.needed:
            yield self.columns.group, "--group-column"
        if self.columns.domain in self.needed:
            yield self.columns.domain, "--domain-column"


def reviews_in(stream: RowStream, rules: RowRules) -> Iterator[Review | Reject]:
    """Yield the review of each row, or why there is none; raises `UnreadableReviews` if it lacks a column."""
    if stream.header is not None:
        rules.check_header(stream)
    review = rules.data_set_review if stream.is_data_set else rules.review
    for row in stream:
        if isinstance(row, Reject):
            yield row
            continue
        try:
            yield review(row)
        except UnusableRow as problem:
            yield row.reject(str(problem))


def text_in(row: Row, columns: Columns) -> str | Reject:
    """Return the text of a row of a table, of which nothing else is looked at, or why there is none."""
    if columns.text not in row.fields:
        return row.reject(_missing("field", columns.text, "--text-column", row.fields))
    try:
        return _text_of(row.fields[columns.text])
    except UnusableRow as problem:
        return row.reject(str(problem))


def _text_of(value: object) -> str:
    if not isinstance(value, str):
        raise UnusableRow(f"the text is {kind_of(value)}, not a string")
    if len(value) > MAX_TEXT_CHARACTERS:
        raise UnusableRow(
            f"the text has {len(value):,} characters, and at most {MAX_TEXT_CHARACTERS:,} are read"
        )
    if not value or value.isspace():
        raise UnusableRow("the text is empty")
    if is_blank(value):
        raise UnusableRow("the text has nothing visible")
    check_unicode(value, "text")
    return value


def _missing(noun: str, name: str, flag: str, found: Iterable[str]) -> str:
    columns = ", ".join(map(repr, found)) or "none"
    return f"no {noun} {name!r} (found: {columns}); name the right one with {flag}"
