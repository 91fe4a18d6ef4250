from pathlib import Path

import pytest

from tests.reviews.tables import rows_of, write


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('{"text": "a", "label": 1, "text": "b"}', "text"),
        ('{"text": "a", "label": 1, "label": 1}', "label"),
        ('{"text": "a", "meta": {"x": 1, "x": 2}}', "x"),
    ],
)
def test_a_field_that_stands_twice_is_refused_with_its_line(tmp_path: Path, line: str, name: str) -> None:
    path = write(tmp_path, "x.jsonl", f'{{"text": "a"}}\n{line}\n'.encode())
    assert str(rows_of(path)[1]) == f"{path}:2: the field {name!r} stands 2 times"


def test_a_header_among_the_rows_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "x.jsonl", b'{"text": "text", "label": "label"}\n')
    assert str(rows_of(path)[0]) == f"{path}:1: the header comes again"


def test_a_mark_before_the_first_line_is_passed_over_and_so_are_those_of_files_put_together(
    tmp_path: Path,
) -> None:
    line = b'\xef\xbb\xbf{"text": "a"}\n'
    assert [row.line for row in rows_of(write(tmp_path, "x.jsonl", line + b"\n" + line))] == [1, 3]
