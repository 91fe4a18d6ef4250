"""Paths in, one collection of reviews out: which reader a name calls for, and what to do with bad reviews."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from reviews.delimited import read_delimited
from reviews.errors import UnreadableReviews
from reviews.imdb import IMDB_REVIEW, read_imdb_archive, read_imdb_folder
from reviews.jsonl import read_jsonl
from reviews.parquet import read_parquet
from reviews.polarity import SENTENCES, read_polarity_archive
from reviews.products import PRODUCT_REVIEWS, read_products_archive
from reviews.review import Columns, Part, Review, ReviewCollection, Source
from reviews.rows import RejectedReview, RowRules
from reviews.streams import archived_files, readable

__all__ = ["KNOWN_FORMATS", "read_reviews"]

_ARCHIVES = (
    (IMDB_REVIEW, read_imdb_archive),
    (PRODUCT_REVIEWS, read_products_archive),
    (SENTENCES, read_polarity_archive),
)
_ARCHIVE_ENDINGS = (".tar.gz", ".tgz")
_COMPRESSIONS = ("", ".gz", ".xz")
_JSONL_ENDINGS = tuple(f".jsonl{compression}" for compression in _COMPRESSIONS)
_CSV_ENDINGS = tuple(f".csv{compression}" for compression in _COMPRESSIONS)
_TSV_ENDINGS = tuple(f".tsv{compression}" for compression in _COMPRESSIONS)

KNOWN_FORMATS = (*_ARCHIVE_ENDINGS, *_JSONL_ENDINGS, *_CSV_ENDINGS, *_TSV_ENDINGS, ".parquet")


def read_reviews(
    paths: Sequence[Path],
    *,
    split: Part,
    columns: Columns = Columns(),  # noqa: B008 - it is frozen
    skip_bad: bool = False,
    labelled: bool = True,
) -> ReviewCollection:
    """Read all reviews of `paths`, each a file in one of `KNOWN_FORMATS` or a folder laid out like IMDB.

    An archive is known by the names of its files. `split` chooses the part of the IMDB folder or archive,
    and the unlabelled reviews of the products' archive; anything else is read whole. "unlabelled" ignores
    labels, as does `labelled=False` with the other two. A bad review raises `UnreadableReviews` with its file
    and line; with `skip_bad` it is left out and counted. A file without one good review always raises.
    """
    rules = RowRules(
        columns=columns,
        labelled=labelled and split != "unlabelled",
        strict_group=split == "train",
    )
    readers = [_reader(path, split, rules) for path in paths]  # a wrong name fails before the first is read
    reviews: list[Review] = []
    sources: list[Source] = []
    for path, reader in zip(paths, readers, strict=True):
        num_before = len(reviews)
        num_skipped = _read_into(reviews, path, reader, skip_bad=skip_bad)
        sources.append(Source(path=path, num_reviews=len(reviews) - num_before, num_skipped=num_skipped))
    return ReviewCollection(reviews=tuple(reviews), sources=tuple(sources))


def _read_into(
    reviews: list[Review], path: Path, reader: Iterator[Review | RejectedReview], *, skip_bad: bool
) -> int:
    """Append the good reviews and return how many were bad."""
    num_before = len(reviews)
    rejected: list[RejectedReview] = []
    for item in reader:
        if isinstance(item, Review):
            reviews.append(item)
        elif skip_bad:
            rejected.append(item)
        else:
            raise UnreadableReviews(item.message)
    if len(reviews) == num_before:
        reason = (
            f"all {len(rejected)} are bad; the first: {rejected[0].message}" if rejected else "it is empty"
        )
        raise UnreadableReviews(f"{path}: no usable reviews: {reason}")
    return len(rejected)


def _reader(path: Path, split: Part, rules: RowRules) -> Iterator[Review | RejectedReview]:
    name = path.name.lower()
    with readable(path):
        is_folder, exists = path.is_dir(), path.exists()
    if is_folder:
        return read_imdb_folder(path, split, rules)
    if not exists:
        raise UnreadableReviews(f"{path}: no such file or folder")
    if name.endswith(_ARCHIVE_ENDINGS):
        return _read_archive(path, split, rules)
    if name.endswith(_JSONL_ENDINGS):
        return read_jsonl(path, rules)
    if name.endswith(_CSV_ENDINGS):
        return read_delimited(path, rules, ",")
    if name.endswith(_TSV_ENDINGS):
        return read_delimited(path, rules, "\t")
    if name.endswith(".parquet"):
        return read_parquet(path, rules)
    known = ", ".join(KNOWN_FORMATS)
    raise UnreadableReviews(
        f"{path}: unknown kind of file; known are {known}, and folders laid out like aclImdb"
    )


def _read_archive(path: Path, split: Part, rules: RowRules) -> Iterator[Review | RejectedReview]:
    """The reader for what is in the archive; if nothing is known, that of IMDB, which tells what it lacks."""
    with readable(path):
        for file in archived_files(path):
            for pattern, read in _ARCHIVES:
                if pattern.fullmatch(file.name):
                    return read(path, split, rules)
    return read_imdb_archive(path, split, rules)
