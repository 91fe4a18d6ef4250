"""The Multi-Domain Sentiment Dataset (Blitzer et al. 2007): reviews of products, in its archives.

    sorted_data_acl/books/positive.review    four and five stars; the third review is "books/positive/2" here
    sorted_data_acl/books/negative.review    one and two
    sorted_data_acl/dvd/unlabeled.review

A file is a row of `<review>` elements that looks like XML but is not: it has no root, and its text is
neither escaped nor in one encoding. A review's text begins with its title here. The ids of the data set name
the reviewer, so places in the file stand for them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from reviews.errors import UnreadableReviews
from reviews.layout import Layout
from reviews.review import Part
from reviews.row import Row, RowStream
from reviews.streams import archived_files, readable, western_text

__all__ = ["PRODUCT_REVIEWS", "open_products_archive"]

PRODUCT_REVIEWS = re.compile(r"(?:.*/)?([^/]+)/(positive|negative|unlabeled)\.review")
_REVIEW = re.compile(rb"<review>(.*?)</review>", re.DOTALL)
_FIELD = re.compile(r"<(asin|product_name|rating|title|review_text)>(.*?)</\1>", re.DOTALL)
_WHOLE_NUMBER = re.compile(r"(\d+)\.0+")
_ENDS_SENTENCE = (".", "!", "?", "…")


def open_products_archive(path: Path, part: Part) -> RowStream:
    """Open an archive: all domains in its order; as it has no test part, it is read whole as one."""
    layout = Layout(format="Multi-Domain Sentiment archive", encoding="UTF-8 or Windows-1252")
    return RowStream(path=path, layout=layout, rows=_rows(path, part), is_data_set=True)


def _rows(path: Path, part: Part) -> Iterator[Row]:
    kinds = ("unlabeled",) if part == "unlabelled" else ("positive", "negative")
    found = False
    with readable(path):
        for file in archived_files(path):
            match = PRODUCT_REVIEWS.fullmatch(file.name)
            if match and match[2] in kinds:
                found = True
                yield from _reviews(path, f"{match[1]}/{match[2]}", match[2], file.content())
    if not found:
        raise UnreadableReviews(f"{path}: there is no file {' or '.join(kinds)}.review in it")


def _reviews(path: Path, name: str, kind: str, content: bytes) -> Iterator[Row]:
    line, counted = 1, 0
    for number, match in enumerate(_REVIEW.finditer(content)):
        line += content.count(b"\n", counted, match.start())
        counted = match.start()
        fields = _fields(western_text(match[1]))
        yield Row(
            f"{path}/{name}.review",
            line,
            {
                "id": f"{name}/{number}",
                "text": _text(fields),
                "label": None if kind == "unlabeled" else kind,
                "rating": _rating(fields),
                "group": fields.get("product_name") or fields.get("asin") or None,
                "domain": name.partition("/")[0],
            },
        )


def _fields(content: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(content):
        fields.setdefault(name, value.strip())
    return fields


def _text(fields: dict[str, str]) -> str:
    title, text = fields.get("title", ""), fields.get("review_text", "")
    if title and text:
        return f"{title}{'' if title.endswith(_ENDS_SENTENCE) else '.'}\n{text}"
    return title or text


def _rating(fields: dict[str, str]) -> str | None:
    rating = fields.get("rating")
    match = _WHOLE_NUMBER.fullmatch(rating) if rating else None
    return match[1] if match else rating or None
