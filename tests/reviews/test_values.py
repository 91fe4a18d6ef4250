from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews import Review, read_reviews
from reviews.errors import UnreadableReviews, UnusableRow
from reviews.values import bare, label_of, name_of
from tests.reviews.tables import TABLES, write_rows

MARKS = (
    *(
        "NA",
        "N/A",
        "n/a",
        "#N/A",
        "<NA>",
        "nan",
        "NaN",
        "NULL",
        "null",
        "None",
        "none",
        "nil",
        "\\N",
        "-",
        "—",
    ),
    *("?", "#VALUE!"),
)
# What may stand around a value without being part of it.
AROUND = (" ", "\t", "\n", "\xa0", "\u200b", "\ufeff", "\u2060", "\xad", "\u202a", "\x00")
wrapping = st.lists(st.sampled_from(AROUND), max_size=4).map("".join)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_of_a_missing_value_is_no_class(tmp_path: Path, name: str, mark: str) -> None:
    rows = [
        {"text": "Fine", "label": "pos"},
        {"text": "Dull", "label": mark},
        {"text": "Bad", "label": "neg"},
    ]
    path = write_rows(tmp_path, name, rows)
    with pytest.raises(UnreadableReviews, match=r":[23]: the label is missing \("):
        read_reviews([path], split="train")
    collection = read_reviews([path], split="train", skip_bad=True)
    assert [review.label for review in collection.reviews] == ["pos", "neg"]


@given(st.sampled_from(MARKS), wrapping, wrapping, st.sampled_from(['""', "''", "“”", ""]))
def test_a_mark_is_known_in_any_case_and_quotes(mark: str, before: str, after: str, quotes: str) -> None:
    for written in (mark, mark.upper(), mark.lower()):
        label = f"{quotes[:1]}{written}{quotes[1:]}"
        with pytest.raises(UnusableRow, match="the label is missing"):
            label_of(f"{before}{label}{after}")


@given(st.sampled_from(["pos", "very good", "4.5", "été", "👍🏽", "❤️"]), wrapping, wrapping)
def test_a_label_is_what_stands_between_spaces_invisible_characters_and_quotes(
    label: str, before: str, after: str
) -> None:
    for quotes in ("", '""', "''", "“”", "„“", "«»"):
        assert label_of(f"{before}{quotes[:1]}{after}{label}{before}{quotes[1:]}{after}") == label


@pytest.mark.parametrize("value", [1, 1.0, "1", "1.0", "1.00", " 1 ", '"1.0"', "\u200b1"])
def test_one_is_one_however_it_is_written(value: object) -> None:
    assert label_of(value) == "1"


@pytest.mark.parametrize(
    "label", ["nana", "no", "n", "none of them", "null points", "nano", "--x", "v1.0", "'90s"]
)
def test_what_only_looks_like_a_mark_is_a_label(label: str) -> None:
    assert label_of(label) == label


@pytest.mark.parametrize("mark", [*MARKS, "", " ", "\u200b"])
def test_a_mark_of_a_missing_value_is_neither_an_id_nor_a_group(tmp_path: Path, mark: str) -> None:
    rows = [{"text": "Fine", "label": "pos", "id": mark, "movie": mark}]
    path = write_rows(tmp_path, "reviews.jsonl", rows)
    assert read_reviews([path], split="train").reviews == (Review("1", "Fine", "pos", None),)


@given(st.text())
def test_what_is_bare_stays_so(text: str) -> None:
    assert bare(bare(text)) == bare(text)
    assert bare(text) in text


def test_an_id_keeps_its_spelling() -> None:
    assert name_of(' "a"  b ', "id") == '"a"  b'
