import numpy as np
import pytest

from training.evaluation.metrics import calibration_error, evaluate, evaluate_sources, summary

PROBABILITIES = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.7, 0.3]])
LABELS = [0, 0, 1, 1]


def test_figures_worked_out_by_hand() -> None:
    figures = evaluate(PROBABILITIES, LABELS)
    assert figures.num_reviews == 4
    assert figures.accuracy == 0.5
    assert figures.f1 == 0.5
    assert figures.auc == 0.75
    assert figures.confusion == ((1, 1), (1, 1))
    assert figures.nll == pytest.approx(-np.log([0.9, 0.4, 0.8, 0.3]).mean())
    assert figures.brier == pytest.approx(2 * np.mean([0.01, 0.36, 0.04, 0.49]))
    assert figures.ece == pytest.approx((0.1 + 0.6 + 0.2 + 0.7) / 4)


def test_perfect_certainty_has_no_error() -> None:
    figures = evaluate(np.eye(3), [0, 1, 2])
    assert (figures.accuracy, figures.f1, figures.ece, figures.nll, figures.brier) == (
        1.0,
        1.0,
        0.0,
        0.0,
        0.0,
    )
    assert figures.auc is None


def test_confidence_that_is_right_on_average_within_a_bin_has_no_calibration_error() -> None:
    probabilities = np.array([[0.75, 0.25]] * 4)
    assert calibration_error(probabilities, np.array([0, 0, 0, 1])) == pytest.approx(0.0)


def test_a_class_that_is_missing_from_the_test_reviews_is_no_problem() -> None:
    figures = evaluate(PROBABILITIES, [0, 0, 0, 0])
    assert figures.auc is None
    assert figures.confusion == ((2, 2), (0, 0))


def test_the_summary_gives_accuracy_to_a_hundredth_of_a_percent() -> None:
    assert summary(evaluate(PROBABILITIES, LABELS)).startswith("accuracy 50.00%  F1 0.5000  AUC 0.7500  ECE")


def test_f1_is_the_mean_over_labels() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.1, 0.9]])
    assert evaluate(probabilities, [0, 0, 0, 1]).f1 == pytest.approx((0.8 + 2 / 3) / 2)


def test_stars_are_off_by_their_distance_worked_out_by_hand() -> None:
    stars = ("1", "2", "4", "5")
    figures = evaluate(np.eye(4)[[0, 1, 1, 3]], [0, 0, 2, 1], stars)  # off by 0, 1, 2 and 3 stars
    assert figures.mae == 1.5
    assert figures.within_one == 0.5
    assert "MAE 1.5000  within one 50.00%" in summary(figures)


@pytest.mark.parametrize("names", [(), ("negative", "positive"), ("1", "good"), ("nan", "1"), ("inf", "1")])
def test_labels_that_are_not_all_numbers_have_no_distances(names: tuple[str, ...]) -> None:
    figures = evaluate(PROBABILITIES, LABELS, names)
    assert figures.mae is None
    assert figures.within_one is None
    assert "MAE" not in summary(figures)


def test_each_source_has_the_figures_of_its_own_reviews() -> None:
    figures = evaluate_sources(PROBABILITIES, LABELS, (), {"a": (0, 2), "b": (1, 3)})
    assert figures == {
        "a": evaluate(PROBABILITIES[[0, 2]], [0, 1]),
        "b": evaluate(PROBABILITIES[[1, 3]], [0, 1]),
    }
    assert [each.accuracy for each in figures.values()] == [1.0, 0.0]
