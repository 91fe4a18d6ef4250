"""Which rows of the input belong to which part."""

from dataclasses import dataclass

__all__ = ["RowRanges"]


@dataclass(frozen=True, slots=True)
class RowRanges:
    """All rows, cut into parts of the same length; the last one may be shorter."""

    num_rows: int
    part_rows: int

    @property
    def num_parts(self) -> int:
        """At least one, which has no rows where there are none."""
        return max(1, -(-self.num_rows // self.part_rows))

    def of(self, part: int) -> range:
        """Return the rows of a part, counted from 0 over all inputs."""
        start = part * self.part_rows
        return range(start, min(start + self.part_rows, self.num_rows))
