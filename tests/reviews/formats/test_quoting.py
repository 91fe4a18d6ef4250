import csv
import io
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reviews import Columns, Quoting, Reject, open_rows
from reviews.errors import UnreadableReviews
from tests.reviews.tables import fields_of, rows_of, write

Reviews = Sequence[tuple[str, str]]

# What texts are made of, and what may be mistaken for a part of the table.
PARTS = (
    "good",
    "Bad.",
    '"very"',
    "it's",
    "a, b",
    "one;two",
    "a|b",
    "\\",
    "C:\\films",
    "x\\",
    '5"',
    "1,000",
    '"',
    '"He',
)
texts = st.lists(st.sampled_from(PARTS), min_size=1, max_size=6).map(" ".join)
long_texts = st.lists(st.sampled_from([*PARTS, "\n", "\r\n"]), min_size=1, max_size=6).map(" ".join)
labels = st.sampled_from(["pos", "neg", "0", "1"])


def quoted(rows: Reviews, separator: str, *, all_fields: bool) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(
        stream, delimiter=separator, quoting=csv.QUOTE_ALL if all_fields else csv.QUOTE_MINIMAL
    )
    writer.writerows([("text", "label"), *rows])
    return stream.getvalue()


def escaped(rows: Reviews, separator: str, *, all_fields: bool) -> str:
    def field(text: str) -> str:
        shielded = text.replace("\\", "\\\\").replace('"', '\\"')
        needs_quotes = all_fields or any(character in text for character in (separator, '"', "\n", "\r"))
        return f'"{shielded}"' if needs_quotes else shielded

    return "".join(separator.join(map(field, row)) + "\n" for row in [("text", "label"), *rows])


def plain(rows: Reviews, *, label_first: bool) -> str:
    return "".join(
        "\t".join(reversed(row) if label_first else row) + "\n" for row in [("text", "label"), *rows]
    )


def read(content: str, name: str) -> list[tuple[object, object]] | None:
    """What a table is read as; None if it, or a row of it, is refused."""
    with TemporaryDirectory() as folder:
        path = write(Path(folder), name, content.encode())
        try:
            rows = rows_of(path)
        except UnreadableReviews:
            return None
    if any(isinstance(row, Reject) for row in rows):
        return None
    return [(row.fields["text"], row.fields["label"]) for row in rows if not isinstance(row, Reject)]


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.tuples(long_texts, labels), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
    st.booleans(),
)
def test_quotes_of_rfc_4180_are_never_read_as_anything_else(
    rows: Reviews, separator: str, all_fields: bool
) -> None:
    name = "reviews.tsv" if separator == "\t" else "reviews.csv"
    if separator == "\t":
        rows = [(text.replace("\\", "/"), label) for text, label in rows]
    found = read(quoted(rows, separator, all_fields=all_fields), name)
    assert found is None or found == rows


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.tuples(long_texts, labels), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
)
def test_backslashes_before_quotes_are_escapes(rows: Reviews, separator: str, all_fields: bool) -> None:
    rows = [*rows, ('She said "no" and left', "neg")]
    name = "reviews.tsv" if separator == "\t" else "reviews.csv"
    found = read(escaped(rows, separator, all_fields=all_fields), name)
    assert found is None or found == rows


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(texts, labels), min_size=1, max_size=8), st.booleans())
def test_a_table_with_tabs_and_no_quoting_keeps_all_its_rows(rows: Reviews, label_first: bool) -> None:
    rows = [(text.replace("\\", "/"), label) for text, label in rows]
    num_in_quotes = sum(text.startswith('"') and text.endswith('"') for text, _ in rows)
    assume(2 * num_in_quotes <= len(rows))  # else they may be fields in quotes
    found = read(plain(rows, label_first=label_first), "reviews.tsv")
    assert found is not None
    assert [label for _, label in found] == [label for _, label in rows]
    for (text, _), (original, _) in zip(found, rows, strict=True):
        # A text that stands in quotes as a whole may be read as a quoted field.
        assert text == original or '"' + str(text).replace('"', '""') + '"' == original


FINE = ("A fine film", "pos")
DULL = ('Dull, and "long"', "neg")
SWALLOWED = 'text,label\n"Awful,neg\nFine,pos\nA 24",neg\n'


@pytest.mark.parametrize(
    ("content", "name", "quoting"),
    [
        (quoted([FINE, DULL], ",", all_fields=False), "x.csv", "double"),
        (quoted([FINE, DULL], "\t", all_fields=False), "x.tsv", "double"),
        (escaped([FINE, DULL], ",", all_fields=True), "x.csv", "backslash"),
        ('text\tlabel\nShe said \\"no\\"\tneg\n', "x.tsv", "backslash"),
        ("text\tlabel\nDull.\\nLong.\tneg\n", "x.tsv", "backslash"),
        ('text\tlabel\n"Awful, said she\tneg\nFine\tpos\nA 24"\tneg\n', "x.tsv", "none"),
        ('text\tlabel\n"Awful" is the word\tneg\nFine\tpos\n', "x.tsv", "none"),
        ('text,label\n"Awful" is the word,neg\nFine,pos\n', "x.csv", "none"),
        ("text,label\nFine,pos\n", "x.csv", "double"),
    ],
)
def test_the_quoting_is_named(tmp_path: Path, content: str, name: str, quoting: Quoting) -> None:
    assert open_rows(write(tmp_path, name, content.encode())).layout.quoting == quoting


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ('text\tlabel\nShe said \\"no\\"\tneg\n', ['She said "no"']),
        ("text\tlabel\nDull.\\nLong. C:\\\\new\tneg\n", ["Dull.\nLong. C:\\new"]),
        ('text,label\n"She said \\"no, no\\"",neg\n"C:\\\\",pos\n', ['She said "no, no"', "C:\\"]),
        ('text,label\n"Ends with C:\\",pos\n"So, fine",pos\n', ["Ends with C:\\", "So, fine"]),
    ],
)
def test_what_backslashes_stand_for(tmp_path: Path, content: str, texts: list[str]) -> None:
    path = write(tmp_path, "x.tsv" if "\t" in content else "x.csv", content.encode())
    assert [fields["text"] for fields in fields_of(path)] == texts


def test_where_two_readings_differ_the_table_is_refused_until_it_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", SWALLOWED.encode())
    with pytest.raises(UnreadableReviews, match=r"x\.csv:2: a field in quotes goes over .*--quoting double"):
        open_rows(path)
    assert [len(fields_of(path, Columns(quoting=quoting))) for quoting in ("double", "none")] == [1, 3]


@pytest.mark.parametrize("row", ['"It is 5" long,pos', '"Lost quote,pos', "one,two,pos"])
def test_one_damaged_row_does_not_change_how_the_others_are_read(tmp_path: Path, row: str) -> None:
    others = quoted([DULL] * 3, ",", all_fields=False)
    path = write(tmp_path, "x.csv", (others + row + "\n").encode())
    stream = open_rows(path)
    *good, bad = stream
    assert stream.layout.quoting == "double"
    assert [fields.fields["text"] for fields in good if not isinstance(fields, Reject)] == [DULL[0]] * 3
    assert isinstance(bad, Reject)
    assert bad.line == 5


def test_a_bad_row_says_how_far_it_goes(tmp_path: Path) -> None:
    damaged = '"Lost, and\nFine,pos\n"Next, one",neg\nGood,pos\n'
    content = quoted([DULL], ",", all_fields=False) + damaged
    _, bad, good = rows_of(write(tmp_path, "x.csv", content.encode()))
    assert str(bad).endswith("x.csv:3: ',' expected after '\"' in a row that goes on to line 5")
    assert (good.line, isinstance(good, Reject)) == (6, False)
