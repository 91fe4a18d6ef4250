"""Whether labelled reviews speak against a version that is to be promoted."""

from pydantic import JsonValue

from model_store.promotion import Finding
from training.evaluation.compare import Comparison

__all__ = ["find"]


def find(comparison: Comparison, *, max_drop: float) -> Finding:
    """Return what a comparison says of B in place of A: an objection when its accuracy is lower by more.

    `max_drop` is a difference of two accuracies, each from 0 to 1.
    """
    paired = comparison.paired
    difference, (low, high) = paired.accuracy_difference, paired.interval
    points = [f"{100 * ratio:+.2f}" for ratio in (difference, low, high)]
    num_reviews = comparison.a_figures.num_reviews
    text = (
        f"accuracy: {points[0]} points against {comparison.a} on {num_reviews:,} reviews, 95% interval "
        f"{points[1]} to {points[2]}"
    )
    evidence: dict[str, JsonValue] = {
        "compared_with": comparison.a,
        "test": ", ".join(comparison.test),
        "num_reviews": num_reviews,
        "accuracy": comparison.b_figures.accuracy,
        "accuracy_difference": difference,
        "accuracy_interval": [low, high],
        "mcnemar_p": paired.mcnemar_p,
        "max_drop": max_drop,
    }
    objection = None
    if difference < -max_drop:
        objection = f"its accuracy is {-100 * difference:.2f} points lower than that of {comparison.a}"
    return Finding(text=text, evidence=evidence, objection=objection)
