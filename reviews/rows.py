"""What every table reader shares: which fields to take from a row, and when a row is no review."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reviews.errors import UnreadableReviews, UnusableRow
from reviews.review import RATING, Columns, Review
from reviews.stars import star_class

__all__ = ["RejectedReview", "RowRules", "checked_text"]


@dataclass(frozen=True, slots=True)
class RejectedReview:
    """A review that cannot be used: one sentence that begins with its file and line."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """How a row of a table becomes a review.

    `labelled` says whether labels are read at all. `strict_group` says whether a group column with a name
    of the user's own must be there: training needs it, or films would stand on both sides of the split.
    """

    columns: Columns
    labelled: bool
    strict_group: bool

    def check_header(self, path: Path, header: Iterable[str]) -> None:
        """Raise `UnreadableReviews` if the header of a table lacks a column that is needed."""
        found = list(header)
        for name, flag in self._required():
            if name not in found:
                raise UnreadableReviews(f"{path}: {_missing('column', name, flag, found)}")

    def wanted(self, header: Iterable[str]) -> list[str]:
        """The columns among `header` that a review is made of."""
        names = {self.columns.text, self.columns.id, self.columns.group}
        if self.labelled:
            names.add(self.columns.label)
        return [name for name in header if name in names]

    def review(self, number: int, fields: Mapping[str, object]) -> Review:
        """The review in row `number` (counted from 1); raises `UnusableRow` if there is none."""
        for name, flag in self._required():
            if name not in fields:
                raise UnusableRow(_missing("field", name, flag, fields))
        return Review(
            id=_name(fields.get(self.columns.id), "id") or str(number),
            text=checked_text(fields[self.columns.text]),
            label=self._label(fields[self.columns.label]) if self.labelled else None,
            group=_name(fields.get(self.columns.group), "group"),
        )

    def label_of(self, *, label: str, rating: str | None) -> str | None:
        """The label of a review in an archive, which has one and perhaps a rating; None if none is read."""
        if not self.labelled:
            return None
        if self.columns.label != RATING:
            return self._label(label)
        if rating is None:
            raise UnusableRow(f"it has no rating; leave out --label-column {RATING}")
        return self._label(rating)

    def _label(self, value: object) -> str:
        label = _label(value)
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
        defaults = Columns()
        yield self.columns.text, "--text-column"
        if self.labelled:
            yield self.columns.label, "--label-column"
        if self.columns.id != defaults.id:
            yield self.columns.id, "--id-column"
        if self.strict_group and self.columns.group != defaults.group:
            yield self.columns.group, "--group-column"


def checked_text(text: object) -> str:
    """`text` if it can be a review's text; raises `UnusableRow` if not."""
    if not isinstance(text, str):
        raise UnusableRow(f"the text is {_kind(text)}, not a string")
    if not text or text.isspace():
        raise UnusableRow("the text is empty")
    _check_unicode(text, "text")
    return text


def _label(value: object) -> str:
    label = _scalar(value)
    if label is None:
        raise UnusableRow("the label is missing")
    if not isinstance(label, str):
        raise UnusableRow(f"the label is {_kind(value)}, not a string, an integer or a boolean")
    _check_unicode(label, "label")
    return label


def _name(value: object, what: str) -> str | None:
    name = _scalar(value)
    if name is not None and not isinstance(name, str):
        raise UnusableRow(f"the {what} is {_kind(value)}, not a string or an integer")
    if name is not None:
        _check_unicode(name, what)
    return name


def _scalar(value: object) -> object:
    """A label or name as a string, None where a table means "nothing", or else the value itself."""
    match value:
        case str():
            return value.strip() or None
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if value != value:  # noqa: PLR0124 - NaN is how data frames write an empty cell
            return None
        case float() if value.is_integer():  # an integer column with empty cells comes as floats
            return str(int(value))
    return value


def _check_unicode(text: str, what: str) -> None:
    """Refuse lone surrogates (undecodable bytes, or escapes in JSON): hashing and tokenizing fail on them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UnusableRow(f"the {what} is not valid UTF-8") from None


def _missing(noun: str, name: str, flag: str, found: Iterable[str]) -> str:
    columns = ", ".join(map(repr, found)) or "none"
    return f"no {noun} {name!r} (found: {columns}); name the right one with {flag}"


def _kind(value: object) -> str:
    names = {
        "NoneType": "null",
        "dict": "an object",
        "list": "a list",
        "int": "an integer",
        "float": "a fraction",
    }
    name = type(value).__name__
    return names.get(name, f"of type {name}")
