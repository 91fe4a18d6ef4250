import errno
import fcntl
from pathlib import Path

import pytest

from model_store import StoreUnavailable
from model_store.files import explained, locked, make_folder, replace_durably, write_durably
from tests.model_store.faults import files_limited_to


def test_write_replaces_longer_content(tmp_path: Path) -> None:
    write_durably(tmp_path / "file", b"a long content")
    write_durably(tmp_path / "file", b"short")
    assert (tmp_path / "file").read_bytes() == b"short"


def test_failed_replacement_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_durably(path, b"old")
    with files_limited_to(100), pytest.raises(OSError, match="too large"):
        replace_durably(path, b"new" * 1000)
    assert path.read_bytes() == b"old"
    replace_durably(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_make_folder_makes_those_above_and_accepts_one_that_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b" / "c"
    make_folder(folder)
    make_folder(folder)
    assert folder.is_dir()


def test_lock_excludes_others_until_it_ends(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with locked(path), path.open("ab") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with path.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_refusal_names_the_file_and_what_to_look_at(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(StoreUnavailable) as refusal, explained(tmp_path):
        missing.read_bytes()
    assert str(refusal.value).startswith(f"{missing}: No such file or directory: check the permissions")


def test_refusal_without_a_file_name_names_the_path(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as refusal, explained(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert str(refusal.value).startswith(f"{tmp_path}: No space left on device: ")
