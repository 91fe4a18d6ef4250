"""Raw review text, as people and web pages produce it, to clean lower-case text.

Cleaning undoes what carries no sentiment: HTML tags and entities, Unicode look-alikes (NFKC), curly
quotes and dashes, invisible characters, case. Nearly all text is plain ASCII, which takes a fast path;
everything else is normalised in short pieces, so that the place of each piece in the raw text is known.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["AlignedText", "align", "clean"]

# Attributes are bounded, so that a stray "<" cannot swallow a review: "I <3 this film, and > all others".
_TAG = re.compile(r"<[a-z/!][^<>]{0,500}>")
_ENTITY = r"&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});"
# What needs normalising: non-ASCII or an entity, with the ASCII character before it if a combining mark joins
# it ("e" + U+0301 is "é"). Not IGNORECASE, which would count "İ" and the Kelvin sign as ASCII.
_PIECE = re.compile(rf"(?:[\x00-\x7f](?=[\u0300-\u036f]))?(?:[^\x00-\x7f]|{_ENTITY})+")

# Typographic characters that NFKC keeps apart, the C1 codes that Windows-1252 leaves when read as Latin-1,
# and invisible characters (soft hyphen, zero-width space and joiners, direction and variation marks).
_LOOK_ALIKES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\x91\x92", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\x93\x94", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\x96\x97", "-")
    | {"\x85": "..."}
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff", "")
)


class AlignedText(NamedTuple):
    """Clean text, and for each of its characters where in the raw text it came from."""

    text: str
    starts: Sequence[int]
    """Offset in the raw text of the first character that this one stands for."""
    ends: Sequence[int]
    """Offset just behind the last one."""


def clean(raw: str) -> str:
    """Return `raw` as clean lower-case text; HTML tags become spaces."""
    if not raw.isascii() or "&" in raw:
        raw = _PIECE.sub(_normalised_match, raw)
    return _blank_tags(raw.lower())


def align(raw: str) -> AlignedText:
    """Clean `raw` as `clean` does, and keep the way back to it, character by character."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def copy(start: int, end: int) -> None:
        pieces.append(raw[start:end])
        starts.extend(range(start, end))
        ends.extend(range(start + 1, end + 1))

    position = 0
    for match in _PIECE.finditer(raw):
        copy(position, match.start())
        position = match.end()
        normal = _normalise(match[0])
        pieces.append(normal)
        if len(normal) == len(match[0]):
            starts.extend(range(match.start(), match.end()))
            ends.extend(range(match.start() + 1, match.end() + 1))
        else:
            starts.extend([match.start()] * len(normal))
            ends.extend([match.end()] * len(normal))
    copy(position, len(raw))
    return AlignedText(_blank_tags("".join(pieces).lower()), starts, ends)


def _normalised_match(match: re.Match[str]) -> str:
    return _normalise(match[0])


def _normalise(piece: str) -> str:
    unescaped = html.unescape(piece).translate(_LOOK_ALIKES)
    # Lowered here, since lowering may lengthen a character outside ASCII; the later lower() then cannot.
    return unicodedata.normalize("NFKC", unescaped).lower()


def _blank_tags(text: str) -> str:
    # Replaced by as many spaces, so that offsets hold.
    return _TAG.sub(_as_spaces, text) if "<" in text else text


def _as_spaces(match: re.Match[str]) -> str:
    return " " * len(match[0])
