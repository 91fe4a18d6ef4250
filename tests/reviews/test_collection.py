import gzip
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviews import KNOWN_FORMATS, Columns, Part, Review, read_reviews
from reviews.errors import UnreadableReviews
from tests.reviews.tables import FORMATS, TABLES, jsonl, parquet, write, write_rows

ROWS = (
    {"id": "pos/0_9", "text": "A wonderful film.", "label": 1, "movie": "tt1"},
    {"id": "neg/0_2", "text": 'Two "hours",\nlost — für immer 🎬', "label": 0, "movie": "tt2"},
    {"id": "neg/1_1", "text": "Dull,\tlong and grey.", "label": 0, "movie": "tt2"},
)
REVIEWS = (
    Review("pos/0_9", "A wonderful film.", "1", "tt1"),
    Review("neg/0_2", 'Two "hours",\nlost — für immer 🎬', "0", "tt2"),
    Review("neg/1_1", "Dull,\tlong and grey.", "0", "tt2"),
)


def refusal(
    path: Path,
    *,
    split: Part = "train",
    columns: Columns = Columns(),  # noqa: B008 - it is frozen
    skip_bad: bool = False,
) -> str:
    """The message that reading `path` is refused with, without the path itself."""
    with pytest.raises(UnreadableReviews) as raised:
        read_reviews([path], split=split, columns=columns, skip_bad=skip_bad)
    message = str(raised.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(str(path))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_reviews(tmp_path: Path, name: str) -> None:
    assert read_reviews([write_rows(tmp_path, name, ROWS)], split="train").reviews == REVIEWS


@pytest.mark.parametrize("name", FORMATS)
def test_unlabelled_reading_ignores_labels(tmp_path: Path, name: str) -> None:
    path = write_rows(tmp_path, name, ROWS)
    unlabelled = tuple(Review(review.id, review.text, None, review.group) for review in REVIEWS)
    assert read_reviews([path], split="unlabelled").reviews == unlabelled
    assert read_reviews([path], split="test", labelled=False).reviews == unlabelled


@pytest.mark.parametrize("name", TABLES)
def test_unlabelled_reading_needs_no_labels(tmp_path: Path, name: str) -> None:
    path = write_rows(tmp_path, name, [{"id": "a", "text": "Fine."}])
    assert read_reviews([path], split="unlabelled").reviews == (Review("a", "Fine.", None, None),)


def test_files_follow_one_another_and_are_counted_apart(tmp_path: Path) -> None:
    first = write_rows(tmp_path, "reviews.csv", ROWS[:1])
    second = write(tmp_path, "reviews.jsonl", jsonl(ROWS[1:]) + b"{\n")
    collection = read_reviews([first, second], split="train", skip_bad=True)
    assert collection.reviews == REVIEWS
    assert [(source.path, source.layout.format, source.num_reviews) for source in collection.sources] == [
        (first, "CSV", 1),
        (second, "JSONL", 2),
    ]
    assert [source.num_skipped for source in collection.sources] == [0, 1]
    assert collection.num_skipped == 1


@pytest.mark.parametrize("name", TABLES)
def test_columns_can_have_other_names(tmp_path: Path, name: str) -> None:
    row = {"key": "a", "body": "Fine.", "stars": 4, "product": "p", "text": 1, "kind": "d"}
    path = write_rows(tmp_path, name, [row])
    columns = Columns(text="body", label="stars", id="key", group="product", domain="kind")
    collection = read_reviews([path], split="train", columns=columns)
    assert collection.reviews == (Review("a", "Fine.", "4", "p", "d"),)
    with_default = read_reviews([path], split="train", columns=replace(columns, domain="domain"))
    assert with_default.reviews == (Review("a", "Fine.", "4", "p"),)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("skip_bad", [False, True])
@pytest.mark.parametrize("missing", ["text", "label", "id", "group", "domain"])
def test_a_missing_column_is_reported_with_the_flag_that_names_it(
    tmp_path: Path, name: str, skip_bad: bool, missing: str
) -> None:
    names = {"text": "body", "label": "stars", "id": "key", "group": "product", "domain": "kind"}
    row = {column: "1" for column in names.values() if column != names[missing]}
    path = write_rows(tmp_path, name, [row, row])
    columns = Columns(text="body", label="stars", id="key", group="product", domain="kind")
    message = refusal(path, columns=columns, skip_bad=skip_bad)
    assert f"{names[missing]!r} (found: {', '.join(map(repr, row))})" in message
    assert f"--{missing}-column" in message


@pytest.mark.parametrize("name", TABLES)
def test_a_group_column_of_another_name_matters_only_in_training(tmp_path: Path, name: str) -> None:
    path = write_rows(tmp_path, name, ROWS)
    assert read_reviews([path], split="test", columns=Columns(group="product")).reviews[0].group is None


def new_folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", TABLES)
def test_of_several_files_one_must_have_the_named_group_and_domain(tmp_path: Path, name: str) -> None:
    columns = Columns(group="product", domain="kind")
    row = {"text": "Fine.", "label": 1}
    plain = write_rows(new_folder(tmp_path, "plain"), name, [row | {"id": "a"}])
    grouped = write_rows(new_folder(tmp_path, "grouped"), name, [row | {"id": "b", "product": "p"}])
    both = write_rows(
        new_folder(tmp_path, "both"), name, [row | {"id": "c", "product": "q", "kind": "books"}]
    )
    found = read_reviews([plain, grouped, both], split="train", columns=columns).reviews
    assert [(review.id, review.group, review.domain) for review in found] == [
        ("a", None, None),
        ("b", "p", None),
        ("c", "q", "books"),
    ]
    with pytest.raises(UnreadableReviews, match=r"plain.*'kind'.*--domain-column"):
        read_reviews([plain, grouped], split="train", columns=columns)
    with pytest.raises(UnreadableReviews, match=r"plain.*'prod'.*--group-column"):
        read_reviews([plain, both], split="train", columns=Columns(group="prod"))


def test_a_file_that_has_the_named_group_has_it_in_every_row(tmp_path: Path) -> None:
    rows = [{"text": "Fine.", "label": 1, "product": "p"}, {"text": "Bad.", "label": 0}]
    name = "reviews.jsonl"
    paths = [write_rows(new_folder(tmp_path, "a"), name, rows), write_rows(tmp_path, name, rows[1:])]
    with pytest.raises(UnreadableReviews, match=r"a/reviews\.jsonl:2: no field 'product'"):
        read_reviews(paths, split="train", columns=Columns(group="product"))


@pytest.mark.parametrize("name", TABLES)
def test_without_ids_and_groups_reviews_are_called_by_their_line(tmp_path: Path, name: str) -> None:
    path = write_rows(tmp_path, name, [{"text": "Fine.", "label": "a"}, {"text": "Bad.", "label": "b"}])
    first_line = 2 if name.endswith(("csv", "tsv")) else 1
    assert read_reviews([path], split="train").reviews == (
        Review(str(first_line), "Fine.", "a", None),
        Review(str(first_line + 1), "Bad.", "b", None),
    )


def test_a_delimited_review_is_called_by_the_line_it_begins_on(tmp_path: Path) -> None:
    path = write(tmp_path, "reviews.csv", b'text,label\r\n"one\r\ntwo",1\r\n\r\nthree,0\r\n')
    reviews = read_reviews([path], split="train").reviews
    assert [(review.id, review.text) for review in reviews] == [("2", "one\r\ntwo"), ("5", "three")]


@pytest.mark.parametrize(
    ("label", "raw"),
    [
        ("pos", "pos"),
        (" pos ", "pos"),
        (4, "4"),
        (-1, "-1"),
        (1.0, "1"),
        (True, "true"),
        (False, "false"),
        ("1.0", "1"),
    ],
)
def test_labels_of_a_json_row(tmp_path: Path, label: object, raw: str) -> None:
    path = write_rows(tmp_path, "reviews.jsonl", [{"text": "Fine.", "label": label}])
    assert read_reviews([path], split="train").reviews[0].label == raw


@pytest.mark.parametrize(("label", "raw"), [("1.0", "1"), ("-2.00", "-2"), ("4.5", "4.5"), ("v1.0", "v1.0")])
def test_labels_of_a_csv_row(tmp_path: Path, label: str, raw: str) -> None:
    path = write_rows(tmp_path, "reviews.csv", [{"text": "Fine.", "label": label}])
    assert read_reviews([path], split="train").reviews[0].label == raw


def test_an_integer_column_with_gaps_is_read_from_parquet_as_integers(tmp_path: Path) -> None:
    rows = [{"text": "Fine.", "label": 1.0, "id": 7.0, "movie": 3.0}, {"text": "Bad.", "label": 0.0}]
    path = write_rows(tmp_path, "reviews.parquet", rows)
    assert read_reviews([path], split="train").reviews == (
        Review("7", "Fine.", "1", "3"),
        Review("2", "Bad.", "0", None),
    )


def test_a_categorical_parquet_column_is_read(tmp_path: Path) -> None:
    table = pa.table({"text": ["Fine.", "Bad."], "label": pa.array(["pos", "neg"]).dictionary_encode()})
    pq.write_table(table, tmp_path / "reviews.parquet")
    reviews = read_reviews([tmp_path / "reviews.parquet"], split="train").reviews
    assert [review.label for review in reviews] == ["pos", "neg"]


BAD_LINES = {
    b'{"text": "Fine."': "not JSON",
    b"[" * 100_000: "not JSON",
    b'["Fine.", 1]': "not a JSON object",
    b'{"text": "caf\xe9", "label": 1}': "not UTF-8 (byte 14 of the line)",
    b'{"text": "\\ud800", "label": 1}': "the text is not valid UTF-8",
    b'{"text": 5, "label": 1}': "the text is an integer, not a string",
    b'{"text": null, "label": 1}': "the text is null, not a string",
    b'{"text": "", "label": 1}': "the text is empty",
    b'{"text": " \\n\\u00a0", "label": 1}': "the text is empty",
    b'{"text": "Fine.", "label": null}': "the label is missing",
    b'{"text": "Fine.", "label": " "}': "the label is missing",
    b'{"text": "Fine.", "label": NaN}': "the label is missing",
    b'{"text": "Fine."}': "no field 'label' (found: 'text'); name the right one with --label-column",
    b'{"text": "Fine.", "label": 0.5}': "the label is a fraction, not a string, an integer or a boolean",
    b'{"text": "Fine.", "label": [1]}': "the label is a list, not a string, an integer or a boolean",
    b'{"text": "Fine.", "label": 1, "id": {}}': "the id is an object, not a string or an integer",
    b'{"text": "Fine.", "label": 1, "id": "\\udc80"}': "the id is not valid UTF-8",
    b'{"text": "Fine.", "label": 1, "movie": []}': "the group is a list, not a string or an integer",
    b'{"text": "Fine.", "label": 1, "domain": []}': "the domain is a list, not a string or an integer",
}


@pytest.mark.parametrize(("line", "problem"), BAD_LINES.items(), ids=map(str, range(len(BAD_LINES))))
def test_a_bad_json_line_is_reported_or_skipped(tmp_path: Path, line: bytes, problem: str) -> None:
    path = write(tmp_path, "reviews.jsonl", jsonl(ROWS[:1]) + b"\n" + line + b"\n" + jsonl(ROWS[1:]))
    assert refusal(path).startswith(f":3: {problem}")
    collection = read_reviews([path], split="train", skip_bad=True)
    assert (collection.reviews, collection.num_skipped) == (REVIEWS, 1)


BAD_CSV_ROWS = {
    b"one,two,1": "3 fields where the header has 2",
    b"Fine.": "1 fields where the header has 2",
    b'"Fine."ly,1': "',' expected after '\"'",
    b"caf\xe9,1": "the text is not valid UTF-8",
    b"Fine.,\xe9": "the label is not valid UTF-8",
    b" ,1": "the text is empty",
    b"Fine.,": "the label is missing",
}


@pytest.mark.parametrize(("row", "problem"), BAD_CSV_ROWS.items(), ids=map(str, range(len(BAD_CSV_ROWS))))
def test_a_bad_csv_row_is_reported_or_skipped(tmp_path: Path, row: bytes, problem: str) -> None:
    # The good row says that the file is UTF-8, and that it has quotes.
    path = write(tmp_path, "reviews.csv", b"text,label\n" + row + '\n"Très bien, oui",1\n'.encode())
    assert refusal(path) == f":2: {problem}"
    collection = read_reviews([path], split="train", skip_bad=True)
    assert (collection.reviews, collection.num_skipped) == ((Review("3", "Très bien, oui", "1", None),), 1)


def test_a_bad_parquet_row_is_reported_or_skipped(tmp_path: Path) -> None:
    texts = pa.Array.from_buffers(pa.utf8(), 3, pa.array([b"Fine.", b"caf\xe9", None]).buffers())
    path = tmp_path / "reviews.parquet"
    pq.write_table(pa.table({"text": texts, "label": [1, 0, 1]}), path)
    assert refusal(path) == ":2: the text is not valid UTF-8"
    collection = read_reviews([path], split="train", skip_bad=True)
    assert (collection.reviews, collection.num_skipped) == ((Review("1", "Fine.", "1", None),), 2)


def test_parquet_reads_no_more_columns_than_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "reviews.parquet"
    table = pa.table({"text": ["Fine."], "label": [1], "embedding": ["x" * 1000]})
    pq.write_table(table, path, compression="none", use_dictionary=False)
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(2)
    content = bytearray(path.read_bytes())
    content[chunk.data_page_offset : chunk.data_page_offset + 20] = b"\xff" * 20
    path.write_bytes(content)
    with pytest.raises(OSError, match="header"):
        pq.read_table(path)
    assert read_reviews([path], split="train").reviews == (Review("1", "Fine.", "1", None),)


def test_a_long_csv_field_is_read(tmp_path: Path) -> None:
    text = "long " * 100_000 + "review"
    path = write_rows(tmp_path, "reviews.csv", [{"text": text, "label": 1}])
    assert read_reviews([path], split="train").reviews[0].text == text


@pytest.mark.parametrize("name", ["reviews.jsonl", "reviews.csv", "reviews.tsv"])
def test_a_byte_order_mark_is_passed_over(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, b"\xef\xbb\xbf" + FORMATS[name](ROWS))
    assert read_reviews([path], split="train").reviews == REVIEWS


@pytest.mark.parametrize("name", [name for name in FORMATS if name.endswith((".gz", ".xz", ".zst"))])
@pytest.mark.parametrize("num_lost_bytes", [2, 30])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, name: str, num_lost_bytes: int) -> None:
    path = write(tmp_path, name, FORMATS[name](ROWS)[:-num_lost_bytes])
    assert "damaged or cut short" in refusal(path, skip_bad=True)


@pytest.mark.parametrize("name", [name for name in FORMATS if name.endswith((".gz", ".xz", ".zst"))])
def test_a_file_that_is_not_compressed_as_named_is_refused(tmp_path: Path, name: str) -> None:
    assert "damaged or cut short" in refusal(write(tmp_path, name, jsonl(ROWS)))


def test_a_file_that_was_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(jsonl(ROWS)))
    content[10] = 0xFF  # the first block has a type that does not exist
    assert "damaged or cut short" in refusal(write(tmp_path, "reviews.jsonl.gz", bytes(content)))


@pytest.mark.parametrize("content", [b"", b"PAR1", jsonl(ROWS), parquet(ROWS)[:-9]])
def test_damaged_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "damaged, or not Parquet" in refusal(write(tmp_path, "reviews.parquet", content))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("reviews.jsonl", b"", "it is empty"),
        ("reviews.jsonl", b"\n \n", "it is empty"),
        ("reviews.jsonl.gz", gzip.compress(b"", mtime=0), "it is empty"),
        ("reviews.csv", b"text,label\n", "it is empty"),
        ("reviews.csv", b"", "there is no header"),
        ("reviews.csv", b'"text,label\nFine.,1\n', ":1: the header cannot be read"),
        ("reviews.csv", "texté,été\n".encode() + b"\xe9,1\n", "no column 'text'"),
        ("reviews.csv", b"text,caf\xe9\n" + "é,ü\n".encode(), ":1: the header is not UTF-8"),
        ("reviews.parquet", parquet([{"text": "", "label": 1}]), "all 1 are bad; the first:"),
    ],
)
def test_a_file_without_reviews_is_refused(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    assert reason in refusal(write(tmp_path, name, content), skip_bad=True)


def test_a_file_of_bad_lines_is_refused_with_the_first_of_them(tmp_path: Path) -> None:
    path = write(tmp_path, "reviews.jsonl", b"1\n2\n")
    expected = f": no usable reviews: all 2 are bad; the first: {path}:1: not a JSON object"
    assert refusal(path, skip_bad=True) == expected


def test_an_unknown_kind_of_file_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, "reviews.docx", b""))
    assert all(known in message for known in KNOWN_FORMATS)


def test_a_wrong_path_is_refused_before_another_is_read(tmp_path: Path) -> None:
    bad = write(tmp_path, "reviews.jsonl", b"not JSON")
    with pytest.raises(UnreadableReviews, match=r"missing\.jsonl: no such file or folder"):
        read_reviews([bad, tmp_path / "missing.jsonl"], split="train")


def test_a_path_that_the_system_refuses_is_reported(tmp_path: Path) -> None:
    assert "cannot be read (File name too long)" in refusal(tmp_path / ("x" * 300 + ".jsonl"))


def test_what_was_skipped_is_reported_by_reason_the_most_frequent_first(tmp_path: Path) -> None:
    path = write(tmp_path, "reviews.csv", b"text,label\nFine,pos\n ,pos\nA,NA\nB,NA\nC,\n")
    (source,) = read_reviews([path], split="train", skip_bad=True).sources
    assert [(skipped.reason, skipped.num, skipped.first.line) for skipped in source.skipped] == [
        ("the label is missing ('NA')", 2, 4),
        ("the text is empty", 1, 3),
        ("the label is missing", 1, 6),
    ]
