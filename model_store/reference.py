"""How people name a version: "reviews", "reviews@production" or "reviews@3"."""

import re
from dataclasses import dataclass

from model_store.errors import InvalidReference

__all__ = [
    "ALIAS_PATTERN",
    "DEFAULT_ALIAS",
    "MODEL_PATTERN",
    "Reference",
    "check_alias",
    "check_model",
    "parse",
    "parse_version",
]

DEFAULT_ALIAS = "production"
"""The alias that a reference without a selector means."""
MODEL_PATTERN = r"^[a-z0-9][a-z0-9._-]*$"
ALIAS_PATTERN = r"^[a-z][a-z0-9-]*$"  # Begins with a letter, so that no alias can pass for a version.
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A model and which of its versions: a number, or an alias to look up."""

    model: str
    selector: str | int = DEFAULT_ALIAS

    def __str__(self) -> str:
        return f"{self.model}@{self.selector}"


def parse(text: str) -> Reference:
    """Read a reference as people write it; raises InvalidReference."""
    model, at, selector = text.partition("@")
    check_model(model)
    if not at:
        return Reference(model=model)
    version = parse_version(selector)
    if version is None:
        check_alias(selector)
    return Reference(model=model, selector=version or selector)


def parse_version(text: str) -> int | None:
    """Return the version number that a text spells, or None: "3" is one, "03", "+3" and "three" are not."""
    return int(text) if _VERSION.fullmatch(text) else None


def check_model(name: str) -> None:
    """Raise InvalidReference unless a model may have this name."""
    rule = "lower-case letters, digits, '.', '_' and '-', as in 'reviews'"
    _check("model name", name, MODEL_PATTERN, rule)


def check_alias(name: str) -> None:
    """Raise InvalidReference unless an alias may have this name."""
    rule = "lower-case letters, digits and '-', a letter first, as in 'production'"
    _check("alias", name, ALIAS_PATTERN, rule)


def _check(what: str, name: str, pattern: str, rule: str) -> None:
    if not re.fullmatch(pattern, name):
        raise InvalidReference(f"{name!r} is not a valid {what}: use {rule}")
