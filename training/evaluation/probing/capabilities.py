"""The capabilities that the probes test, and the cases that their templates expand to.

The kinds are those of CheckList (Ribeiro et al. 2020, arXiv:2005.04118): a text must have a label; a change
must not change the label; a change must move the score in one direction, or at least not in the other.
"""

import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, TypeAdapter, ValidationError

from model_store.parsing import first_problem
from sentiment.strict import strict
from training.data.templates import choose, fill, misspell, slots
from training.errors import InvalidProbes

__all__ = ["PROBES", "PROBE_LABELS", "Capability", "Case", "Kind", "load_capabilities"]

Kind = Literal["label", "invariance", "direction"]
Label = Literal["negative", "positive"]
WordList = Annotated[list[str], Field(min_length=1)]
Words = Mapping[str, WordList]

PROBES = Path(__file__).parent / "probes.toml"
PROBE_LABELS: tuple[Label, ...] = get_args(Label)

_MAX_ROUNDS = 200
_EVERY_DOMAIN = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One text, or two that differ by one change."""

    label: Label
    """What a careful reader says of the text, or of both texts."""
    text: str
    changed: str | None = None
    """The text with the change; None for a case of the kind "label"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Cases of one kind that test one thing.

    Raises InvalidProbes when a text occurs twice, a change has no effect, or one label has more cases than
    the other. All cases may have the same label: negated praise is always negative.
    """

    name: str
    kind: Kind
    cases: tuple[Case, ...]

    def __post_init__(self) -> None:
        texts = Counter(case.text for case in self.cases)
        labels = Counter(case.label for case in self.cases)
        _require(bool(self.cases), f"{self.name}: has no cases")
        _require(max(texts.values()) == 1, f"{self.name}: {texts.most_common(1)[0][0]!r} comes twice")
        _require(len(set(labels.values())) == 1, f"{self.name}: is unbalanced, {dict(labels)}")
        for case in self.cases:
            _require(case.changed != case.text, f"{self.name}: the change leaves {case.text!r} as it is")
            paired = case.changed is not None
            _require(paired == (self.kind != "label"), f"{self.name}: {case.text!r} is of another kind")


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class _Swap:
    slot: str
    to: str
    """The slot whose words replace those of `slot`; it may be the same one."""


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class _Templates:
    """A capability as it is in the file: templates by label, and at most one kind of change."""

    name: str
    kind: Kind
    num_cases: int
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    swap: _Swap | None = None
    add: str | None = None
    """The slot whose sentences are added before or after the text."""
    typo: tuple[str, ...] | None = None
    """The slots whose words may be misspelt; an empty list means any word."""

    def __post_init__(self) -> None:
        num_changes = sum(change is not None for change in (self.swap, self.add, self.typo))
        wanted = 0 if self.kind == "label" else 1
        _require(num_changes == wanted, f"{self.name}: needs {wanted} of swap, add and typo")

    def of(self, label: Label) -> tuple[str, ...]:
        return self.positive if label == "positive" else self.negative

    def slots_of(self, text: str) -> set[str]:
        """Return the slots that a template and its change need words for."""
        of_change = {self.swap.to} if self.swap else {self.add} if self.add else set(self.typo or ())
        return {*slots(text), *of_change}


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class _ProbeFile:
    words: dict[str, dict[str, WordList]]
    reviews: dict[Label, tuple[str, ...]]
    capabilities: tuple[_Templates, ...]


_PROBE_FILE = TypeAdapter(_ProbeFile)


@cache
def load_capabilities(path: Path = PROBES) -> tuple[Capability, ...]:
    """Return the capabilities of a file in its order, each expanded to its cases, which are always the same.

    Raises InvalidProbes, naming the file and the capability, for templates that cannot be expanded.
    """
    try:
        probe_file = _PROBE_FILE.validate_json(json.dumps(tomllib.loads(path.read_text(encoding="utf-8"))))
        capabilities = tuple(_expand(templates, probe_file) for templates in probe_file.capabilities)
        names = [capability.name for capability in capabilities]
        _require(len(set(names)) == len(names), f"two capabilities of {sorted(names)} share a name")
    except ValidationError as error:
        raise InvalidProbes(f"{path}: {first_problem(error)}") from error
    except (InvalidProbes, OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidProbes(f"{path}: {error}") from error
    return capabilities


def _expand(templates: _Templates, probe_file: _ProbeFile) -> Capability:
    by_label = {label: templates.of(label) for label in PROBE_LABELS if templates.of(label)}
    by_label = by_label or _reviews_for(templates, probe_file)
    num_each, rest = divmod(templates.num_cases, max(1, len(by_label)))
    _require(num_each > 0 and rest == 0, f"{templates.name}: num_cases must be a multiple of {len(by_label)}")
    return Capability(
        name=templates.name,
        kind=templates.kind,
        cases=tuple(
            case
            for label, texts in by_label.items()
            for case in _cases(templates, label, texts, num_each, _domains(probe_file.words))
        ),
    )


def _reviews_for(templates: _Templates, probe_file: _ProbeFile) -> dict[Label, tuple[str, ...]]:
    """Return the shared reviews that have the slot to swap."""
    needed = {templates.swap.slot} if templates.swap else set()
    return {
        label: tuple(text for text in probe_file.reviews[label] if needed <= set(slots(text)))
        for label in PROBE_LABELS
        if label in probe_file.reviews
    }


def _domains(words: Mapping[str, Words]) -> dict[str, Words]:
    common = words.get(_EVERY_DOMAIN, {})
    return {name: {**common, **own} for name, own in words.items() if name != _EVERY_DOMAIN}


def _cases(
    templates: _Templates, label: Label, texts: tuple[str, ...], num_cases: int, domains: Mapping[str, Words]
) -> list[Case]:
    """Return `num_cases` cases, from each template and domain in turn."""
    cases: dict[str, Case] = {}
    for case in _endless(templates, label, texts, domains):
        cases.setdefault(case.text, case)
        if len(cases) == num_cases:
            return list(cases.values())
    raise InvalidProbes(
        f"{templates.name}: its {label} templates make only {len(cases)} of {num_cases} cases"
    )


def _endless(
    templates: _Templates, label: Label, texts: tuple[str, ...], domains: Mapping[str, Words]
) -> Iterator[Case]:
    for text in texts:
        if not any(templates.slots_of(text) <= words.keys() for words in domains.values()):
            raise InvalidProbes(f"{templates.name}: no domain has words for every slot of {text!r}")
    for number in range(_MAX_ROUNDS):
        for (domain, words), template in product(domains.items(), texts):
            if templates.slots_of(template) <= words.keys():
                purpose = (templates.name, template, domain, str(number))
                yield from _case(templates, label, template, words, purpose)


def _case(
    templates: _Templates, label: Label, template: str, words: Words, purpose: tuple[str, ...]
) -> Iterator[Case]:
    values = {slot: choose(words[slot], *purpose, slot) for slot in slots(template)}
    text = fill(template, values)
    if templates.kind == "label":
        yield Case(label=label, text=text)
    elif changed := _change(templates, template, values, words, purpose):
        yield Case(label=label, text=text, changed=changed)


def _change(
    templates: _Templates, template: str, values: dict[str, str], words: Words, purpose: tuple[str, ...]
) -> str | None:
    text = fill(template, values)
    if swap := templates.swap:
        others = [word for word in words[swap.to] if word != values[swap.slot]]
        if not others:
            return None
        return fill(template, {**values, swap.slot: choose(others, *purpose, "swap")})
    if templates.add:
        sentence = choose(words[templates.add], *purpose, "add")
        return choose([f"{text} {sentence}", f"{sentence} {text}"], *purpose, "side")
    may_change = {word for slot in templates.typo or () for value in words[slot] for word in value.split()}
    return misspell(text, may_change or None, *purpose)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise InvalidProbes(message)
