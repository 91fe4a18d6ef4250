"""Paths in, rows out: which format a name calls for."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from reviews.columns import Columns
from reviews.errors import UnreadableReviews
from reviews.formats.delimited import open_delimited
from reviews.formats.imdb import IMDB_REVIEW, open_imdb_archive, open_imdb_folder
from reviews.formats.jsonl import open_jsonl
from reviews.formats.polarity import SENTENCES, open_polarity_archive
from reviews.formats.products import PRODUCT_REVIEWS, open_products_archive
from reviews.review import Part
from reviews.row import Reject, Row, RowStream
from reviews.streams import COMPRESSIONS, archived_files, readable
from reviews.values import bare

__all__ = ["KNOWN_FORMATS", "check_path", "open_rows"]

_ARCHIVE_ENDINGS = (".tar.gz", ".tgz")
_JSONL_ENDINGS, _CSV_ENDINGS, _TSV_ENDINGS = (
    tuple(f"{ending}{compression}" for compression in COMPRESSIONS) for ending in (".jsonl", ".csv", ".tsv")
)
KNOWN_FORMATS = (*_ARCHIVE_ENDINGS, *_JSONL_ENDINGS, *_CSV_ENDINGS, *_TSV_ENDINGS, ".parquet")


def open_rows(
    path: Path,
    *,
    part: Part = "train",
    columns: Columns = Columns(),  # noqa: B008 - it is frozen
    only: Collection[str] | None = None,
) -> RowStream:
    """Open a file in one of `KNOWN_FORMATS`, or a folder laid out like IMDB, as numbered rows.

    Rows come one after another, with all their columns, or as a `Reject` that says what is wrong; the file is
    not held in memory. `part` chooses the part of the IMDB folder or archive, and the unlabelled reviews of
    the products' archive; anything else is read whole. Of `columns`, only encoding, separator and quoting
    matter here. `only` names the columns that will be used, so that Parquet reads no others.

    Raises `UnreadableReviews` for what cannot be opened, and, while rows are taken, for a file that is
    damaged.
    """
    check_path(path)
    stream = _open(path, part, columns, only)
    return stream if stream.is_data_set else replace(stream, rows=_without_headers(stream.rows))


def check_path(path: Path) -> None:
    """Raise `UnreadableReviews` if there is no such file or folder, or if its name tells no known format."""
    with readable(path):
        is_folder, exists = path.is_dir(), path.exists()
    if not exists:
        raise UnreadableReviews(f"{path}: no such file or folder")
    if not is_folder and not path.name.lower().endswith(KNOWN_FORMATS):
        known = ", ".join(KNOWN_FORMATS)
        raise UnreadableReviews(
            f"{path}: unknown kind of file; known are {known}, and folders laid out like aclImdb"
        )


def _open(path: Path, part: Part, columns: Columns, only: Collection[str] | None) -> RowStream:
    name = path.name.lower()
    if path.is_dir():
        return open_imdb_folder(path, part)
    if name.endswith(_ARCHIVE_ENDINGS):
        return _open_archive(path, part)
    if name.endswith(_JSONL_ENDINGS):
        return open_jsonl(path, columns)
    if name.endswith(_CSV_ENDINGS):
        return open_delimited(path, columns, format_name="CSV", separator=",")
    if name.endswith(_TSV_ENDINGS):
        return open_delimited(path, columns, format_name="TSV", separator="\t")
    from reviews.formats.parquet import open_parquet  # noqa: PLC0415 - Arrow takes long to import

    return open_parquet(path, only=only)


def _open_archive(path: Path, part: Part) -> RowStream:
    """Open an archive by what is in it; if nothing is known, as that of IMDB, which tells what it lacks."""
    with readable(path):
        for file in archived_files(path):
            if PRODUCT_REVIEWS.fullmatch(file.name):
                return open_products_archive(path, part)
            if SENTENCES.fullmatch(file.name):
                return open_polarity_archive(path)
            if IMDB_REVIEW.fullmatch(file.name):
                break
    return open_imdb_archive(path, part)


def _without_headers(rows: Iterator[Row | Reject]) -> Iterator[Row | Reject]:
    """Refuse rows that are a header: tables that were put together have one at each seam."""
    for row in rows:
        if isinstance(row, Row) and row.fields and all(map(_is_name, row.fields.items())):
            yield row.reject("the header comes again")
        else:
            yield row


def _is_name(field: tuple[str, object]) -> bool:
    """Whether a field's value is the name of its column, in any case."""
    name, value = field
    return isinstance(value, str) and bare(value).casefold() == bare(name).casefold()
