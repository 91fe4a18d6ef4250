"""Text templates: filling their slots, and small changes that do not matter to a reader.

Each choice follows from a hash of its purpose: it is the same on every machine, and stays the same when
templates and words are added elsewhere.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

__all__ = ["choose", "fill", "misspell", "slots"]

T = TypeVar("T")

# A "!" belongs to the name: it means something to whoever fills the slot.
_SLOT = re.compile(r"\{(!?\w+)\}")
_ARTICLE = re.compile(r"\b([Aa])/an (\w+)")
# Words whose first letter misleads: "an hour", "a useful lamp".
_AN = ("honest", "hour", "unim", "unin")
_A = ("eu", "one", "uni", "use", "usu")
# A typo that makes another word could change the meaning.
_OTHER_WORDS = frozenset(
    {"calm", "clam", "dairy", "diary", "form", "sacred", "scared", "three", "trail", "trial"}
)
_LONG_WORD = re.compile(r"[A-Za-z]{4,}")


def slots(template: str) -> tuple[str, ...]:
    """Return the names of a template's slots, as in "a {good} film"."""
    return tuple(dict.fromkeys(_SLOT.findall(template)))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return the template with its slots filled and with "a" or "an" for each "a/an", by its next word."""
    text = _SLOT.sub(lambda match: values[match[1]], template)
    return _ARTICLE.sub(lambda match: f"{match[1]}{_article_end(match[2])} {match[2]}", text)


def choose(values: Sequence[T], *purpose: str) -> T:
    """Return one of the values, always the same one for the same values and purpose."""
    digest = hashlib.sha256("\x1f".join(purpose).encode()).digest()
    return values[int.from_bytes(digest[:8], "big") % len(values)]


def misspell(text: str, words: Collection[str] | None, *purpose: str) -> str | None:
    """Return the text with two inner letters of one word swapped: "a gripping flim".

    The word has at least four letters and is one of `words`, in lower case (None means any word). Returns
    None where there is no such word.
    """
    by_start = {
        str(match.start()): _misspellings(match[0])
        for match in _LONG_WORD.finditer(text)
        if (words is None or match[0].lower() in words) and _misspellings(match[0])
    }
    if not by_start:
        return None
    start = choose(list(by_start), *purpose, "word")
    wrong = choose(by_start[start], *purpose, "letters")
    return text[: int(start)] + wrong + text[int(start) + len(wrong) :]


def _misspellings(word: str) -> list[str]:
    swapped = [
        word[:index] + word[index + 1] + word[index] + word[index + 2 :] for index in range(1, len(word) - 2)
    ]
    return [wrong for wrong in swapped if wrong != word and wrong.lower() not in _OTHER_WORDS]


def _article_end(word: str) -> str:
    lower = word.lower()
    if lower.startswith(_AN):
        return "n"
    return "n" if lower[0] in "aeiou" and not lower.startswith(_A) else ""
