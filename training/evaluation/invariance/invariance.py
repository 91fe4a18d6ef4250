"""The invariance of a classifier, as a manifest has it and as lines for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from model_store import InvarianceFigures, LabelChangeFigures
from sentiment import Classifier
from training.data.summary import aligned
from training.evaluation.invariance.frames import load_word_groups
from training.evaluation.invariance.label_changes import measure_label_changes
from training.evaluation.invariance.spread import GroupSpread, measure_spread

__all__ = ["LABELS_DO_NOT_SPREAD", "InvarianceReport", "invariance_lines", "measure_invariance"]

_LABEL = "positive"
_NAMES = "names"
_SEED = 1
LABELS_DO_NOT_SPREAD = f"not measured: the spread is that of the label {_LABEL}, which the model lacks"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvarianceReport:
    """What words and changes that say nothing do to a classifier."""

    spread: tuple[GroupSpread, ...]
    """By group of words; empty for a classifier without the label "positive"."""
    label_changes: Mapping[str, LabelChangeFigures]
    """By change, on given reviews; empty without reviews."""

    @property
    def figures(self) -> InvarianceFigures:
        """The report as a manifest has it."""
        return InvarianceFigures(
            spread={group.name: group.figures for group in self.spread},
            label_changes=dict(self.label_changes),
        )


def measure_invariance(classifier: Classifier, texts: Sequence[str]) -> InvarianceReport:
    """Return how far words that say nothing move a classifier, and changes of texts change their labels."""
    groups = load_word_groups()
    [names] = [group.words for group in groups if group.name == _NAMES]
    return InvarianceReport(
        spread=measure_spread(classifier, groups, label=_LABEL) if _LABEL in classifier.labels else (),
        label_changes=measure_label_changes(classifier, texts, names, seed=_SEED) if texts else {},
    )


def invariance_lines(report: InvarianceReport) -> list[str]:
    """Return the report as tables for people."""
    return [*_spread_lines(report.spread), *_change_lines(report.label_changes)]


def _spread_lines(spread: Sequence[GroupSpread]) -> list[str]:
    if not spread:
        return [f"spread over neutral words: {LABELS_DO_NOT_SPREAD}"]
    num_frames = sum(len(group.frames) for group in spread)
    rows = [
        (
            group.name,
            str(group.num_words),
            f"{group.figures.largest:.3f}",
            f"{group.figures.mean:.3f}",
            _extremes(group),
        )
        for group in spread
    ]
    header = ("", "words", "largest", "mean", "the widest, from and to")
    title = f"spread of the probability of {_LABEL} over neutral words, in {num_frames} neutral sentences:"
    return [title, *aligned([header, *rows])]


def _extremes(group: GroupSpread) -> str:
    widest = group.widest
    return (
        f"{widest.frame} {widest.lowest_word} {widest.lowest:.2f}, {widest.highest_word} {widest.highest:.2f}"
    )


def _change_lines(changes: Mapping[str, LabelChangeFigures]) -> list[str]:
    if not changes:
        return []
    header = ("label changes by", "reviews", "changed")
    rows = [(name, f"{it.num_reviews:,}", f"{it.change_ratio:.2%}") for name, it in changes.items()]
    return aligned([header, *rows])
