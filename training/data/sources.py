"""Which reviews came from which file, so that each file can have figures of its own."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path

from reviews import KNOWN_FORMATS, ReviewCollection

__all__ = ["indices_by_source", "source_names"]


def source_names(paths: Sequence[Path]) -> list[str]:
    """Return a name for each path, without folders and endings; the second of the same name gets a 2."""
    names, seen = [], Counter[str]()
    for path in paths:
        name = _short_name(path)
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return names


def indices_by_source(
    collection: ReviewCollection, chosen: Sequence[int] | None = None
) -> dict[str, tuple[int, ...]]:
    """Return the indices of each source's reviews among all reviews, or among the `chosen` ones.

    `chosen` are indices into the collection, in rising order. The result is empty for a single source, whose
    figures are those of the whole, and leaves out a source without a chosen review.
    """
    if len(collection.sources) < 2:
        return {}
    chosen = range(len(collection.reviews)) if chosen is None else chosen
    edges = pairwise(accumulate((source.num_reviews for source in collection.sources), initial=0))
    names = source_names([source.path for source in collection.sources])
    found = {
        name: tuple(index for index, of_all in enumerate(chosen) if start <= of_all < end)
        for name, (start, end) in zip(names, edges, strict=True)
    }
    return {name: indices for name, indices in found.items() if indices}


def _short_name(path: Path) -> str:
    name = path.resolve().name
    endings = [ending for ending in KNOWN_FORMATS if name.lower().endswith(ending)]
    return (name[: -max(map(len, endings))] if endings else name).strip() or name
