from dataclasses import fields, replace

from model_store import FIGURES, Evaluation, defined_figures
from tests.model_store.drafts import EVALUATION


def test_every_figure_is_a_field_with_its_name_and_format() -> None:
    assert set(FIGURES) == {each.name for each in fields(Evaluation)} - {"num_reviews", "confusion"}
    assert FIGURES["accuracy"].text(0.92716) == "92.72%"
    assert FIGURES["f1"].text(0.92716) == "0.9272"


def test_a_figure_that_is_not_defined_is_a_dash() -> None:
    assert FIGURES["auc"].text(None) == "-"
    assert FIGURES["auc"].text(None, missing="") == ""


def test_figures_of_stars_follow_accuracy_where_there_are_any() -> None:
    plain = [figure.title for figure, _ in defined_figures(EVALUATION)]
    assert plain == ["accuracy", "F1", "AUC", "ECE", "NLL", "Brier"]
    stars = replace(EVALUATION, auc=None, mae=0.25, within_one=0.9)
    assert [(figure.title, value) for figure, value in defined_figures(stars)][:3] == [
        ("accuracy", 0.8),
        ("MAE", 0.25),
        ("within one", 0.9),
    ]
    assert "AUC" not in [figure.title for figure, _ in defined_figures(stars)]
