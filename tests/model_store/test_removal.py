import pytest

from model_store import Draft, Reason, Rollout, Store, VersionInUse, VersionNotFound
from model_store.removal import abandoned

REMOVE = Reason(action="remove", why="old")


def test_removed_version_is_gone_but_its_manifest(store: Store, draft: Draft) -> None:
    store.publish(draft)
    store.publish(draft)
    manifest = store.manifest("reviews", 1)
    store.remove("reviews", 1, REMOVE)
    assert store.versions("reviews") == [2]
    assert store.removed_manifest("reviews", 1) == manifest
    assert store.history("reviews")[-1].fields() | {"when": "", "who": ""} == {
        "when": "",
        "who": "",
        "action": "remove",
        "alias": None,
        "from": 1,
        "to": None,
        "why": "old",
        "evidence": {},
    }
    assert abandoned(store.root / "reviews") == []
    with pytest.raises(VersionNotFound, match=r"has and had no version 3"):
        store.removed_manifest("reviews", 3)


def test_what_is_in_use_stays(store: Store, draft: Draft) -> None:
    for _ in range(3):
        store.publish(draft)
    store.set_alias("reviews", "production", 1)
    store.set_rollout("reviews", Rollout(candidate=2), Reason(action="rollout"))
    with pytest.raises(VersionInUse, match=r"by production"):
        store.remove("reviews", 1, REMOVE)
    with pytest.raises(VersionInUse, match=r"by the rollout"):
        store.remove("reviews", 2, REMOVE)
    assert store.versions("reviews") == [1, 2, 3]
