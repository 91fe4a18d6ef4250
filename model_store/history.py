"""What happened to a model's aliases and rollouts: `history.jsonl`, one JSON object a line, the oldest first.

A reader of this release ignores fields that a later one adds.
"""

import getpass
import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from model_store.errors import CorruptHistory
from model_store.files import replace_durably
from model_store.parsing import first_problem

__all__ = [
    "HISTORY_FILE",
    "Action",
    "Event",
    "Reason",
    "append_event",
    "live_since",
    "read_history",
    "was_live",
]

HISTORY_FILE = "history.jsonl"

Action = Literal["alias", "fit", "promote", "rollback", "rollout", "stop", "remove"]
Version = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something happens: the command, what its user says, and the figures that speak for it."""

    action: Action
    why: str = ""
    evidence: Mapping[str, JsonValue] = field(default_factory=dict)


BY_HAND = Reason(action="alias")
"""That of a move about which nothing else is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the history: an alias moved, a rollout began or ended, or a version was removed."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="ignore", strict=True)

    when: str
    """ISO 8601 in UTC, as in 2025-01-31T12:00:00Z."""
    who: str
    """User and machine, as in "ada@build-3"."""
    action: str
    """That of a `Reason`; a later release may know more."""
    alias: str | None
    """The alias that moved; None where none did."""
    from_version: Annotated[Version | None, Field(alias="from")]
    to_version: Annotated[Version | None, Field(alias="to")]
    why: str
    evidence: dict[str, JsonValue]

    def fields(self) -> dict[str, JsonValue]:
        """Return the event as plain data, in the names of the file."""
        return dict(_EVENT.dump_python(self, mode="json", by_alias=True))


_EVENT = TypeAdapter(Event)


def user() -> str:
    """Return who runs this process and where; a user without a name is given by number."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # in a container, say, whose user is only a number
        name = "unknown"
    return f"{name}@{socket.gethostname()}"


def read_history(folder: Path) -> tuple[Event, ...]:
    """Return all events of the model in `folder`, the oldest first; raises CorruptHistory, and OSError."""
    path = folder / HISTORY_FILE
    lines = _read(path).removesuffix(b"\n").split(b"\n")
    return tuple(_parse(path, number, line) for number, line in enumerate(lines, start=1) if line)


def append_event(folder: Path, event: Event) -> None:
    """Add an event; the caller holds the model's lock. Raises OSError."""
    path = folder / HISTORY_FILE
    content = _read(path)
    separator = b"" if not content or content.endswith(b"\n") else b"\n"
    line = json.dumps(event.fields(), ensure_ascii=False, allow_nan=False).encode()
    # The whole file is written anew, so that a crash leaves no half line. A line has some 200 bytes.
    replace_durably(path, content + separator + line + b"\n")


def was_live(events: Iterable[Event], alias: str, current: int | None) -> list[int]:
    """Return the versions that an alias pointed to before `current`, the newest first, each once.

    A version that was rolled back is left out, until it is promoted again. `current` may differ from the last
    event: older releases move an alias without a line.
    """
    trail: list[int] = []
    rolled_back: set[int] = set()
    for event in _moves(events, alias, current):
        _follow(event, trail, rolled_back)
    newest_first = dict.fromkeys(reversed(trail))
    return [version for version in newest_first if version != current and version not in rolled_back]


def live_since(events: Iterable[Event], when: str) -> set[int]:
    """Return the versions that any alias left or took at this moment or later, in ISO 8601 as in an event."""
    recent = [event for event in events if event.alias is not None and event.when >= when]
    versions = {version for event in recent for version in (event.from_version, event.to_version)}
    return {version for version in versions if version is not None}


def _moves(events: Iterable[Event], alias: str, current: int | None) -> Iterator[Event]:
    """Yield the moves of an alias that took place: a crash can leave a line without its move."""
    moves = [event for event in events if event.alias == alias]
    found_next = [*(event.from_version for event in moves[1:]), current]
    for event, found in zip(moves, found_next, strict=False):
        if found == event.to_version or found != event.from_version:
            yield event


def _follow(event: Event, trail: list[int], rolled_back: set[int]) -> None:
    """Extend the trail of live versions by a move, or shorten it by a rollback."""
    before, after = event.from_version, event.to_version
    if before is not None and (not trail or trail[-1] != before):
        trail.append(before)
    if after is None:
        return
    if event.action != "rollback":
        rolled_back.discard(after)
        trail.append(after)
        return
    while trail and trail[-1] != after:
        trail.pop()
    trail[:] = trail or [after]
    if before is not None:
        rolled_back.add(before)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _parse(path: Path, number: int, line: bytes) -> Event:
    try:
        return _EVENT.validate_json(line)
    except ValidationError as error:
        raise CorruptHistory(
            f"{path}: line {number}: {first_problem(error)}: correct the line, or remove it"
        ) from error
