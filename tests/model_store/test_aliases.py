import os
from pathlib import Path

import pytest

from model_store import CorruptAliases
from model_store.aliases import read_aliases, write_alias
from model_store.history import Event, read_history

EVENT = Event(
    when="2025-01-31T12:00:00Z",
    who="ada@host",
    action="alias",
    alias="production",
    from_version=None,
    to_version=3,
    why="",
    evidence={},
)


def test_no_file_means_no_alias(tmp_path: Path) -> None:
    assert read_aliases(tmp_path) == {}


def test_round_trip(tmp_path: Path) -> None:
    write_alias(tmp_path, "production", 3, EVENT)
    write_alias(tmp_path, "candidate", 4, EVENT)
    write_alias(tmp_path, "production", 2, EVENT)
    assert list(read_aliases(tmp_path).items()) == [("candidate", 4), ("production", 2)]
    assert (tmp_path / "aliases.json").read_text() == '{\n  "candidate": 4,\n  "production": 2\n}\n'


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", '{"3": 3}', '{"Production": 3}', '{"": 3}',
        '{"production": "3"}', '{"production": 0}', '{"production": 1.5}', '{"production": true}',
    ],
)  # fmt: skip
def test_corrupt_file_is_refused_by_its_name_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "aliases.json"
    path.write_text(content)
    with pytest.raises(CorruptAliases, match=r"correct the file") as refusal:
        read_aliases(tmp_path)
    assert str(refusal.value).startswith(f"{path}: ")
    with pytest.raises(CorruptAliases):
        write_alias(tmp_path, "production", 3, EVENT)
    assert path.read_text() == content
    assert read_history(tmp_path) == ()


def test_remains_of_a_dead_writer_do_no_harm(tmp_path: Path) -> None:
    write_alias(tmp_path, "production", 3, EVENT)
    (tmp_path / ".aliases.json.new").write_text('{"prod')
    assert read_aliases(tmp_path) == {"production": 3}
    write_alias(tmp_path, "production", 4, EVENT)
    assert read_aliases(tmp_path) == {"production": 4}
    assert sorted(os.listdir(tmp_path)) == ["aliases.json", "history.jsonl"]  # noqa: PTH208  # names alone
