"""Which fields of a configuration are saved with a version, so that no earlier release misreads it.

A field that came with a later schema is saved only where its value is not the default. A manifest that saves
it names that schema, so an earlier release refuses the version and says to upgrade.
"""

from dataclasses import fields, is_dataclass
from typing import Any

__all__ = ["FIRST_SCHEMA", "SINCE_SCHEMA", "needed_schema", "saved_fields"]

FIRST_SCHEMA = 1
SINCE_SCHEMA = "since_schema"
"""Key of a dataclass field's metadata: the schema version that the field came with."""


def saved_fields(config: Any) -> dict[str, Any]:  # noqa: ANN401  # any dataclass
    """Return the fields of a dataclass that are saved, by name, in the order of declaration."""
    return {
        each.name: getattr(config, each.name)
        for each in fields(config)
        if SINCE_SCHEMA not in each.metadata or getattr(config, each.name) != each.default
    }


def needed_schema(config: Any) -> int:  # noqa: ANN401  # any dataclass
    """Return the lowest schema version that has all saved fields of a dataclass, nested ones included."""
    since: dict[str, int] = {
        each.name: each.metadata.get(SINCE_SCHEMA, FIRST_SCHEMA) for each in fields(config)
    }
    saved = saved_fields(config)
    nested = [needed_schema(value) for value in saved.values() if is_dataclass(value)]
    return max([FIRST_SCHEMA, *(since[name] for name in saved), *nested])
