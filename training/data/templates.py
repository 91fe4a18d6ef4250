"""Text templates: filling their slots, and the small changes that a reader would not mind.

Every choice is made by a hash of what it is for: the same on every machine, and untouched by templates and
words that are added elsewhere.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

__all__ = ["choose", "fill", "misspell", "slots"]

T = TypeVar("T")

# A "!" before the name is for the one who fills the slot: it belongs to the name.
_SLOT = re.compile(r"\{(!?\w+)\}")
_ARTICLE = re.compile(r"\b([Aa])/an (\w+)")
# Words whose first letter misleads: "an hour", "a useful lamp".
_AN = ("honest", "hour", "unim", "unin")
_A = ("one", "uni", "use", "usu")
# A typo that is another word could change what a reader understands.
_OTHER_WORDS = frozenset(
    {"calm", "clam", "dairy", "diary", "form", "sacred", "scared", "three", "trail", "trial"}
)
_LONG_WORD = re.compile(r"[A-Za-z]{4,}")


def slots(template: str) -> tuple[str, ...]:
    """Return the names of a template's slots, as in "a {good} film"."""
    return tuple(dict.fromkeys(_SLOT.findall(template)))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return the template with its slots filled, and with each "a/an" as its next word needs it."""
    text = _SLOT.sub(lambda match: values[match[1]], template)
    return _ARTICLE.sub(lambda match: f"{match[1]}{_article_end(match[2])} {match[2]}", text)


def choose(values: Sequence[T], *purpose: str) -> T:
    """Return one of the values; the same values for the same purpose give the same one."""
    digest = hashlib.sha256("\x1f".join(purpose).encode()).digest()
    return values[int.from_bytes(digest[:8], "big") % len(values)]


def misspell(text: str, words: Collection[str] | None, *purpose: str) -> str | None:
    """Return the text with two inner letters of one word swapped: "a gripping flim".

    The word has four letters or more, and is one of `words` in lower case (None takes any). Returns None
    where there is no such word.
    """
    places = {
        str(match.start()): _misspellings(match[0])
        for match in _LONG_WORD.finditer(text)
        if (words is None or match[0].lower() in words) and _misspellings(match[0])
    }
    if not places:
        return None
    start = choose(list(places), *purpose, "word")
    wrong = choose(places[start], *purpose, "letters")
    return text[: int(start)] + wrong + text[int(start) + len(wrong) :]


def _misspellings(word: str) -> list[str]:
    swapped = [
        word[:place] + word[place + 1] + word[place] + word[place + 2 :] for place in range(1, len(word) - 2)
    ]
    return [wrong for wrong in swapped if wrong != word and wrong.lower() not in _OTHER_WORDS]


def _article_end(word: str) -> str:
    lower = word.lower()
    if lower.startswith(_AN):
        return "n"
    return "n" if lower[0] in "aeiou" and not lower.startswith(_A) else ""
