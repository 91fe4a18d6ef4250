"""The words and sentences that variations are made of, parsed from words.toml."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from sentiment.strict import strict

__all__ = ["WORDS", "AddressParts", "NeutralSentenceParts", "Sentences", "Words", "load_words"]

WORDS = Path(__file__).parent / "words.toml"

WordList = Annotated[tuple[str, ...], Field(min_length=1)]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """Sentences without an opinion to put beside a text, by what they name."""

    name: WordList
    place: WordList
    number: WordList
    identity: WordList


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class NeutralSentenceParts:
    """Templates of sentences without an opinion, and the words for slots that only they have."""

    templates: WordList
    thing: WordList
    work: WordList
    job: WordList
    relative: WordList
    weekday: WordList


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class AddressParts:
    """What made-up web addresses and handles consist of."""

    hosts: WordList
    endings: WordList
    paths: WordList
    handles: WordList


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All lists of the file."""

    given_names: WordList
    family_names: WordList
    no_names: WordList
    """Capitalised words of which no pair is a name."""
    places: WordList
    identity_words: Mapping[str, WordList]
    """By group: words that may take each other's place."""
    ambiguous_identity_words: WordList
    """Words that have other meanings as well, so they are only put into sentences."""
    sentences: Sentences
    neutral_sentences: NeutralSentenceParts
    addresses: AddressParts

    @property
    def all_identity_words(self) -> tuple[str, ...]:
        """All words for groups of people."""
        groups = (*self.identity_words.values(), self.ambiguous_identity_words)
        return tuple(chain.from_iterable(groups))


@cache
def load_words() -> Words:
    """Return the words that ship."""
    fields = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    return TypeAdapter(Words).validate_json(json.dumps(fields))
