"""The two sets of rules for cleaning text, as steps: patterns, each with what replaces it.

1. The rules of versions that are published already. They never change, so that those versions go on seeing
   the tokens that they were trained on.
2. The rules for new versions. They also read every kind of apostrophe, even if it was decoded wrongly; drop
   all controls and default-ignorable characters; take emphasis marks off words; write fractions in digits;
   drop web and mail addresses, handles ("@someone") and the skin tones of emoji, which are no opinions.
"""

import html
import re
import unicodedata
from collections.abc import Callable
from typing import Literal, NamedTuple

from sentiment.typography import FRACTIONS, INVISIBLE, LOOK_ALIKES, MISREAD, OLD_LOOK_ALIKES

__all__ = ["STEPS", "Step", "TextRules"]

TextRules = Literal[1, 2]


class Step(NamedTuple):
    """One part of a set of rules."""

    pattern: re.Pattern[str]
    replace: Callable[[re.Match[str]], str]
    may_match: Callable[[str], object]
    """A fast test: where the result is false, the pattern matches nowhere in the text."""


def _is_not_ascii(text: str) -> bool:
    return not text.isascii()


def _has_entity_or_is_not_ascii(text: str) -> bool:
    return "&" in text or not text.isascii()


def _contains(character: str) -> Callable[[str], bool]:
    return lambda text: character in text


def _as_spaces(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _unescape(match: re.Match[str]) -> str:
    return html.unescape(match[0])


_ENTITY = r"&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});"
# An ASCII character that a combining mark joins is normalised with it: "e" + U+0301 is "é". The pattern goes
# without IGNORECASE, which would count the dotted capital I and the Kelvin sign as ASCII.
_JOINED = r"(?:[\x00-\x7f](?=[\u0300-\u036f]))?"
# Attributes are bounded, so that a stray "<" cannot swallow a review: "I <3 this film, and > all others".
_TAGS = Step(re.compile(r"<[a-zA-Z/!][^<>]{0,500}>"), _as_spaces, _contains("<"))


# Rules 1


def _unescape_and_normalise(match: re.Match[str]) -> str:
    text = html.unescape(match[0]).translate(OLD_LOOK_ALIKES)
    # Lowered here, since lowering may lengthen a character outside ASCII.
    return unicodedata.normalize("NFKC", text).lower()


_NOT_ASCII = Step(
    re.compile(rf"{_JOINED}(?:[^\x00-\x7f]|{_ENTITY})+"), _unescape_and_normalise, _has_entity_or_is_not_ascii
)


# Rules 2

_LOOK_ALIKES = str.maketrans(LOOK_ALIKES)
_LETTER = r"[^\W_]"
_REMOVED = "\0"
"""Stands for a mark until the last step removes it; controls are gone by then, so no text has one."""


def _decode(match: re.Match[str]) -> str:
    return MISREAD[match[0]]


def _as_apostrophe(_: re.Match[str]) -> str:
    return "'"


def _replace_character(match: re.Match[str]) -> str:
    return LOOK_ALIKES.get(match[0], "")


def _normalise(match: re.Match[str]) -> str:
    # A normal form may be made of look-alikes: that of U+2034 is three primes.
    return unicodedata.normalize("NFKC", match[0]).translate(_LOOK_ALIKES).lower()


def _spell_fraction(match: re.Match[str]) -> str:
    """Return "1/2" for "½", with a space on the side where a letter or a digit touches it."""
    text, first, behind = match.string, match.start(), match.end()
    left = " " if text[max(first - 1, 0) : first].isalnum() else ""
    right = " " if text[behind : behind + 1].isalnum() else ""
    return left + unicodedata.normalize("NFKC", match[0]).replace("\N{FRACTION SLASH}", "/") + right


def _mark_for_removal(match: re.Match[str]) -> str:
    marks = _REMOVED * len(match["marks"])
    return f"{marks}{match['words']}{marks}"


def _remove(_: re.Match[str]) -> str:
    return ""


def _emphasis(mark: str) -> Step:
    """Return the step that marks emphasis for removal: one to three marks on either side of words.

    Marks within a word stay ("f*ck", "snake_case"), and so do those around no word ("*_*").
    """
    other = rf"[^{mark}]"
    words = rf"(?!\s)(?:{other}|(?<={_LETTER}){mark}+(?={_LETTER})){{1,500}}?(?<!\s)"
    pattern = (
        rf"(?<!{_LETTER})(?<!{mark})(?P<marks>{mark}{{1,3}})(?!{mark})(?={other}{{0,500}}{_LETTER})"
        rf"(?P<words>{words})(?P=marks)(?!{mark})(?!{_LETTER})"
    )
    return Step(re.compile(pattern), _mark_for_removal, _contains(mark.removeprefix("\\")))


# An address ends before the marks that end its sentence. Without "www." only a few common endings count:
# "good.I liked it" merely lacks a space. Quantifiers are bounded or possessive, so that no text takes long.
_REST = r"[^\s<>]*[^\s<>.,;:!?'\")\]}*_~]"
_DOMAIN = r"(?:[\w-]{1,63}\.){1,4}"
_ADDRESSES = re.compile(
    rf"(?i:\b(?:https?|ftp)://{_REST}|\bwww\.{_REST}"
    rf"|(?<![\w.+-])[\w.+-]++@{_DOMAIN}[a-z]{{2,24}}(?!\w)"
    rf"|(?<![\w.@-]){_DOMAIN}(?:com|org|net|edu|gov|co\.uk)(?![\w-])(?:[/?#](?:{_REST})?)?"
    r"|(?<![\w@])@[a-z0-9_]{3,}+(?!\w))"
)
_PARTS_OF_ADDRESSES = ("@", "://", "www.", ".com", ".org", ".net", ".edu", ".gov", ".co.uk")


def _may_have_address(text: str) -> bool:
    text = text.lower()
    return any(part in text for part in _PARTS_OF_ADDRESSES)


_MISREAD = "|".join(sorted(MISREAD, key=len, reverse=True))
# Where a contraction ends, a character that could not be read at all was an apostrophe.
_UNREADABLE = rf"(?<={_LETTER})\ufffd(?=(?i:t|s|d|m|re|ve|ll)\b)"
_SKIN_TONES = "\U0001f3fb-\U0001f3ff"
_CHARACTERS = f"[{''.join(map(re.escape, LOOK_ALIKES))}{INVISIBLE}{_SKIN_TONES}]"
_ASCII_CHARACTERS = "".join(filter(re.compile(_CHARACTERS).match, map(chr, range(0x80))))
_find_ascii_character = re.compile(f"[{_ASCII_CHARACTERS}]").search
_SUPERSCRIPTS, _SUBSCRIPTS = "\u00b2\u00b3\u00b9\u2070\u2074-\u2079", "\u2080-\u2089"
# The tokenizer counts an underscore as a letter, so one that is left at an edge would make the word unknown.
_LEFT = rf"{_REMOVED}|(?<!\w)_++(?={_LETTER})|(?<={_LETTER})_++(?!{_LETTER})"


def _may_have_character(text: str) -> object:
    return not text.isascii() or _find_ascii_character(text)


def _has_mark_left(text: str) -> bool:
    return "_" in text or _REMOVED in text


STEPS = {
    1: (_NOT_ASCII, _TAGS),
    2: (
        Step(re.compile(_ENTITY), _unescape, _contains("&")),
        Step(re.compile(_MISREAD), _decode, _is_not_ascii),
        Step(re.compile(_UNREADABLE), _as_apostrophe, _contains("\ufffd")),
        Step(re.compile(_CHARACTERS), _replace_character, _may_have_character),
        Step(
            re.compile(f"[{FRACTIONS}]|(?<![{_SUPERSCRIPTS}])[{_SUPERSCRIPTS}]++/[{_SUBSCRIPTS}]+"),
            _spell_fraction,
            _is_not_ascii,
        ),
        Step(re.compile(rf"{_JOINED}[^\x00-\x7f]+"), _normalise, _is_not_ascii),
        _TAGS,
        Step(_ADDRESSES, _as_spaces, _may_have_address),
        *map(_emphasis, (r"\*", "~", "_")),
        Step(re.compile(_LEFT), _remove, _has_mark_left),
    ),
}
"""The steps of each set of rules, in order. Afterwards, only ASCII may still be in upper case."""
