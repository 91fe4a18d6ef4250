"""What a run has read, as tables for people: each file as it was understood, each class with an example."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reviews import Review, Source
from training.data.labels import LabelSet

__all__ = ["ClassSummary", "aligned", "class_lines", "source_lines", "summarise_classes"]

_MAX_REASONS = 3
_MAX_SPELLINGS = 4
_MAX_CHARACTERS = 60
_IN_NUMBERS = str.maketrans("", "", ",.%")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassSummary:
    """A class as reviews have it."""

    name: str
    num_reviews: int
    spellings: tuple[str, ...]
    """The values that are written for it, in the order of the reviews."""
    example: str
    """The text of its first review."""


def summarise_classes(labels: LabelSet, reviews: Sequence[Review]) -> tuple[ClassSummary, ...]:
    """Return the classes that are in `reviews`, in the order of the labels."""
    of_class: dict[int, list[Review]] = defaultdict(list)
    for index, review in zip(labels.indices(reviews), reviews, strict=True):
        of_class[index].append(review)
    return tuple(
        ClassSummary(
            name=labels.names[index],
            num_reviews=len(of_class[index]),
            spellings=tuple(dict.fromkeys(review.label for review in of_class[index] if review.label)),
            example=of_class[index][0].text,
        )
        for index in sorted(of_class)
    )


def source_lines(sources: Sequence[tuple[str, Source]]) -> list[str]:
    """Return a table of files, each with its role, and why rows of them were skipped."""
    header = ("", "file", "format", "encoding", "separator", "quoting", "rows", "reviews", "skipped")
    rows = [
        (
            role,
            source.path.name,
            source.layout.format,
            source.layout.encoding or "-",
            _separator_name(source.layout.separator),
            source.layout.quoting or "-",
            f"{source.num_reviews + source.num_skipped:,}",
            f"{source.num_reviews:,}",
            f"{source.num_skipped:,}",
        )
        for role, source in sources
    ]
    return [*aligned([header, *rows]), *(line for _, source in sources for line in _skipped_lines(source))]


def class_lines(classes: Sequence[ClassSummary]) -> list[str]:
    """Return a table of classes: how often each is there, how it is written, and a text of it."""
    header = ("class", "reviews", "written", "such as")
    rows = [
        (_shortened(each.name), f"{each.num_reviews:,}", _written(each.spellings), _shortened(each.example))
        for each in classes
    ]
    return aligned([header, *rows])


def aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines with columns of equal width; numbers stand to the right."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    for column in columns:
        width = max(map(len, column))
        is_number = all(cell.translate(_IN_NUMBERS).isdecimal() for cell in column[1:])
        column[:] = [cell.rjust(width) if is_number else cell.ljust(width) for cell in column]
    return ["  ".join(cells).rstrip() for cells in zip(*columns, strict=True)]


def _separator_name(separator: str | None) -> str:
    return "tab" if separator == "\t" else separator or "-"


def _skipped_lines(source: Source) -> Iterator[str]:
    for skipped in source.skipped[:_MAX_REASONS]:
        where = "" if skipped.first.line is None else f", first in line {skipped.first.line:,}"
        yield f"skipped in {source.path.name}: {skipped.num:,} x {_shortened(skipped.reason)}{where}"
    rest = source.skipped[_MAX_REASONS:]
    if rest:
        yield f"skipped in {source.path.name}: {sum(skipped.num for skipped in rest):,} for other reasons"


def _written(spellings: Sequence[str]) -> str:
    rest = ", …" if len(spellings) > _MAX_SPELLINGS else ""
    return ", ".join(map(_shortened, spellings[:_MAX_SPELLINGS])) + rest


def _shortened(text: str) -> str:
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= _MAX_CHARACTERS else f"{line[: _MAX_CHARACTERS - 1]}…"
