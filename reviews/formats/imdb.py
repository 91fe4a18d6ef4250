"""The Large Movie Review Dataset (Maas et al. 2011), as its folder or as its archive.

    aclImdb/train/pos/0_9.txt          the review with the ID 0, rated 9 of 10; its id here is "pos/0_9"
    aclImdb/train/neg/  unsup/         unsup has no labels
    aclImdb/train/urls_pos.txt         line ID + 1 has the address of the film's page
    aclImdb/test/pos/  neg/

Other data in the same layout is read too; without lists, or without IDs in the names, reviews have no group.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from reviews.errors import UnreadableReviews
from reviews.layout import Layout
from reviews.review import Part
from reviews.row import Reject, Row, RowStream
from reviews.streams import ArchivedFile, archived_files, readable

__all__ = ["IMDB_REVIEW", "open_imdb_archive", "open_imdb_folder"]

IMDB_REVIEW = re.compile(r"(?:.*/)?(train|test)/(pos|neg|unsup)/([^/.][^/]*)\.txt")
_LIST_NAME = re.compile(r"(?:.*/)?(train|test)/urls_(pos|neg|unsup)\.txt")
_STEM = re.compile(r"(\d+)_(\d+)")
_FILM = re.compile(r"\btt\d+\b")


@dataclass(frozen=True, slots=True)
class _Content:
    """The files of one part: texts by kind and stem, each read when it is called, and film lists by kind."""

    texts: dict[str, dict[str, Callable[[], bytes]]]
    lists: dict[str, bytes] = field(default_factory=dict)


def open_imdb_folder(path: Path, part: Part) -> RowStream:
    """Open `path`: `aclImdb` itself, or a folder such as `aclImdb/train`, which has pos and neg."""
    return _stream(path, "IMDB folder", _folder_rows(path, part))


def open_imdb_archive(path: Path, part: Part) -> RowStream:
    """Open `aclImdb_v1.tar.gz`, which is read once and never unpacked: the same rows in the same order.

    That order is not the archive's, so the texts of the part are held in memory.
    """
    return _stream(path, "IMDB archive", _archive_rows(path, part))


def _stream(path: Path, format_name: str, rows: Iterator[Row | Reject]) -> RowStream:
    return RowStream(
        path=path, layout=Layout(format=format_name, encoding="UTF-8"), rows=rows, is_data_set=True
    )


def _folder_rows(path: Path, part: Part) -> Iterator[Row | Reject]:
    with readable(path):
        base = _base(path, part)
        content = _Content({kind: {} for kind in _kinds(part)})
        for kind, texts in content.texts.items():
            if not (base / kind).is_dir():
                raise UnreadableReviews(f"{base}: the folder {kind}/ is missing")
            for file in (base / kind).glob("[!.]*.txt"):
                texts[file.stem] = file.read_bytes
            if (urls := base / f"urls_{kind}.txt").is_file():
                content.lists[kind] = urls.read_bytes()
        yield from _rows(base, content)


def _archive_rows(path: Path, part: Part) -> Iterator[Row | Reject]:
    content = _Content({kind: {} for kind in _kinds(part)})
    folder = _folder_name(part)
    with readable(path):
        for file in archived_files(path):
            _take(file, folder, content)
    yield from _rows(path / folder, content)


def _kinds(part: Part) -> tuple[str, ...]:
    return ("unsup",) if part == "unlabelled" else ("pos", "neg")


def _folder_name(part: Part) -> str:
    return "test" if part == "test" else "train"


def _base(path: Path, part: Part) -> Path:
    if any((path / name).is_dir() for name in ("train", "test")):
        base = path / _folder_name(part)
        if not base.is_dir():
            raise UnreadableReviews(f"{path}: the folder {base.name}/ is missing")
        return base
    if any((path / name).is_dir() for name in ("pos", "neg", "unsup")):
        return path
    raise UnreadableReviews(
        f"{path}: no folder of reviews: it has neither train/ and test/ nor pos/ and neg/"
    )


def _take(file: ArchivedFile, folder: str, content: _Content) -> None:
    """Keep the file's bytes if it is a review or a film list of the part that is read."""
    if review := IMDB_REVIEW.fullmatch(file.name):
        texts = content.texts.get(review[2])
        if review[1] == folder and texts is not None:
            texts[review[3]] = partial(bytes, file.content())
    elif (urls := _LIST_NAME.fullmatch(file.name)) and urls[1] == folder:
        content.lists[urls[2]] = file.content()


def _rows(base: Path, content: _Content) -> Iterator[Row | Reject]:
    for kind, texts in content.texts.items():
        if not texts:
            raise UnreadableReviews(f"{base}: there are no reviews in {kind}/")
        films = _films(content.lists, kind)
        for stem in sorted(texts, key=_order):
            fields: dict[str, object] = {
                "id": f"{kind}/{stem}",
                "text": "",
                "label": None if kind == "unsup" else kind,
                "rating": None if kind == "unsup" else _rating(stem),
                "group": _group(base, films, kind, stem),
                "domain": None,
            }
            row = Row(f"{base / kind / stem}.txt", None, fields)
            try:
                fields["text"] = texts[stem]().decode("utf-8-sig")
            except UnicodeDecodeError as error:
                yield row.reject(f"not UTF-8 (byte {error.start + 1})")
            else:
                yield row


def _rating(stem: str) -> str | None:
    match = _STEM.fullmatch(stem)
    return match[2] if match else None


def _order(stem: str) -> tuple[float, str]:
    match = _STEM.fullmatch(stem)
    return (int(match[1]) if match else float("inf"), stem)


def _films(lists: Mapping[str, bytes], kind: str) -> list[str] | None:
    if kind not in lists:
        return None
    lines = lists[kind].decode("utf-8-sig", errors="replace").splitlines()
    return [film[0] if (film := _FILM.search(line)) else line.strip() for line in lines]


def _group(base: Path, films: list[str] | None, kind: str, stem: str) -> str | None:
    match = _STEM.fullmatch(stem)
    if films is None or match is None:
        return None
    number = int(match[1])
    if number >= len(films):
        raise UnreadableReviews(
            f"{base / f'urls_{kind}.txt'}: {len(films)} lines, but {kind}/{stem}.txt needs line {number + 1}"
        )
    return films[number] or None
