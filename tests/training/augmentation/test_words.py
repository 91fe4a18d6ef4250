"""The words of variations are apart from those of the probes, which would be flattered by shared ones."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import training.evaluation
from training.augmentation.words import load_words
from training.data.templates import slots

WORDS = load_words()
PROBES = sorted(Path(training.evaluation.__file__).parent.rglob("*.toml"))
SENTENCES = (
    *WORDS.sentences.name,
    *WORDS.sentences.place,
    *WORDS.sentences.number,
    *WORDS.sentences.identity,
    *WORDS.neutral_sentences.templates,
)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def blanked(template: str) -> str:
    """Return a template as its fixed words alone, so that two that differ only in their slots are equal."""
    return re.sub(r"\{!?\w+\}", "_", re.sub(r"\b([Aa])/an\b", r"\1", template)).lower().rstrip(".!?")


def of_probes() -> list[str]:
    return [text for path in PROBES for text in strings(tomllib.loads(path.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("kind", ["given_names", "family_names", "places"])
def test_names_and_places_are_in_no_probe(kind: str) -> None:
    text = "\n".join(of_probes())
    shared = [word for word in getattr(WORDS, kind) if re.search(rf"\b{re.escape(word)}\b", text)]
    assert shared == []


def test_sentences_are_in_no_probe() -> None:
    assert PROBES
    assert {blanked(sentence) for sentence in SENTENCES} & {blanked(text) for text in of_probes()} == set()


def test_no_list_says_anything_twice() -> None:
    for words in (WORDS.given_names, WORDS.family_names, WORDS.places, WORDS.all_identity_words, SENTENCES):
        assert sorted(set(words)) == sorted(words)


def test_each_sentence_names_what_it_is_for() -> None:
    assert all(slots(sentence) == ("name",) for sentence in WORDS.sentences.name)
    assert all(slots(sentence) == ("place",) for sentence in WORDS.sentences.place)
    assert all(slots(sentence) == ("identity",) for sentence in WORDS.sentences.identity)
    values = {"number", "small", "hour", "minute", "year"}
    assert all(slots(sentence) and set(slots(sentence)) <= values for sentence in WORDS.sentences.number)
