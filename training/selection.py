"""What bears on how far a version's figures can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass

from model_store import DuplicateFigures

__all__ = ["Selection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What may make the figures of a version better than it is."""

    duplicates: Mapping[str, DuplicateFigures]
    """By parts of the data, as in "test in train"."""
    num_runs: int | None
    """Runs on the same train data in the ledger, this one included; None where it was not recorded."""

    def __str__(self) -> str:
        if self.num_runs is None:
            return "How many runs were made on these train reviews is not known: no ledger has this one."
        others = "no other run" if self.num_runs == 1 else f"{self.num_runs} runs, this one among them,"
        return (
            f"When this version was made, the ledger had {others} on these train reviews. Validation figures "
            "of the best of many runs are optimistic."
        )
