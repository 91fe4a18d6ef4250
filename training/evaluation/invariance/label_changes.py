"""How often a change that says nothing changes the label of a review."""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from model_store import LabelChangeFigures
from sentiment import Classifier
from training.data.templates import choose, misspell

__all__ = ["MAX_REVIEWS", "change_kinds", "measure_label_changes"]

MAX_REVIEWS = 2000
"""Maximum number of reviews that are changed, drawn at random: each is scored once more for every change."""

Change = Callable[[str, str], str | None]
"""Takes a text and a seed, and returns the changed text, or None where there is nothing to change."""

# A capitalised word is a person's name for certain only behind words such as these.
_NAMED = re.compile(
    r"\b(?i:actor|actress|director|starring|(?:directed|written|played|produced|served) by|named"
    r"|waiter|waitress|server|bartender|receptionist|manager|my friend)"
    r" (?P<name>[A-Z][a-z]+(?: [A-Z][a-z]+)?)\b(?! [A-Z])"
)
_ADDRESSES = (
    "http://bit.ly/{}",
    "https://t.co/{}",
    "https://www.youtube.com/watch?v={}",
    "www.facebook.com/{}",
)
_CODE_CHARACTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_LENGTH = 8


def measure_label_changes(
    classifier: Classifier, texts: Sequence[str], names: Sequence[str], *, seed: int
) -> dict[str, LabelChangeFigures]:
    """Return by change the share of the texts that it can be made to whose label it changes.

    `names` are those that take the place of a name in a text. At most MAX_REVIEWS texts take part; the same
    texts and seed give the same changes on every machine. A change that can be made to no text is left out.
    """
    chosen = _chosen(texts, seed)
    before = [prediction.label for prediction in classifier.predict(chosen)]
    return dict(_figures(classifier, dict(zip(chosen, before, strict=True)), change_kinds(names), str(seed)))


def change_kinds(names: Sequence[str]) -> dict[str, Change]:
    """Return the changes by what they are called."""

    def rename(text: str, seed: str) -> str | None:
        return _renamed(text, names, seed)

    return {"typo": _with_typo, "other name": rename, "web address": _with_address}


def _chosen(texts: Sequence[str], seed: int) -> list[str]:
    different = list(dict.fromkeys(texts))
    if len(different) <= MAX_REVIEWS:
        return different
    return random.Random(seed).sample(different, MAX_REVIEWS)  # noqa: S311  # no secret


def _figures(
    classifier: Classifier, labels: Mapping[str, str], changes: Mapping[str, Change], seed: str
) -> Iterator[tuple[str, LabelChangeFigures]]:
    for name, change in changes.items():
        pairs = [(label, changed) for text, label in labels.items() if (changed := change(text, seed))]
        if pairs:
            after = classifier.predict([changed for _, changed in pairs])
            num_changed = sum(label != it.label for (label, _), it in zip(pairs, after, strict=True))
            yield (
                name,
                LabelChangeFigures(num_reviews=len(pairs), change_ratio=num_changed / len(pairs)),
            )


def _with_typo(text: str, seed: str) -> str | None:
    return misspell(text, None, "typo", seed, text)


def _with_address(text: str, seed: str) -> str:
    code = "".join(choose(_CODE_CHARACTERS, "code", str(index), seed, text) for index in range(_CODE_LENGTH))
    return f"{text} {choose(_ADDRESSES, 'address', seed, text).format(code)}"


def _renamed(text: str, names: Sequence[str], seed: str) -> str | None:
    """Return the text with another name wherever the first that is recognised stands; None without one."""
    found = _NAMED.search(text)
    if found is None:
        return None
    given = found["name"]
    other = choose([name for name in names if name not in given.split()], "name", seed, text)
    return re.sub(rf"\b{given}\b", other, text)
