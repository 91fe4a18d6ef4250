"""The pictures of a report, each with its caption."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from model_store import Evaluation
from training.learning.trainer import Progress
from training.publishing.report.classes import draw_confusion, draw_length
from training.publishing.report.confidence import draw_coverage, draw_reliability, draw_roc
from training.publishing.report.drawing import look, to_png
from training.publishing.report.learning import draw_accuracy, draw_loss
from training.publishing.validation_predictions import ValidationPredictions

__all__ = ["Picture", "draw_gallery"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture with the name of its file and what the page says about it."""

    name: str
    title: str
    caption: str
    png: bytes


def draw_gallery(
    predictions: ValidationPredictions, progress: Progress, evaluation: Evaluation
) -> list[Picture]:
    """Draw the pictures in the order of the page; all except the train loss show validation reviews."""
    with look():
        return [*_of_learning(progress), *_of_confidence(predictions), *_of_classes(predictions, evaluation)]


def _of_learning(progress: Progress) -> Iterator[Picture]:
    yield _picture(
        "loss",
        draw_loss(progress),
        "Train loss is that of the batches as they were learned from, with dropout, so it may lie above "
        "validation. Grey: single batches.",
    )
    yield _picture(
        "accuracy",
        draw_accuracy(progress),
        "After each epoch. The weights of the epoch with the highest accuracy are published.",
    )


def _of_confidence(predictions: ValidationPredictions) -> Iterator[Picture]:
    yield _picture(
        "reliability",
        draw_reliability(predictions.uncalibrated, predictions.calibrated, predictions.truth),
        "On the dashed line confidence means what it says: of reviews scored 80%, 80% are right. Larger dots "
        "stand for more reviews. The temperature was fitted on these very reviews, "
        "unless it is a base version's.",
    )
    if len(np.unique(predictions.truth)) > 1:  # otherwise one of the two rates is not defined
        yield _picture(
            "roc",
            draw_roc(predictions.calibrated, predictions.truth, predictions.labels),
            _roc_caption(predictions.labels),
        )
    yield _picture(
        "coverage",
        draw_coverage(predictions.confidence, predictions.right),
        "How often the model is right when it answers only for the reviews that it is most confident of.",
    )


def _of_classes(predictions: ValidationPredictions, evaluation: Evaluation) -> Iterator[Picture]:
    yield _picture(
        "confusion",
        draw_confusion(evaluation.confusion, predictions.labels),
        "Number of reviews, and their share of all with the same true label.",
    )
    yield _picture(
        "length",
        draw_length(predictions.num_tokens, predictions.right),
        "In groups of about as many reviews each, with 95% intervals (Wilson).",
    )


def _picture(name: str, figure: Figure, caption: str) -> Picture:
    title = figure.axes[0].get_title(loc="left")
    return Picture(name=f"{name}.png", title=title, caption=caption, png=to_png(figure))


def _roc_caption(labels: Sequence[str]) -> str:
    if len(labels) == 2:
        return f"How well the score of “{labels[1]}” tells the labels apart, whatever the threshold."
    return "Each label against all others; the most frequent ones where there are many."
