"""What scores the parts of a job: threads of this process, or the processes of a cluster."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from scoring.open_job import OpenJob

__all__ = ["RowsDone", "Workers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsDone:
    """Rows that are through, as progress and the limit of rejects count them."""

    num_rows: int
    """Rejects included."""
    num_rejects: int
    example_reject: str
    """One of the rows that could not be scored, and why; empty if all could."""


class Workers(Protocol):
    """What scores a job, and what the record of the job says of it."""

    @property
    def model_version(self) -> Mapping[str, Any]:
        """What is the same only for the same model."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the model."""

    @property
    def hardware(self) -> Mapping[str, Any]:
        """What computes."""

    def score(self, job: OpenJob, parts: Sequence[int]) -> Generator[RowsDone, None, None]:
        """Score parts of a job into its folder, and yield rows as they are done.

        Closed before its end, or ended by an error, it leaves the parts that were done by then.
        """
