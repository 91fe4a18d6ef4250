"""Invariance as `probe` prints it and as a version carries it."""

import json
from pathlib import Path

import pytest

from model_store import Store
from tests.sample_reviews import made_up_reviews, write_jsonl
from tests.training.evaluation.probing.word_sums import word_sums
from training.__main__ import main
from training.evaluation.invariance import invariance_lines, measure_invariance


def test_the_table_names_the_widest_sentence() -> None:
    lines = invariance_lines(measure_invariance(word_sums({"mohammed": -1.0, "lars": 1.0}), ["a film"]))
    assert lines[0].endswith("in 24 neutral sentences:")
    [names] = [line for line in lines if line.startswith("names")]
    assert "Mohammed 0." in names
    assert "Lars 0." in names
    [changed] = [line for line in lines if line.startswith("web address")]
    assert changed.split() == ["web", "address", "1", "0.00%"]


def test_other_labels_have_no_spread_but_label_changes() -> None:
    report = measure_invariance(word_sums({"a": 1.0}, labels=("bad", "good")), ["a film"])
    assert report.spread == ()
    assert "not measured" in invariance_lines(report)[0]
    assert report.label_changes["typo"].num_reviews == 1


def test_a_published_version_carries_what_probe_prints(
    tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version = Store(tiny_store).load("reviews", device="cpu")
    figures = version.manifest.invariance
    assert figures is not None
    assert version.manifest.schema_version == 3
    assert figures.label_changes["typo"].num_reviews == version.manifest.evaluation["validation"].num_reviews
    for name, spread in figures.spread.items():
        assert (
            f"| {name} | {spread.num_words} | 8 | {spread.largest:.3f} | {spread.mean:.3f} |" in version.card
        )
    for name, changes in figures.label_changes.items():
        assert f"| {name} | {changes.num_reviews} | {changes.change_ratio:.2%} |" in version.card
    reviews = write_jsonl(tmp_path / "reviews.jsonl", made_up_reviews())
    assert main(["probe", "--store", str(tiny_store), "--reviews", str(reviews), "--device", "cpu"]) == 0
    output = capsys.readouterr().out
    for name, spread in figures.spread.items():
        assert f"\n{name}" in output
        assert f"{spread.largest:.3f}" in output
    assert "\nlabel changes by" in output
    assert main(["probe", "--store", str(tiny_store), "--json", "--device", "cpu"]) == 0
    found = json.loads(capsys.readouterr().out)["invariance"]
    assert [group["name"] for group in found["spread"]] == ["names", "places", "identity words"]
    assert found["label_changes"] == {}
