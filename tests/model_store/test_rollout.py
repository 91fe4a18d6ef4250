import json

import pytest

from model_store import CorruptRollout, Draft, Reason, Rollout, Store, VersionNotFound

BEGIN, STOP = Reason(action="rollout"), Reason(action="stop")


@pytest.fixture
def tried(store: Store, draft: Draft) -> Store:
    """A store with three versions, the first live, the second tried."""
    for _ in range(3):
        store.publish(draft)
    store.set_alias("reviews", "production", 1)
    store.set_rollout("reviews", Rollout(candidate=2, canary=0.05, shadow=0.2), BEGIN)
    return store


def test_file(tried: Store) -> None:
    content = json.loads((tried.root / "reviews" / "rollout.json").read_text())
    assert content == {"candidate": 2, "canary": 0.05, "shadow": 0.2}
    assert tried.rollout("reviews") == Rollout(candidate=2, canary=0.05, shadow=0.2)
    assert tried.aliases("reviews") == {"production": 1}


def test_stop_and_history(tried: Store) -> None:
    tried.set_rollout("reviews", None, STOP)
    assert tried.rollout("reviews") is None
    tried.set_rollout("reviews", None, STOP)  # harmless again
    events = [
        (event.action, event.alias, event.from_version, event.to_version)
        for event in tried.history("reviews")
    ]
    assert events[1:] == [("rollout", None, None, 2), ("stop", None, 2, None), ("stop", None, None, None)]


def test_unknown_version_is_refused(tried: Store) -> None:
    with pytest.raises(VersionNotFound):
        tried.set_rollout("reviews", Rollout(candidate=9), BEGIN)
    assert tried.rollout("reviews") == Rollout(candidate=2, canary=0.05, shadow=0.2)


@pytest.mark.parametrize(
    ("alias", "version", "action", "stays"),
    [
        ("production", 2, "promote", False),
        ("production", 2, "alias", False),
        ("production", 3, "promote", True),
        ("production", 3, "rollback", False),
        ("staging", 2, "alias", True),
    ],
)
def test_when_a_move_ends_it(tried: Store, alias: str, version: int, action: str, *, stays: bool) -> None:
    tried.set_alias("reviews", alias, version, Reason(action=action))  # type: ignore[arg-type]  # a literal
    assert (tried.rollout("reviews") is not None) is stays


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"candidate": 0}', '{"candidate": 2, "canary": 1.5}'])
def test_corrupt_file_is_named_and_can_be_replaced(tried: Store, content: str) -> None:
    path = tried.root / "reviews" / "rollout.json"
    path.write_text(content)
    with pytest.raises(CorruptRollout) as refusal:
        tried.rollout("reviews")
    assert str(refusal.value).startswith(f"{path}: ")
    tried.set_alias("reviews", "production", 3)
    tried.set_rollout("reviews", None, STOP)
    assert tried.rollout("reviews") is None
