"""What commands print: tables and lines for people, JSON for programs."""

import json
import sys
from collections.abc import Mapping

from pydantic import JsonValue

from model_store.history import Event

__all__ = ["fail", "pairs", "print_event", "print_json", "short"]

MAX_CELL = 60


def print_json(value: object) -> None:
    """Print plain data as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_event(event: Event, line: str, *, as_json: bool) -> None:
    """Print what has happened: a line for people, or the line of the history as JSON."""
    if as_json:
        print_json(event.fields())
    else:
        print(line)


def pairs(values: Mapping[str, JsonValue]) -> str:
    """Return figures in one line, as in "probes_passed 0.91, forced true"."""
    return ", ".join(f"{name} {short(value)}" for name, value in values.items()) or "-"


def short(value: JsonValue) -> str:
    """Return a value of JSON as a cell of a table; long ones are cut off."""
    if isinstance(value, float):
        return f"{value:.4f}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"


def fail(error: Exception) -> int:
    """Print an error in one line, and return the exit code 1."""
    print(f"error: {error}", file=sys.stderr)
    return 1
