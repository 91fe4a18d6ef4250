import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from reviews.errors import UnreadableReviews
from training.data.fingerprint import fingerprint

FILES = {"pos/0_9.txt": b"Fine.", "pos/1_8.txt": b"", "neg/0_1.txt": b"Bad."}


def write(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def test_a_file_has_the_sha256_of_its_bytes(tmp_path: Path) -> None:
    content = b"review\n" * 200_000
    (tmp_path / "reviews.jsonl").write_bytes(content)
    assert fingerprint(tmp_path / "reviews.jsonl") == hashlib.sha256(content).hexdigest()


def test_a_folder_has_the_same_hash_wherever_it_is_and_however_it_was_written(tmp_path: Path) -> None:
    first = write(tmp_path / "first", FILES)
    second = write(tmp_path / "elsewhere" / "second", dict(reversed(list(FILES.items()))))
    assert fingerprint(first) == fingerprint(second)
    assert len(fingerprint(first)) == 64


@pytest.mark.parametrize(
    "changed",
    [
        {**FILES, "pos/0_9.txt": b"Fine!"},
        {**FILES, "pos/2_8.txt": b""},
        {"pos/0_9.txt": b"", "pos/1_8.txt": b"Fine.", "neg/0_1.txt": b"Bad."},
        {"pos/0_9.txt": b"Fine.", "pos/1_8.txt": b"", "neg/0_2.txt": b"Bad."},
        {"pos/0_9.txt": b"Fine.", "pos/1_8.txt": b"", "0_1.txt": b"Bad."},
    ],
)
def test_a_folder_has_another_hash_when_a_name_or_a_byte_changes(
    tmp_path: Path, changed: Mapping[str, bytes]
) -> None:
    before, after = write(tmp_path / "before", FILES), write(tmp_path / "after", changed)
    assert fingerprint(before) != fingerprint(after)


def test_a_missing_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableReviews, match=r"missing\.csv: cannot be read \(No such file"):
        fingerprint(tmp_path / "missing.csv")
