"""Characters that mean the same in a review, as tables for cleaning (`sentiment.text`)."""

import unicodedata
from collections.abc import Iterator

from sentiment.default_ignorable import DEFAULT_IGNORABLE

__all__ = ["FRACTIONS", "INVISIBLE", "LOOK_ALIKES", "MISREAD", "OLD_LOOK_ALIKES"]

# What Unicode lists as confusable with the apostrophe (UTS #39, confusables.txt), without letters of other
# scripts, and with U+201A, the left half ring, the capital saltillo and two ornaments.
_APOSTROPHES = (
    "`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u02f4\u0374\u0384\u055a\u055d\u05f3\u07f4\u07f5"
    "\u1fbd\u1fbf\u1fef\u1ffd\u1ffe\u2018\u2019\u201a\u201b\u2032\u2035\u275b\u275c\ua78b\ua78c\uff07\uff40"
)
_QUOTES = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_ELLIPSIS = "\u2026"

OLD_LOOK_ALIKES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\x91\x92", "'")
    | dict.fromkeys(f"{_QUOTES}\x93\x94", '"')
    | dict.fromkeys(f"{_DASHES}\x96\x97", "-")
    | {"\x85": "..."}
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff", "")
)
"""What rules 1 replace: characters that NFKC keeps apart, C1 codes that come from reading Windows-1252 as
Latin-1, and some invisible characters. It never changes, since published versions were trained with it."""

_PLAIN = (
    dict.fromkeys(_APOSTROPHES, "'")
    | dict.fromkeys(_QUOTES, '"')
    | dict.fromkeys(_DASHES, "-")
    | {_ELLIPSIS: "..."}
)


def _codes_of_windows() -> Iterator[tuple[str, str]]:
    """Yield the C1 codes that punctuation becomes when Windows-1252 is read as Latin-1."""
    for code in range(0x80, 0xA0):
        meant = bytes([code]).decode("cp1252", errors="ignore")
        if meant in _PLAIN:
            yield chr(code), _PLAIN[meant]


LOOK_ALIKES = {
    **_PLAIN,
    **dict(_codes_of_windows()),
    "\u2800": " ",  # the Braille pattern without a dot
    "\N{FRACTION SLASH}": "/",
    "\N{DIVISION SLASH}": "/",
}
"""What rules 2 replace, one character each; of `INVISIBLE`, the others go."""


# All controls but those that Unicode counts as white space.
_CONTROLS = ((0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F))
_ANNOTATION_MARKS = (0xFFF9, 0xFFFB)


def _escaped(code: int) -> str:
    """Return a character as Python, Rust and JavaScript take it in a pattern, and visible if they can."""
    return f"\\u{code:04x}" if code <= 0xFFFF else chr(code)


INVISIBLE = "".join(
    f"{_escaped(first)}-{_escaped(last)}"
    for first, last in (*_CONTROLS, *DEFAULT_IGNORABLE, _ANNOTATION_MARKS)
)
"""Default-ignorable characters and controls but white space, as ranges of a character class in a pattern."""

FRACTIONS = "".join(
    chr(code) for code in range(0xA0, 0x3000) if unicodedata.decomposition(chr(code)).startswith("<fraction>")
)

# In what UTF-8 is most often read by mistake.
_ENCODINGS = ("cp1252", "latin-1", "cp1250", "cp1251", "mac_roman", "cp437", "cp850")


def _decode(encoded: bytes, encoding: str) -> str:
    # As browsers do: a byte that the encoding lacks is a C1 code.
    return "".join(bytes([byte]).decode(encoding, errors="ignore") or chr(byte) for byte in encoded)


def _misreadings(character: str) -> Iterator[str]:
    """Yield what the UTF-8 of a character looks like when it is read in another encoding, once and twice."""
    encoded = character.encode()
    # Two bytes could be two letters of a word in the other encodings.
    for encoding in _ENCODINGS if len(encoded) > 2 else _ENCODINGS[:2]:
        yield _decode(encoded, encoding)
    for first in _ENCODINGS[:2]:
        for second in _ENCODINGS[:2]:
            yield _decode(_decode(encoded, first).encode(), second)


MISREAD = {
    misread: character
    for character in "".join(_PLAIN) + "\u00bc\u00bd\u00be"
    if character in "\u00b4\u02bc\u00ab\u00bb\u00bc\u00bd\u00be" or len(character.encode()) > 2
    for misread in _misreadings(character)
}
"""What punctuation and fractions become when their UTF-8 is read in another encoding, such as "â€™"."""
