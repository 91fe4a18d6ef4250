"""What a value of a table means as a label, an id or a group: the same in every format."""

import re
import unicodedata

from reviews.errors import UnusableRow
from sentiment.typography import INVISIBLE

__all__ = ["bare", "check_unicode", "kind_of", "label_of", "name_of"]

# What data frames, databases and spreadsheets write for no value, in lower case and without spaces.
_MISSING = frozenset(
    (
        *("na", "n/a", "n.a.", "#na", "#n/a", "#n/an/a", "<na>", "nan", "-nan", "1.#ind", "1.#qnan", "nat"),
        *("null", "(null)", "[null]", "<null>", "\\n", "nil", "none", "(none)", "<none>", "undefined"),
        *("#value!", "#ref!", "#name?", "#div/0!", "#num!", "#null!"),
        *("-", "--", "\u2013", "\u2014", "\u2212", "?"),
    )
)
_QUOTES = ('""', "''", "``", "\u2018\u2019", "\u201c\u201d", "\u201e\u201c", "\u00ab\u00bb")
_WHOLE_NUMBER = re.compile(r"([+-]?\d+)\.0+")
_UNSEEN = re.compile(rf"[\s{INVISIBLE}]+")
# Variation selectors are not among them: with one behind it, a heart is another sign than a heart alone.
_AROUND = ("Cc", "Cf", "Zl", "Zp", "Zs")


def label_of(value: object) -> str:
    """Return a label as a string; raises `UnusableRow` if it is missing or nothing that names a class.

    White space, invisible characters and quotes around it go, and 1.0 is 1: they say how a table was written.
    """
    label = _scalar(value)
    if label is None:
        raise UnusableRow("the label is missing")
    if not isinstance(label, str):
        raise UnusableRow(f"the label is {kind_of(value)}, not a string, an integer or a boolean")
    check_unicode(label, "label")
    label = _unquoted(label)
    if not label or _is_missing(label):
        raise UnusableRow(f"the label is missing ({value!r})")
    whole = _WHOLE_NUMBER.fullmatch(label)
    return whole[1] if whole else label


def name_of(value: object, what: str) -> str | None:
    """Return an id or a group, None if it is missing; raises `UnusableRow` for neither text nor number."""
    name = _scalar(value)
    if name is None:
        return None
    if not isinstance(name, str):
        raise UnusableRow(f"the {what} is {kind_of(value)}, not a string or an integer")
    check_unicode(name, what)
    return None if _is_missing(name) else name


def bare(text: str) -> str:
    """Return `text` without the white space and invisible characters around it."""
    if text and text[0].isalnum() and text[-1].isalnum():
        return text
    start, end = 0, len(text)
    while start < end and unicodedata.category(text[start]) in _AROUND:
        start += 1
    while start < end and unicodedata.category(text[end - 1]) in _AROUND:
        end -= 1
    return text[start:end]


def check_unicode(text: str, what: str) -> None:
    """Refuse lone surrogates (undecodable bytes, or escapes in JSON): hashing and tokenizing fail on them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UnusableRow(f"the {what} is not valid UTF-8") from None


def kind_of(value: object) -> str:
    """Return what a value is, for people."""
    names = {
        "NoneType": "null",
        "dict": "an object",
        "list": "a list",
        "int": "an integer",
        "float": "a fraction",
    }
    name = type(value).__name__
    return names.get(name, f"of type {name}")


def _scalar(value: object) -> object:
    """Return a label or name as a string, None where a table means "nothing", or else the value itself."""
    match value:
        case str():
            return bare(value) or None
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if value != value:  # noqa: PLR0124 - NaN is how data frames write an empty cell
            return None
        case float() if value.is_integer():  # an integer column with empty cells comes as floats
            return str(int(value))
    return value


def _unquoted(label: str) -> str:
    while len(label) > 1 and label[0] + label[-1] in _QUOTES:
        label = bare(label[1:-1])
    return label


def _is_missing(text: str) -> bool:
    return _UNSEEN.sub("", text).casefold() in _MISSING
