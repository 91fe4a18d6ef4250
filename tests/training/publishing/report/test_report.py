"""The report's numbers, worked out by hand, and its pictures, drawn from made-up predictions."""

import io
from collections.abc import Sequence
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from training.evaluation.metrics import evaluate
from training.learning.trainer import EpochMetrics, Progress
from training.publishing.report.classes import draw_confusion, draw_length, length_groups
from training.publishing.report.confidence import accuracy_by_coverage, draw_coverage, draw_roc, reliability
from training.publishing.report.drawing import label_names
from training.publishing.report.gallery import Picture, draw_gallery
from training.publishing.report.learning import draw_accuracy, draw_loss, smoothed
from training.publishing.validation_predictions import ValidationPredictions


def outcome(
    labels: Sequence[str] = ("negative", "positive"), num_reviews: int = 120, seed: int = 1
) -> ValidationPredictions:
    """Reviews that are mostly predicted correctly, with overconfident uncalibrated probabilities."""
    chance = np.random.default_rng(seed)
    truth = chance.integers(0, len(labels), num_reviews)
    logits = chance.normal(size=(num_reviews, len(labels)))
    logits[np.arange(num_reviews), truth] += 2
    calibrated, uncalibrated = (np.exp(scale * logits) for scale in (1, 2))
    return ValidationPredictions(
        labels=tuple(labels),
        ids=tuple(f"review/{number}" for number in range(num_reviews)),
        truth=truth,
        uncalibrated=uncalibrated / uncalibrated.sum(axis=1, keepdims=True),
        calibrated=calibrated / calibrated.sum(axis=1, keepdims=True),
        num_tokens=chance.integers(1, 900, num_reviews),
    )


def progress(num_epochs: int = 3) -> Progress:
    history = [
        EpochMetrics(epoch, 0.5, 0.6 / epoch, 0.7 + 0.01 * epoch) for epoch in range(1, num_epochs + 1)
    ]
    losses = np.linspace(0.7, 0.2, 40 * num_epochs).tolist()
    return Progress(epoch=num_epochs, step_losses=losses, history=history)


def gallery(subject: ValidationPredictions, training: Progress | None = None) -> list[Picture]:
    figures = evaluate(subject.calibrated, subject.truth.tolist())
    return draw_gallery(subject, training or progress(), figures)


def legend(figure: Figure) -> list[str]:
    found = figure.axes[0].get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def test_smoothing_takes_the_mean_of_neighbours_and_of_fewer_at_the_ends() -> None:
    values = np.array([0.0, 3.0, 6.0, 0.0, 9.0])
    assert smoothed(values, 1).tolist() == [1.5, 3.0, 3.0, 5.0, 4.5]
    assert smoothed(values, 0).tolist() == values.tolist()


def test_reliability_worked_out_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.05, 0.95], [0.45, 0.55], [0.54, 0.46]])
    confidence, accuracy, counts = reliability(probabilities, np.array([0, 0, 1, 0]))
    assert confidence == pytest.approx([0.545, 0.95])
    assert accuracy.tolist() == [1.0, 0.5]
    assert counts.tolist() == [2, 2]


def test_a_bin_that_is_all_but_empty_is_no_dot() -> None:
    probabilities = np.array([[0.95, 0.05]] * 999 + [[0.55, 0.45]])
    confidence, _, counts = reliability(probabilities, np.zeros(1000, dtype=np.int64))
    assert confidence == pytest.approx([0.95])
    assert counts.tolist() == [999]


def test_coverage_goes_from_the_most_confident_review_to_all() -> None:
    coverage, accuracy = accuracy_by_coverage(
        np.array([0.6, 0.9, 0.8, 0.7]), np.array([False, True, True, False])
    )
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert accuracy.tolist() == [1.0, 1.0, 2 / 3, 0.5]


def test_length_groups_hold_each_review_once_and_keep_equal_lengths_together() -> None:
    lengths = np.array([1] * 30 + list(range(2, 52)))
    groups = length_groups(lengths, 8)
    assert (np.sum(groups, axis=0) == 1).all()
    assert groups[0].sum() == 30
    assert all(lengths[low].max() < lengths[high].min() for low, high in pairwise(groups))
    assert [group.sum() for group in length_groups(np.arange(80), 8)] == [10] * 8
    assert len(length_groups(np.full(7, 20), 8)) == 1


def test_the_most_confident_mistakes_come_first_and_carry_no_text() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.7, 0.3], [0.99, 0.01]])
    subject = ValidationPredictions(
        labels=("bad", "good"),
        ids=("a", "b", "c", "d", "e"),
        truth=np.array([1, 0, 1, 1, 0]),
        uncalibrated=probabilities,
        calibrated=probabilities,
        num_tokens=np.array([5, 6, 7, 8, 9]),
    )
    mistakes = subject.confident_mistakes(limit=3)
    assert [mistake.id for mistake in mistakes] == ["a", "b", "c"]
    assert (mistakes[1].truth, mistakes[1].predicted) == ("bad", "good")
    assert (mistakes[1].confidence, mistakes[1].num_tokens) == (0.8, 6)
    assert [mistake.id for mistake in subject.confident_mistakes(limit=9)] == ["a", "b", "c", "d"]


def test_labels_are_shown_short_never_as_formulae_and_by_number_where_the_font_lacks_them() -> None:
    names = label_names(["good", "$5$", "とても", "a label of very many letters"])
    assert names == ["good", r"\$5\$", "#3", "a label of ve…"]


def test_the_loss_curve_has_every_step_and_every_epoch() -> None:
    raw, smooth, validation, published = draw_loss(progress()).axes[0].get_lines()
    assert len(np.asarray(raw.get_xdata())) == len(np.asarray(smooth.get_xdata())) == 120
    assert np.asarray(smooth.get_xdata())[[0, -1]].tolist() == [1 / 40, 3.0]
    assert np.asarray(validation.get_ydata()).tolist() == pytest.approx([0.6, 0.3, 0.2])
    assert np.asarray(published.get_xdata()).tolist() == [3, 3]


def test_the_accuracy_curve_names_the_published_one() -> None:
    assert legend(draw_accuracy(progress())) == ["published, 73.00%"]


def test_roc_has_one_curve_for_two_labels_and_one_against_the_rest_for_each_of_more() -> None:
    two, five = outcome(), outcome("abcde")
    assert [name.split(",")[0] for name in legend(draw_roc(two.calibrated, two.truth, two.labels))] == [
        "positive"
    ]
    names = [name.split(",")[0] for name in legend(draw_roc(five.calibrated, five.truth, five.labels))]
    assert names == ["a", "b", "c", "d", "e"]
    auc = evaluate(two.calibrated, two.truth.tolist()).auc
    assert legend(draw_roc(two.calibrated, two.truth, two.labels)) == [f"positive, AUC {auc:.4f}"]


def test_roc_shows_the_most_frequent_of_many_labels_and_none_that_is_missing() -> None:
    labels = [f"l{number}" for number in range(20)]
    truth = np.array([19] * 5 + [3] * 4 + [7])
    subject = outcome(labels, num_reviews=len(truth))
    names = [name.split(",")[0] for name in legend(draw_roc(subject.calibrated, truth, labels))]
    assert names == ["l3", "l7", "l19"]


def test_confusion_counts_stand_in_their_cells() -> None:
    texts = [text.get_text() for text in draw_confusion([[3, 1], [0, 0]], ["bad", "good"]).axes[0].texts]
    assert texts == ["3\n75.0%", "1\n25.0%", "0\n0.0%", "0\n0.0%"]


def test_accuracy_by_length_and_by_coverage_end_at_the_accuracy_of_all() -> None:
    subject = outcome()
    by_length = draw_length(subject.num_tokens, subject.right).axes[0].get_lines()
    by_coverage = draw_coverage(subject.confidence, subject.right).axes[0].get_lines()
    assert np.asarray(by_length[-1].get_ydata())[0] == subject.right.mean()
    assert np.asarray(by_coverage[0].get_ydata())[-1] == subject.right.mean()


@pytest.mark.parametrize(("num_labels", "num_reviews"), [(2, 1), (2, 2), (5, 300), (30, 300), (100, 50)])
def test_pictures_can_be_drawn_for_any_number_of_labels_and_reviews(
    num_labels: int, num_reviews: int
) -> None:
    labels = [f"label number {number}" for number in range(num_labels)]
    pictures = gallery(outcome(labels, num_reviews), progress(num_epochs=1))
    names = ["loss", "accuracy", "reliability", "roc", "coverage", "confusion", "length"]
    if num_reviews == 1:
        names.remove("roc")  # one class alone has no rates
    assert [picture.name for picture in pictures] == [f"{name}.png" for name in names]
    assert all(picture.title for picture in pictures)


def test_pictures_are_the_same_to_the_byte_whatever_the_settings_of_matplotlib() -> None:
    before = dict(matplotlib.rcParams)
    first = gallery(outcome())
    assert dict(matplotlib.rcParams) == before
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "savefig.dpi": 20}):
        assert gallery(outcome()) == first
    assert gallery(outcome(seed=2)) != first


def test_pictures_fit_a_phone_and_tell_neither_time_nor_program() -> None:
    for picture in gallery(outcome()):
        with Image.open(io.BytesIO(picture.png)) as image:
            assert image.size[0] == 800, picture.name
            assert not image.info.keys() & {"Software", "Creation Time", "date:create"}, picture.name
