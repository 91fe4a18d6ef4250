import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import pytest

from model_store import Draft, InvalidDraft, ModelNotFound, Store, StoreNotFound, StoreUnavailable, was_live
from tests.model_store.drafts import small_draft, with_files
from tests.model_store.faults import files_limited_to
from tests.scale import scaled

TOP = Path(__file__).parents[2]


def hidden(store: Store) -> list[str]:
    return sorted(path.name for path in (store.root / "reviews").glob(".publishing-*"))


def visible_versions(store: Store) -> list[int]:
    """Return the versions that a reader sees; fail if one is damaged."""
    try:
        versions = store.versions("reviews")
    except (StoreNotFound, ModelNotFound):
        return []
    for version in versions:
        store.verify("reviews", version)
    return versions


def test_publishing_leaves_nothing_but_the_version(store: Store, draft: Draft) -> None:
    assert store.publish(draft) == 1
    assert [path.name for path in (store.root / "reviews").iterdir()] == ["1"]
    folder = store.root / "reviews" / "1"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {*draft.payload, "manifest.json", "manifest.json.sha256"}
    assert all((folder / name).read_bytes() == content for name, content in draft.payload.items())


def test_hash_file_is_what_sha256sum_takes(store: Store, draft: Draft) -> None:
    store.publish(draft)
    folder = store.root / "reviews" / "1"
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "manifest.json.sha256"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, b"manifest.json: OK\n")


def test_version_is_as_readable_as_the_user_wants(store: Store, draft: Draft) -> None:
    before = os.umask(0o022)
    try:
        store.publish(draft)
    finally:
        os.umask(before)
    folder = store.root / "reviews" / "1"
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (folder / "manifest.json").stat().st_mode & 0o777 == 0o644


def test_numbers_go_on_after_the_last(store: Store, draft: Draft) -> None:
    assert [store.publish(draft) for _ in range(3)] == [1, 2, 3]
    (store.root / "reviews" / "7").mkdir()
    (store.root / "reviews" / "9").write_text("a file is in the way too")
    assert store.publish(draft) == 10
    assert store.versions("reviews") == [1, 2, 3, 7, 10]


def test_publisher_that_is_overtaken_takes_the_next_number(store: Store, draft: Draft) -> None:
    class Overtaken(dict[str, bytes]):
        """A payload that another publisher overtakes while it is being written."""

        def items(self) -> Iterator[tuple[str, bytes]]:  # type: ignore[override]  # an iterator does here
            if len(overtakers) < 4:
                overtakers.append(store.publish(draft))
            return iter(super().items())

    overtakers: list[int] = []
    version = store.publish(small_draft(payload=Overtaken(draft.payload)))
    assert overtakers == [1, 2, 3, 4]
    assert version == 5
    assert visible_versions(store) == [1, 2, 3, 4, 5]
    assert hidden(store) == []


def test_refused_draft_leaves_nothing(store: Store, draft: Draft) -> None:
    with pytest.raises(InvalidDraft):
        store.publish(with_files(draft, **{"../escape": b""}))
    assert not store.root.exists()


def test_rehearsal_refuses_what_publishing_would_and_leaves_nothing(store: Store, draft: Draft) -> None:
    with pytest.raises(InvalidDraft):
        store.rehearse(with_files(draft, **{"../escape": b""}))
    store.rehearse(draft)
    assert not store.root.exists()
    store.publish(draft)
    before = sorted(store.root.rglob("*"))
    store.rehearse(draft)
    assert sorted(store.root.rglob("*")) == before
    assert store.versions(draft.model) == [1]


def test_rehearsal_in_a_folder_that_is_a_file_is_refused(store: Store, draft: Draft) -> None:
    store.root.mkdir()
    (store.root / draft.model).touch()
    with pytest.raises(StoreUnavailable, match="Not a directory"):
        store.rehearse(draft)


def test_full_disk_leaves_nothing(store: Store, draft: Draft) -> None:
    store.publish(draft)
    with files_limited_to(10_000), pytest.raises(StoreUnavailable, match=r"roc\.png|File too large"):
        store.publish(with_files(draft, **{"report/roc.png": bytes(20_000)}))
    assert visible_versions(store) == [1]
    assert hidden(store) == []
    assert store.publish(draft) == 2


def test_everything_is_synced_before_the_rename_and_the_folder_after_it(store: Store, draft: Draft) -> None:
    calls: list[str] = []

    def record(_: FrameType, event: str, function: object) -> None:
        if event == "c_call" and function in (os.fsync, os.rename):
            calls.append("rename" if function is os.rename else "fsync")

    store.publish(draft)
    sys.setprofile(record)
    try:
        store.publish(draft)
    finally:
        sys.setprofile(None)
    # Six files in three folders; the manifest with its hash, and the first folder once more.
    assert calls == ["fsync"] * (6 + 3 + 2 + 1) + ["rename", "fsync"]


def test_abandoned_folder_is_removed_by_a_later_publisher(store: Store, draft: Draft) -> None:
    abandoned = store.root / "reviews" / ".publishing-dead"
    (abandoned / "report").mkdir(parents=True)
    (abandoned / "manifest.json").write_text("half")
    store.publish(draft)
    assert hidden(store) == [".publishing-dead"], "it is too young to be abandoned for sure"
    assert Store(store.root, now=in_two_hours).publish(draft) == 2
    assert hidden(store) == []
    assert visible_versions(store) == [1, 2]


def test_folder_of_a_slow_publisher_is_kept(store: Store, draft: Draft) -> None:
    class Slow(dict[str, bytes]):
        """A payload during which two hours pass, by the clock of another publisher."""

        def items(self) -> Iterator[tuple[str, bytes]]:  # type: ignore[override]  # an iterator does here
            for name, content in super().items():
                yield name, content
                if hidden(store) and not overtakers:
                    overtakers.append(Store(store.root, now=in_two_hours).publish(draft))

    overtakers: list[int] = []
    assert store.publish(small_draft(payload=Slow(draft.payload))) == 2
    assert visible_versions(store) == [1, 2]


def test_foreign_names_do_no_harm(store: Store, draft: Draft) -> None:
    folder = store.root / "reviews"
    folder.mkdir(parents=True)
    (folder / ".publishing-file").write_text("")
    (folder / ".publishing-link").symlink_to(folder)
    (folder / "0").mkdir()
    (folder / "01").mkdir()
    (folder / "notes").mkdir()
    assert Store(store.root, now=in_two_hours).publish(draft) == 1
    assert visible_versions(store) == [1]
    assert hidden(store) == [".publishing-file", ".publishing-link"]


@pytest.mark.soak
def test_many_publishers_at_once_get_a_version_each(tmp_path: Path) -> None:
    num_publishers, num_rounds = 6, scaled(400)
    command = [sys.executable, "-m", "tests.model_store.concurrent_publishers", str(tmp_path / "store")]
    command += [str(num_publishers), str(num_rounds)]
    store, num_seen = Store(tmp_path / "store"), 0
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True) as publishers:
        while publishers.poll() is None:  # A reader meanwhile sees whole versions only.
            versions = visible_versions(store)
            assert len(versions) >= num_seen
            num_seen = len(versions)
        assert publishers.stdout is not None
        published = sorted(map(int, publishers.stdout.read().split()))
    assert publishers.returncode == 0
    assert published == list(range(1, num_publishers * num_rounds + 1))
    assert visible_versions(store) == published
    assert hidden(store) == []
    assert sorted(store.aliases("reviews").values()) == published, "no publisher's alias is lost"


def test_killed_at_any_moment_leaves_a_sound_store(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "tests.model_store.kill_points", tmp_path], cwd=TOP, check=True)
    with ThreadPoolExecutor(16) as threads:
        fresh = list(threads.map(check_after_kill, sorted((tmp_path / "fresh").iterdir())))
        second = list(threads.map(check_after_kill, sorted((tmp_path / "second").iterdir())))
        alias = list(threads.map(check_alias_after_kill, sorted((tmp_path / "alias").iterdir())))
        removed = list(threads.map(check_after_removal, sorted((tmp_path / "removed").iterdir())))
    # The change is made at one moment: a kill before it shows none, and every kill after it shows all.
    assert fresh == sorted(fresh, key=len)
    assert {tuple(versions) for versions in fresh} == {(), (1,)}
    assert second == sorted(second, key=len)
    assert {tuple(versions) for versions in second} == {(1,), (1, 2)}
    assert alias == sorted(alias)
    assert set(alias) == {1, 2}
    assert removed == sorted(removed, reverse=True)
    assert set(removed) == {1, 2}


def check_after_kill(root: Path) -> list[int]:
    """Check a store whose publisher was killed; return the versions that a reader sees in it."""
    store = Store(root)
    versions = visible_versions(store)
    assert store.publish(small_draft()) == len(versions) + 1
    assert visible_versions(store) == [*versions, len(versions) + 1]
    return versions


def check_alias_after_kill(root: Path) -> int:
    store = Store(root)
    version = store.aliases("reviews")["production"]
    # A line without its move may be left, but no move without its line.
    assert version == 1 or store.history("reviews")[-1].to_version == version
    assert was_live(store.history("reviews"), "production", version) == ([1] if version == 2 else [])
    store.set_alias("reviews", "production", 1)
    assert store.resolve("reviews") == ("reviews", 1)
    return version


def check_after_removal(root: Path) -> int:
    """Check a store in which the removal of version 2 was killed; return how many versions it has."""
    store = Store(root)
    num_versions = len(visible_versions(store))
    if num_versions == 1:
        assert store.removed_manifest("reviews", 2).version == 2
    return num_versions


def in_two_hours() -> datetime:
    return datetime.now(UTC) + timedelta(hours=2)
