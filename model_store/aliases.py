"""Names that move from version to version: `aliases.json`, as in {"older": 2, "production": 3}."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from model_store.errors import CorruptAliases
from model_store.files import replace_durably
from model_store.history import Event, append_event
from model_store.parsing import first_problem
from model_store.reference import ALIAS_PATTERN

__all__ = ["ALIASES_FILE", "read_aliases", "write_alias"]

ALIASES_FILE = "aliases.json"
_ALIASES = TypeAdapter(
    dict[Annotated[str, Field(pattern=ALIAS_PATTERN)], Annotated[int, Field(ge=1, strict=True)]]
)


def read_aliases(folder: Path) -> dict[str, int]:
    """Return the aliases of the model in `folder`, sorted; raises CorruptAliases, and OSError."""
    path = folder / ALIASES_FILE
    try:
        aliases = _ALIASES.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        raise CorruptAliases(
            f"{path}: {first_problem(error)}: correct the file, or remove it and set the aliases again"
        ) from error
    return dict(sorted(aliases.items()))


def write_alias(folder: Path, alias: str, version: int, event: Event) -> None:
    """Point an alias at a version, at once for readers, and add the event to the history.

    The caller holds the model's lock. Raises CorruptAliases, and OSError.
    """
    aliases = read_aliases(folder) | {alias: version}
    content = json.dumps(aliases, indent=2, sort_keys=True) + "\n"
    append_event(folder, event)  # first, so that no move is without its line
    replace_durably(folder / ALIASES_FILE, content.encode())
