"""The grammar of generated sentences: templates by kind, and the words that fill their slots.

{part} takes a neutral word, {trait} one with the label of the text, {!trait} one with the other label, and
{part2} another word than {part} from the same list. A template of `both` makes texts of both labels; in one
of `contrast`, the words stay the same and "[isn't|is]" decides the label.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, TypeAdapter, ValidationError

from model_store.parsing import first_problem
from sentiment.strict import strict
from training.data.templates import slots
from training.errors import InvalidSentences

__all__ = [
    "GRAMMAR",
    "LABELS",
    "PLAIN",
    "Grammar",
    "Kind",
    "Label",
    "Template",
    "Words",
    "load_grammar",
    "sides",
]

Label = Literal["negative", "positive"]
WordList = Annotated[tuple[str, ...], Field(min_length=1)]
Templates = tuple[str, ...]

PLAIN = "plain"
GRAMMAR = Path(__file__).parent / "grammar.toml"
LABELS: tuple[Label, ...] = get_args(Label)

_EVERY_DOMAIN = "any"
_PHRASE = re.compile(r"<(\w+)>")
_SIDES = re.compile(r"\[([^|\]]*)\|([^|\]]*)\]")


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words for the slots of one domain: lists of neutral words, and of words by label."""

    neutral: Mapping[str, WordList] = field(default_factory=dict)
    positive: Mapping[str, WordList] = field(default_factory=dict)
    negative: Mapping[str, WordList] = field(default_factory=dict)

    def of(self, slot: str, label: Label) -> WordList:
        """Return the words for a slot in a text of this label; none where the domain has no such list."""
        name = slot.lstrip("!").rstrip("0123456789")
        positive = (label == "positive") != slot.startswith("!")
        return self.neutral.get(name) or (self.positive if positive else self.negative).get(name, ())

    def has(self, slot: str) -> bool:
        """Return whether there are words for a slot in texts of both labels."""
        return all(self.of(slot, label) for label in LABELS)

    def __add__(self, more: "Words") -> "Words":
        return Words(
            neutral=_joined(self.neutral, more.neutral),
            positive=_joined(self.positive, more.positive),
            negative=_joined(self.negative, more.negative),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A template whose phrases are chosen: only its slots are open."""

    text: str
    slots: tuple[str, ...]
    domains: tuple[str, ...]
    """Domains with words for every slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template as it is written: one form for each choice of phrases."""

    forms: tuple[Form, ...]
    contrast: bool = False
    """Whether "[one|other]" decides the label, with the same words on both sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Templates that teach one thing, by the label of their texts."""

    name: str
    share: int
    """How often it is chosen, relative to the shares of the other kinds."""
    shared: tuple[Template, ...]
    own: Mapping[Label, tuple[Template, ...]]
    """Templates for one label only."""

    def templates(self, label: Label) -> tuple[Template, ...]:
        """Return all templates for a label."""
        return (*self.shared, *self.own[label])


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """Everything that sentences are made from."""

    domains: Mapping[str, Words]
    kinds: tuple[Kind, ...]
    neutral_sentences: Templates
    """Sentences without an opinion, to combine with one that has an opinion."""

    @property
    def turns(self) -> list[Kind]:
        """Each kind as often as its share says."""
        return [kind for kind in self.kinds for _ in range(kind.share)]


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class _KindInFile:
    name: str
    share: Annotated[int, Field(ge=1)]
    both: Templates = ()
    contrast: Templates = ()
    positive: Templates = ()
    negative: Templates = ()


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class _GrammarFile:
    neutral_sentences: Templates
    phrases: dict[str, WordList]
    words: dict[str, Words]
    kinds: tuple[_KindInFile, ...]


_GRAMMAR_FILE = TypeAdapter(_GrammarFile)


@cache
def load_grammar(path: Path = GRAMMAR) -> Grammar:
    """Return the grammar of a file; raises InvalidSentences, naming the file and what is wrong in it."""
    try:
        file = _GRAMMAR_FILE.validate_json(json.dumps(tomllib.loads(path.read_text(encoding="utf-8"))))
        return _grammar(file)
    except ValidationError as error:
        raise InvalidSentences(f"{path}: {first_problem(error)}") from error
    except (InvalidSentences, OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSentences(f"{path}: {error}") from error


def sides(template: str) -> tuple[str, str]:
    """Return a contrast template with the first, and with the second, of each "[one|other]"."""
    return _SIDES.sub(r"\1", template), _SIDES.sub(r"\2", template)


def _grammar(file: _GrammarFile) -> Grammar:
    common = file.words.get(_EVERY_DOMAIN, Words())
    domains = {name: common + own for name, own in file.words.items() if name != _EVERY_DOMAIN}
    kinds = tuple(_kind(kind, file.phrases, domains) for kind in file.kinds)
    if PLAIN not in [kind.name for kind in kinds]:
        raise InvalidSentences(f"no kind is called {PLAIN!r}, whose sentences are combined with others")
    return Grammar(domains=domains, kinds=kinds, neutral_sentences=file.neutral_sentences)


def _kind(kind: _KindInFile, phrases: Mapping[str, WordList], domains: Mapping[str, Words]) -> Kind:
    def templates(texts: Templates, *, contrast: bool = False) -> tuple[Template, ...]:
        return tuple(Template(forms=_forms(text, phrases, domains), contrast=contrast) for text in texts)

    if not (kind.both or kind.contrast or kind.positive) or bool(kind.negative) != bool(kind.positive):
        raise InvalidSentences(f"{kind.name}: needs templates for both labels")
    return Kind(
        name=kind.name,
        share=kind.share,
        shared=templates(kind.both) + templates(kind.contrast, contrast=True),
        own={"negative": templates(kind.negative), "positive": templates(kind.positive)},
    )


def _forms(text: str, phrases: Mapping[str, WordList], domains: Mapping[str, Words]) -> tuple[Form, ...]:
    parts = _PHRASE.split(text)
    unknown = [name for name in parts[1::2] if name not in phrases]
    if unknown:
        raise InvalidSentences(f"no phrases <{unknown[0]}> for {text!r}")
    choices = [phrases[part] if index % 2 else (part,) for index, part in enumerate(parts)]
    return tuple(_form("".join(chosen), domains) for chosen in product(*choices))


def _form(text: str, domains: Mapping[str, Words]) -> Form:
    needed = slots(text)
    fitting = tuple(name for name, words in domains.items() if all(map(words.has, needed)))
    if not fitting:
        raise InvalidSentences(f"no domain has words for every slot of {text!r}")
    return Form(text=text, slots=needed, domains=fitting)


def _joined(one: Mapping[str, WordList], more: Mapping[str, WordList]) -> dict[str, WordList]:
    return {name: (*one.get(name, ()), *more.get(name, ())) for name in {**one, **more}}
