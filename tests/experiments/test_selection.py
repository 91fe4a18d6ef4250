"""`python -m experiments.selection` measures pairs of adaptations, and goes on from saved results."""

import re
from pathlib import Path

import numpy as np
import pytest

from experiments.selection import MeanInterval, PredictedReview, least_sure, main
from reviews import Review
from sentiment import Prediction
from tests.sample_reviews import made_up_reviews, write_jsonl

WORDS = " ".join(f"w{number}" for number in range(30))


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """Made-up reviews that are no near-duplicates of each other."""
    rows = [
        row | {"text": f"{row['text']} {' '.join(f'n{index}w{word}' for word in range(20))}"}
        for index, row in enumerate(made_up_reviews())
    ]
    return write_jsonl(tmp_path / "reviews.jsonl", rows)


def test_the_table_has_a_row_for_each_budget(
    tmp_path: Path, reviews: Path, tiny_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(reviews), "--base", "reviews@1", "--store", str(tiny_store), "--budgets", "90", "100"]
    command += ["--num-seeds", "2", "--results", str(tmp_path / "results.json"), "--validation"]
    main(command)
    first = capsys.readouterr().out
    main(command)  # from the results that the first call saved
    assert capsys.readouterr().out == first
    assert re.match(r"reviews@1 on 50 reviews: \d+\.\d\d%, ECE \d+\.\d\d%\n", first)
    signed = r"[+-]\d+\.\d\d"
    percent, interval = r"\d+\.\d\d%", rf"{signed} \({signed} to {signed}\)"
    cells = rf" \| {percent} \| {percent} \| {interval} \| {percent} \| {percent} \|$"
    assert re.findall(rf"^\| (\d+){cells}", first, re.MULTILINE) == ["90", "100"]
    assert re.search(rf"^all 4 pairs: {interval}$", first, re.MULTILINE)


def predicted(text: str, *probabilities: float) -> PredictedReview:
    by_label = {f"label {index}": value for index, value in enumerate(probabilities)}
    label = max(by_label, key=by_label.__getitem__)
    prediction = Prediction(
        label=label,
        confidence=by_label[label],
        probabilities=by_label,
        tokens=3,
        truncated=False,
        unknown_ratio=0.0,
    )
    return PredictedReview(review=Review(id=text, text=text, label=None, group=None), prediction=prediction)


def test_the_least_sure_reviews_come_first_and_near_duplicates_once() -> None:
    pool = [
        predicted("sure", 0.9, 0.05, 0.05),
        predicted(f"{WORDS} more", 0.5, 0.4, 0.1),
        predicted("ahead of two", 0.5, 0.25, 0.25),
        predicted(WORDS, 0.48, 0.47, 0.05),
    ]
    rng = np.random.default_rng(1)
    assert [each.review.text for each in least_sure(pool, 9, rng)] == [WORDS, "ahead of two", "sure"]
    assert [each.review.text for each in least_sure(pool, 2, rng)] == [WORDS, "ahead of two"]


def test_an_interval_is_that_of_students_t() -> None:
    found = MeanInterval.of([0.0, 0.01, 0.02, 0.03, 0.04])
    # t(0.975, 4) = 2.776445; the deviation is 0.0158114.
    assert found.mean == pytest.approx(0.02)
    assert found.margin == pytest.approx(2.776445 * 0.0158114 / 5**0.5, rel=1e-5)
    assert str(found) == "+2.00 (+0.04 to +3.96)"
