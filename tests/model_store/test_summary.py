from dataclasses import replace

import pytest

from model_store import Evaluation, Manifest, summary
from tests.model_store.drafts import EVALUATION, small_draft


def manifest(**evaluation: Evaluation) -> Manifest:
    draft = replace(small_draft(), evaluation=evaluation)
    return draft.manifest(version=3, created_at="2025-01-31T12:00:00Z")


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 << 20, "5.0 MiB"), (5 << 40, "5120.0 GiB")],
)
def test_format_size(size_bytes: int, text: str) -> None:
    assert summary.format_size(size_bytes) == text


def test_row() -> None:
    aliases = {"candidate": 4, "production": 3, "stable": 3}
    row = ("reviews", "3", "production, stable", "2025-01-31T12:00:00Z", "0.8000 (test)", "22 B")
    assert summary.row(manifest(test=EVALUATION), aliases) == row


def test_accuracy_is_that_which_says_most() -> None:
    worse = replace(EVALUATION, accuracy=0.7)
    cells = [
        summary.row(manifest(**evaluation), {})[4]
        for evaluation in (
            {"aged": worse, "validation": worse, "test": EVALUATION},
            {"aged": EVALUATION, "validation": worse},
            {"later": EVALUATION, "aged": worse},
            {},
        )
    ]
    assert cells == ["0.8000 (test)", "0.7000 (validation)", "0.7000 (aged)", "-"]


def test_table_has_its_columns_in_line() -> None:
    lines = summary.table([("a-long-name", "3", "-", "now", "-", "1 B"), ("b", "12", "x", "now", "-", "2 B")])
    head, first, second = lines.splitlines()
    assert head.index("VERSION") == first.index("3") == second.index("12")
    assert head.split() == ["MODEL", "VERSION", "ALIASES", "CREATED", "ACCURACY", "SIZE"]


def test_describe_has_everything_but_the_recipe() -> None:
    page = summary.describe(manifest(test=EVALUATION, other=replace(EVALUATION, auc=None)), {"production": 3})
    assert page.startswith("reviews@3\n")
    for part in (
        "aliases      production\n",
        "labels       negative, positive\n",
        "vocabulary_size 22",
        "max_tokens 16",
        "temperature  1.25\n",
        "torch 2.5",
        "test   accuracy 0.8000, F1 0.8000, AUC 0.9000, ECE 0.0100, NLL 0.4000, Brier 0.3000 on 10 reviews\n",
        "other  accuracy 0.8000, F1 0.8000, ECE",
        "\nprobes\n  negated praise  25.0% of 40 cases failed\n",
        "\nduplicates\n  test in train  3 of 10 reviews have a near-duplicate, 2 of them an exact copy\n",
        "runs         7 on these train reviews by then, this one included\n",
        "train: reviews.csv, 100 reviews (negative 50, positive 50), SHA-256 abab",
        "  model.safetensors             7 B\n",
    ):
        assert part in page
    assert "adam" not in page


def test_describe_leaves_out_what_is_not_there() -> None:
    page = summary.describe(replace(manifest(), probes={}, duplicates={}, num_runs=None), {})
    assert not any(word in page for word in ("probes", "duplicates", "runs"))


def test_describe_says_how_many_stars_predictions_are_off() -> None:
    stars = replace(EVALUATION, mae=0.25, within_one=0.9)
    assert "accuracy 0.8000, MAE 0.2500, within one 0.9000, F1" in summary.describe(manifest(test=stars), {})
