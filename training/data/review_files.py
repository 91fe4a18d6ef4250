"""Files of reviews, and how to read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reviews import Columns, Part, ReviewCollection, read_reviews

__all__ = ["ReviewFiles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFiles:
    """Paths that are read in the same way."""

    paths: Sequence[Path]
    columns: Columns = Columns()  # noqa: RUF009  # it is frozen
    skip_bad: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the files, without their folders."""
        return tuple(path.name for path in self.paths)

    def read(self, part: Part, *, labelled: bool = True) -> ReviewCollection:
        """Read a part of them; raises what `read_reviews` raises."""
        return read_reviews(
            self.paths, split=part, columns=self.columns, skip_bad=self.skip_bad, labelled=labelled
        )
