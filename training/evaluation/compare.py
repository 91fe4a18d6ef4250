"""Two published versions on the same labelled reviews: what `python -m training compare` prints."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from model_store import FIGURES, Evaluation, ModelVersion, Store
from training.data.labels import LabelSet
from training.data.review_files import ReviewFiles
from training.errors import IncomparableVersions
from training.evaluation.metrics import evaluate
from training.evaluation.significance import PairedDifference, compare_pairs

__all__ = ["Candidate", "Comparison", "compare_versions", "comparison_lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A version to compare: a reference, such as "reviews@3", and its store."""

    store: Path
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The figures of both versions on test files, and how they differ."""

    a: str
    """With the version's number, also if an alias named it: "reviews@3"."""
    a_store: str
    b: str
    b_store: str
    test: tuple[str, ...]
    labels: tuple[str, ...]
    """In the order of A, which `b_figures` has too."""
    num_skipped: int
    a_figures: Evaluation
    b_figures: Evaluation
    paired: PairedDifference

    @property
    def differences(self) -> dict[str, float | None]:
        """B - A of each figure; None where a figure is not defined."""
        return {
            name: None if getattr(self.a_figures, name) is None else self._difference(name)
            for name in FIGURES
        }

    def fields(self) -> dict[str, JsonValue]:
        """Return the comparison as plain data."""
        return asdict(self) | {"differences": dict(self.differences)}

    def _difference(self, name: str) -> float:
        return float(getattr(self.b_figures, name) - getattr(self.a_figures, name))


def compare_versions(a: Candidate, b: Candidate, *, test: ReviewFiles, device: str = "auto") -> Comparison:
    """Return how two versions differ on test reviews.

    Raises IncomparableVersions for versions of other labels, and what loading and reading raise.
    """
    first, second = (Store(each.store).load(each.reference, device=device) for each in (a, b))
    labels = _common_labels(first, second)
    collection = test.read("test")
    truth = LabelSet(labels).indices(collection.reviews)
    texts = [review.text for review in collection.reviews]
    of_a, of_b = (_probabilities(version, texts, labels) for version in (first, second))
    return Comparison(
        a=str(first),
        a_store=str(a.store),
        b=str(second),
        b_store=str(b.store),
        test=test.names,
        labels=labels,
        num_skipped=collection.num_skipped,
        a_figures=evaluate(of_a, truth, labels),
        b_figures=evaluate(of_b, truth, labels),
        paired=compare_pairs(of_a.argmax(axis=1) == truth, of_b.argmax(axis=1) == truth),
    )


def comparison_lines(comparison: Comparison) -> list[str]:
    """Return the comparison as lines for people."""
    paired = comparison.paired
    difference, low, high = (100 * ratio for ratio in (paired.accuracy_difference, *paired.interval))
    skipped = [f"{comparison.num_skipped:,} bad reviews skipped"] if comparison.num_skipped else []
    return [
        f"A  {comparison.a} in {comparison.a_store}",
        f"B  {comparison.b} in {comparison.b_store}",
        f"on {', '.join(comparison.test)} ({comparison.a_figures.num_reviews:,} reviews)",
        *skipped,
        "",
        f"{'':<13}{'A':>10}{'B':>10}{'B - A':>10}",
        *_figure_lines(comparison),
        "",
        *_count_lines(comparison),
        "",
        f"accuracy, B - A: {difference:+.2f} points, 95% interval {low:+.2f} to {high:+.2f}",
        f"B is better in {paired.b_better_ratio:.2%} of {paired.num_resamples:,} paired bootstrap resamples",
        f"McNemar's exact test: {_p_value(paired.mcnemar_p)}",
    ]


def _p_value(p: float) -> str:
    # Smaller ones make no difference, and may be below the range of floats.
    return f"p = {p:.2g}" if p >= 1e-6 else "p < 0.000001"


def _common_labels(a: ModelVersion, b: ModelVersion) -> tuple[str, ...]:
    ours, theirs = a.classifier.labels, b.classifier.labels
    if set(ours) != set(theirs):
        raise IncomparableVersions(
            f"the versions have different labels: {a} has {', '.join(ours)}; {b} has {', '.join(theirs)}"
        )
    return ours


def _probabilities(version: ModelVersion, texts: Sequence[str], labels: Sequence[str]) -> NDArray[np.float64]:
    """Return probabilities [N, L], labels in the given order, which may differ from the version's."""
    predictions = version.classifier.predict(texts)
    return np.array([[prediction.probabilities[label] for label in labels] for prediction in predictions])


def _figure_lines(comparison: Comparison) -> Iterator[str]:
    for name, difference in comparison.differences.items():
        if difference is not None:
            values = (getattr(figures, name) for figures in (comparison.a_figures, comparison.b_figures))
            cells = [_cell(name, value) for value in values]
            yield f"{_heading(name):<13}" + "".join(cells) + _cell(name, difference, sign="+")


def _heading(name: str) -> str:
    return f"{name.replace('_', ' ')}, %" if FIGURES[name].in_percent else name


def _cell(name: str, value: float, sign: str = "") -> str:
    text = f"{100 * value:{sign}.2f}" if FIGURES[name].in_percent else f"{value:{sign}.4f}"
    return f"{text:>10}"


def _count_lines(comparison: Comparison) -> Iterator[str]:
    paired, total = comparison.paired, comparison.a_figures.num_reviews
    for name, count in (
        ("both right", paired.num_both_right),
        ("only A right", paired.num_only_a_right),
        ("only B right", paired.num_only_b_right),
        ("neither", paired.num_neither_right),
    ):
        yield f"{name:<14}{count:>10,}  {count / total:>7.2%}"
