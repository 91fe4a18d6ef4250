import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from model_store import CorruptHistory, Draft, Reason, Store, was_live
from model_store.history import Event, append_event, live_since, read_history

EVENT = Event(
    when="2025-01-31T12:00:00Z",
    who="ada@host",
    action="promote",
    alias="production",
    from_version=1,
    to_version=2,
    why="",
    evidence={},
)


def moves(*steps: tuple[str, int | None, int]) -> list[Event]:
    """Return the events of moves, each an action with the version before and after."""
    return [
        replace(EVENT, action=action, from_version=before, to_version=after)
        for action, before, after in steps
    ]


def test_every_move_of_an_alias_writes_a_line(store: Store, draft: Draft) -> None:
    store.publish(draft)
    store.publish(draft)
    store.set_alias("reviews", "production", 1)
    store.set_alias(
        "reviews", "production", 2, Reason(action="promote", why="better", evidence={"ratio": 0.5})
    )
    first, second = store.history("reviews")
    assert (first.action, first.from_version, first.to_version) == ("alias", None, 1)
    assert (second.action, second.alias, second.from_version, second.to_version) == (
        "promote",
        "production",
        1,
        2,
    )
    assert (second.why, second.evidence) == ("better", {"ratio": 0.5})
    assert "@" in second.who
    line = json.loads((store.root / "reviews" / "history.jsonl").read_text().splitlines()[1])
    assert set(line) == {"when", "who", "action", "alias", "from", "to", "why", "evidence"}


def test_concurrent_moves_lose_no_line(store: Store, draft: Draft) -> None:
    for _ in range(3):
        store.publish(draft)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda step: store.set_alias("reviews", "production", 1 + step % 3), range(60)))
    events = store.history("reviews")
    assert len(events) == 60
    # Each begins where the one before it ended, so none was written outside the lock.
    assert [event.from_version for event in events[1:]] == [event.to_version for event in events[:-1]]
    assert store.aliases("reviews") == {"production": events[-1].to_version}


def test_fields_of_later_releases_are_ignored(tmp_path: Path) -> None:
    line = EVENT.fields() | {"action": "teleport", "ticket": 7}
    (tmp_path / "history.jsonl").write_text(json.dumps(line) + "\n")
    assert read_history(tmp_path) == (replace(EVENT, action="teleport"),)


@pytest.mark.parametrize("line", ["{", "[]", '{"when": 3}'])
def test_corrupt_line_is_named(tmp_path: Path, line: str) -> None:
    append_event(tmp_path, EVENT)
    with (tmp_path / "history.jsonl").open("a") as file:
        file.write(line)
    with pytest.raises(CorruptHistory, match=r"history\.jsonl: line 2: "):
        read_history(tmp_path)
    append_event(tmp_path, EVENT)  # a corrupt line keeps nobody from writing the next
    assert len((tmp_path / "history.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("steps", "current", "expected"),
    [
        ([], 3, []),
        ([("promote", None, 1)], 1, []),
        ([("promote", 1, 2), ("promote", 2, 3)], 3, [2, 1]),
        ([("promote", 1, 2), ("promote", 2, 3), ("rollback", 3, 2)], 2, [1]),
        ([("promote", 1, 2), ("promote", 2, 3), ("rollback", 3, 2), ("rollback", 2, 1)], 1, []),
        ([("promote", 1, 2), ("rollback", 2, 1), ("promote", 1, 3)], 3, [1]),
        # Promoted again, a version that was rolled back counts as any other.
        ([("promote", 1, 2), ("rollback", 2, 1), ("promote", 1, 2), ("promote", 2, 3)], 3, [2, 1]),
        # Moved by a release that writes no history.
        ([("promote", 1, 2), ("promote", 5, 6)], 6, [5, 2, 1]),
        ([("promote", 1, 2)], 7, [2, 1]),
        # A crash after the line and before the move, twice.
        ([("promote", 1, 2), ("promote", 2, 9)], 2, [1]),
        ([("promote", 1, 2), ("promote", 2, 9), ("promote", 2, 3)], 3, [2, 1]),
        # An unreadable alias file.
        ([("promote", 1, 2), ("promote", 2, 3)], None, [3, 2, 1]),
    ],
)
def test_what_was_live(
    steps: list[tuple[str, int | None, int]], current: int | None, expected: list[int]
) -> None:
    others = moves(("alias", 1, 8))
    events = [*(replace(event, alias="staging") for event in others), *moves(*steps)]
    assert was_live(events, "production", current) == expected


def test_live_since_counts_what_a_move_ended() -> None:
    old, new = replace(EVENT, when="2025-01-01T00:00:00Z"), replace(EVENT, from_version=2, to_version=3)
    assert live_since([old, new], "2025-01-31T00:00:00Z") == {2, 3}
    assert live_since([old, replace(new, alias=None)], "2025-01-31T00:00:00Z") == set()


def test_the_store_gives_the_time(tmp_path: Path, draft: Draft) -> None:
    start = datetime(2025, 1, 31, 12, tzinfo=UTC)
    times = iter([start, start + timedelta(seconds=1.5)])
    store = Store(tmp_path, now=lambda: next(times))
    store.publish(draft)
    assert store.set_alias("reviews", "production", 1).when == "2025-01-31T12:00:01Z"
