"""Texts in, predictions out: by a version in this process, or by a running service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sentiment import Prediction

__all__ = ["Refusal", "Scorer"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one text has no prediction."""

    reason: str


class Scorer(Protocol):
    """What scores a job. Safe to call from several threads at once."""

    model_version: Mapping[str, Any]
    """What is the same only for the same model: its name, its version, and its hash where that is known."""
    labels: tuple[str, ...]
    hardware: Mapping[str, Any]
    num_threads: int
    """How many calls of `predict` are worth running at once."""
    batch_rows: int
    """How many rows to score together."""

    def prepare_thread(self) -> None:
        """Be called once in each thread that calls `predict`."""

    def predict(self, texts: Sequence[str]) -> list[Prediction | Refusal]:
        """Return a prediction for each text, in order, or why there is none."""
