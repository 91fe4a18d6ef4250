from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from model_store import CorruptHistory, Draft, Reason, Rollout, Store
from model_store.garbage import judge

NOW = datetime(2025, 6, 1, tzinfo=UTC)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOW - timedelta(days=100)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def eight(tmp_path: Path, draft: Draft, clock: Clock) -> Store:
    """A store with eight versions: 1 and 2 were live long ago, 3 until ten days ago, 5 is now."""
    store = Store(tmp_path, now=clock)
    for _ in range(8):
        store.publish(draft)
    for version, days_ago in ((1, 90), (2, 60), (3, 50), (5, 10)):
        clock.now = NOW - timedelta(days=days_ago)
        store.set_alias("reviews", "production", version)
    return store


def kept(store: Store) -> dict[int, str]:
    return {each.version: each.why for each in judge(store, "reviews", NOW) if each.keep}


def test_what_is_kept_and_why(eight: Store) -> None:
    eight.set_rollout("reviews", Rollout(candidate=4), Reason(action="rollout"))
    assert kept(eight) == {
        3: "an alias named it within 30 days",
        4: "candidate of the rollout",
        5: "alias production",
        6: "one of the newest three",
        7: "one of the newest three",
        8: "one of the newest three",
    }


def test_what_goes(eight: Store) -> None:
    gone = [each for each in judge(eight, "reviews", NOW) if not each.keep]
    assert [each.version for each in gone] == [1, 2, 4]
    assert {each.why for each in gone} == {
        "older than the newest three, and no alias has named it for 30 days"
    }
    assert all(each.size_bytes > 0 for each in gone)


def test_what_cannot_be_read_stays(eight: Store) -> None:
    (eight.root / "reviews" / "1" / "manifest.json").write_text("{}")
    assert "does not match its hash" in kept(eight)[1]


def test_without_its_history_nothing_goes(eight: Store) -> None:
    (eight.root / "reviews" / "history.jsonl").write_text("{\n")
    with pytest.raises(CorruptHistory):
        judge(eight, "reviews", NOW)
