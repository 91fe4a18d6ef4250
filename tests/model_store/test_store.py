from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from model_store import (
    RELEASED,
    AliasNotFound,
    CorruptAliases,
    Draft,
    InvalidReference,
    ModelNotFound,
    Store,
    StoreError,
    StoreNotFound,
    StoreUnavailable,
    UnsupportedLocation,
    VersionNotFound,
)
from tests.model_store.faults import forbidden


def test_publish_resolve_list_round_trip(store: Store, draft: Draft) -> None:
    assert store.publish(draft) == 1
    assert store.publish(replace(draft, temperature=2.0)) == 2
    assert store.publish(replace(draft, model="hotels")) == 1
    assert store.models() == ["hotels", "reviews"]
    assert store.versions("reviews") == [1, 2]
    assert store.resolve("reviews@2") == ("reviews", 2)
    assert [store.manifest("reviews", version).temperature for version in (1, 2)] == [1.25, 2.0]
    assert store.verify("hotels", 1).model == "hotels"


def test_versions_are_in_the_order_of_numbers(store: Store, draft: Draft) -> None:
    assert [store.publish(draft) for _ in range(11)] == store.versions("reviews") == list(range(1, 12))


def test_alias_moves_and_rolls_back(store: Store, draft: Draft) -> None:
    store.publish(draft)
    store.publish(draft)
    store.set_alias("reviews", "production", 2)
    store.set_alias("reviews", "candidate", 1)
    assert store.resolve("reviews") == store.resolve("reviews@production") == ("reviews", 2)
    assert store.resolve("reviews@candidate") == ("reviews", 1)
    store.set_alias("reviews", "production", 1)
    assert store.resolve("reviews") == ("reviews", 1)
    assert store.aliases("reviews") == {"candidate": 1, "production": 1}


def test_publishing_moves_no_alias(store: Store, draft: Draft) -> None:
    store.publish(draft)
    assert store.aliases("reviews") == {}
    store.set_alias("reviews", "production", 1)
    store.publish(draft)
    assert store.aliases("reviews") == {"production": 1}


def test_creation_time_is_in_utc(tmp_path: Path, draft: Draft) -> None:
    east = timezone(timedelta(hours=2))
    store = Store(tmp_path, now=lambda: datetime(2025, 1, 31, 14, 0, 59, tzinfo=east))
    store.publish(draft)
    assert store.manifest("reviews", 1).created_at == "2025-01-31T12:00:59Z"


def test_store_keeps_nothing_in_memory(store: Store, draft: Draft) -> None:
    store.publish(draft)
    Store(store.root).publish(draft)
    assert store.versions("reviews") == [1, 2]


def test_root_may_be_text_and_a_link(tmp_path: Path, draft: Draft) -> None:
    Store(tmp_path / "real").publish(draft)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    Store(str(tmp_path / "link")).verify("reviews", 1)


def test_default_root_is_the_released_store() -> None:
    assert Store().root == RELEASED
    assert RELEASED.parts[-2:] == ("model_store", "released")


@pytest.mark.parametrize(
    "root", ["s3://bucket/models", "https://host/models", "file:///models", Path("gs://b")]
)
def test_url_is_refused(root: str | Path) -> None:
    with pytest.raises(UnsupportedLocation, match=r"only folders"):
        Store(root)


def test_missing_store(store: Store) -> None:
    for read in (store.models, lambda: store.versions("reviews"), lambda: store.load("reviews")):
        with pytest.raises(StoreNotFound, match=r"no such folder: give the path") as refusal:
            read()
        assert str(refusal.value).startswith(f"{store.root}: ")
    assert not store.root.exists()


def test_store_that_is_a_file(store: Store, draft: Draft) -> None:
    store.root.write_text("")
    for use in (store.models, lambda: store.resolve("reviews"), lambda: store.publish(draft)):
        with pytest.raises(StoreNotFound, match=r"is a file: give the folder"):
            use()


def test_store_that_may_not_be_read_or_written(store: Store, draft: Draft) -> None:
    store.publish(draft)
    with forbidden(store.root):
        for use in (store.models, lambda: store.load("reviews"), lambda: store.publish(draft)):
            with pytest.raises(StoreUnavailable, match=r"Permission denied: check the permissions"):
                use()
        with pytest.raises(StoreUnavailable):
            store.set_alias("reviews", "production", 1)
    assert store.versions("reviews") == [1]


def test_alias_that_cannot_be_written(store: Store, draft: Draft) -> None:
    store.publish(draft)
    (store.root / "reviews" / ".aliases.lock").mkdir()
    with pytest.raises(StoreUnavailable, match=r"aliases\.lock: Is a directory"):
        store.set_alias("reviews", "production", 1)


def test_model_folder_that_is_a_file(store: Store, draft: Draft) -> None:
    store.root.mkdir()
    (store.root / "reviews").write_text("")
    assert store.models() == []
    with pytest.raises(StoreUnavailable, match=r"reviews"):
        store.publish(draft)


def test_empty_store(store: Store) -> None:
    store.root.mkdir()
    assert store.models() == []
    with pytest.raises(ModelNotFound, match=r"has no model 'reviews': train one, or point to another store"):
        store.resolve("reviews")


def test_error_about_an_unknown_model_names_the_known_ones(store: Store, draft: Draft) -> None:
    store.publish(draft)
    store.publish(replace(draft, model="hotels"))
    with pytest.raises(ModelNotFound, match=r"has no model 'review': its models are hotels, reviews"):
        store.resolve("review@1")


def test_folders_that_are_no_models_are_skipped(store: Store, draft: Draft) -> None:
    store.publish(draft)
    for name in ("lost+found", ".cache", "Notes", "empty", "no-version"):
        (store.root / name).mkdir()
    (store.root / "no-version" / "aliases.json").write_text("{}")
    (store.root / "readme.txt").write_text("")
    assert store.models() == ["reviews"]


def test_error_about_an_unknown_version_names_the_known_ones(store: Store, draft: Draft) -> None:
    store.publish(draft)
    store.publish(draft)
    uses = (
        lambda: store.resolve("reviews@3"),
        lambda: store.manifest("reviews", 3),
        lambda: store.verify("reviews", 3),
        lambda: store.load("reviews@3"),
        lambda: store.set_alias("reviews", "production", 3),
    )
    for use in uses:
        with pytest.raises(VersionNotFound, match=r"reviews has no version 3: it has 1, 2"):
            use()
    assert store.aliases("reviews") == {}


def test_error_about_a_missing_alias_says_how_to_set_it(store: Store, draft: Draft) -> None:
    store.publish(draft)
    with pytest.raises(AliasNotFound, match=r"`sentiment-models alias reviews@1 production`"):
        store.load("reviews")


def test_alias_of_a_version_that_is_gone(store: Store, draft: Draft) -> None:
    store.publish(draft)
    (store.root / "reviews" / "aliases.json").write_text('{"production": 4}')
    with pytest.raises(
        VersionNotFound, match=r"alias 'production' of reviews stands for version 4.* one of 1"
    ):
        store.resolve("reviews")


def test_corrupt_aliases_do_not_hide_versions(store: Store, draft: Draft) -> None:
    store.publish(draft)
    path = store.root / "reviews" / "aliases.json"
    path.write_text('{"production": ')
    with pytest.raises(CorruptAliases, match=r"aliases\.json: Invalid JSON"):
        store.load("reviews")
    assert store.resolve("reviews@1") == ("reviews", 1)
    assert store.publish(draft) == 2


@pytest.mark.parametrize("name", ["../reviews", "", "Reviews", "a/b"])
def test_misspelled_names_are_refused(store: Store, draft: Draft, name: str) -> None:
    store.publish(draft)
    uses = (
        lambda: store.versions(name),
        lambda: store.aliases(name),
        lambda: store.resolve(name),
        lambda: store.manifest(name, 1),
        lambda: store.publish(replace(draft, model=name)),
        lambda: store.set_alias("reviews", name, 1),
    )
    for use in uses:
        with pytest.raises(InvalidReference):
            use()
    assert sorted(path.name for path in store.root.parent.iterdir()) == ["store"]


def test_errors_are_one_line(store: Store) -> None:
    with pytest.raises(StoreError) as refusal:
        store.resolve("two\nlines")
    assert "\n" not in str(refusal.value)
