from pathlib import Path

import pytest

from reviews import Columns, Reject, open_rows
from reviews.errors import UnreadableReviews
from tests.reviews.tables import fields_of, rows_of, write

ROWS = [{"text": "Dull, and long", "label": "neg"}, {"text": "So; fine", "label": "pos"}]


def table(separator: str, *, first: str = "") -> bytes:
    lines = [first] if first else []
    lines += [separator.join(['"text"', '"label"'])]
    lines += [separator.join([f'"{row["text"]}"', row["label"]]) for row in ROWS]
    return "".join(f"{line}\r\n" for line in lines).encode()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["x.csv", "x.tsv"])
def test_the_separator_is_found_whatever_the_file_is_called(
    tmp_path: Path, separator: str, name: str
) -> None:
    path = write(tmp_path, name, table(separator))
    assert open_rows(path).layout.separator == separator
    assert fields_of(path) == ROWS


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "^"])
@pytest.mark.parametrize("first", ["sep={}", '"sep={}"', "SEP={}"])
def test_a_first_line_that_states_the_separator_is_obeyed(tmp_path: Path, separator: str, first: str) -> None:
    path = write(tmp_path, "x.csv", table(separator, first=first.format(separator)))
    assert fields_of(path) == ROWS
    assert [row.line for row in rows_of(path)] == [3, 4]


def test_the_separator_can_be_said(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", b"text,label:stars\nFine,pos:4\n")
    assert fields_of(path, Columns(separator=":")) == [{"text,label": "Fine,pos", "stars": "4"}]


@pytest.mark.parametrize(("separator", "name"), [(",", "x.csv"), ("\t", "x.tsv")])
def test_one_column_has_the_separator_of_the_name(tmp_path: Path, separator: str, name: str) -> None:
    path = write(tmp_path, name, b'text\n"Fine"\n')
    assert open_rows(path).layout.separator == separator
    assert fields_of(path) == [{"text": "Fine"}]


def test_names_of_columns_are_freed_of_what_surrounds_them(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", "\ufeff\ufeff text\u200b,\xa0label ,,\nFine,pos,,x\n".encode())
    assert fields_of(path) == [{"text": "Fine", "label": "pos", "column 3": "", "column 4": "x"}]


@pytest.mark.parametrize("header", ["text,label,text", "text, text ,label", "text,text\u200b,label"])
def test_a_name_that_stands_twice_is_refused(tmp_path: Path, header: str) -> None:
    path = write(tmp_path, "x.csv", f"{header}\na,b,c\n".encode())
    with pytest.raises(UnreadableReviews, match=r"x\.csv:1: the column 'text' stands 2 times in the header"):
        open_rows(path)


@pytest.mark.parametrize(
    "again", ["text,label", '"text","label"', " Text , LABEL ", "\ufefftext,label", "text\u200b,label"]
)
def test_a_header_that_comes_again_is_refused_with_its_line(tmp_path: Path, again: str) -> None:
    path = write(tmp_path, "x.csv", f"text,label\nFine,pos\n{again}\nDull,neg\n".encode())
    good, header, other = rows_of(path)
    assert str(header) == f"{path}:3: the header comes again"
    assert not isinstance(good, Reject)
    assert not isinstance(other, Reject)


def test_a_header_in_another_order_ends_the_table(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", b"text,label\nFine,pos\nLabel,text\nneg,Dull\n")
    with pytest.raises(UnreadableReviews, match=r"x\.csv:3: the header comes again .* in another order"):
        rows_of(path)


def test_a_text_that_is_called_like_a_column_is_a_text(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", b"text,label\ntext,pos\nlabel,neg\nFine,label\n")
    assert [fields["text"] for fields in fields_of(path)] == ["text", "label", "Fine"]


def test_blank_lines_and_rows_of_empty_fields_are_no_rows(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", b"\ntext,label\n\nFine,pos\n,\n\n,neg\n,\n")
    assert [row.line for row in rows_of(path)] == [4, 7]
