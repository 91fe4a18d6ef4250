"""The names of a table's columns."""

from collections import Counter
from collections.abc import Iterable

from reviews.errors import UnreadableReviews

__all__ = ["check_names"]


def check_names(place: str, names: Iterable[str]) -> None:
    """Raise `UnreadableReviews` if two columns have one name: nobody could tell which of them is meant."""
    for name, num in Counter(names).items():
        if num > 1:
            raise UnreadableReviews(
                f"{place}: the column {name!r} stands {num} times in the header; give each a name of its own"
            )
