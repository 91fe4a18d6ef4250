"""Comparing two checkouts of the service."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.process import ROOT
from bench.serving.__main__ import main
from bench.serving.baseline import BaselinePlan, CaseComparison, compare, comparison_table
from bench.serving.cases import CASES
from bench.serving.errors import BenchError
from bench.serving.run import expected_answers
from bench.serving.workload import Workload
from tests.bench.serving.runs import figures


@pytest.mark.xdist_group("several processes")
def test_a_checkout_is_compared_with_one_that_is_the_same(tiny_reviews: Path, tmp_path: Path) -> None:
    workload = Workload.read(tiny_reviews)
    model, expected = expected_answers("reviews-small@production", workload)
    plan = BaselinePlan(
        baseline=ROOT,
        workload=workload,
        cases={"single-64": replace(CASES["single-64"], num_connections=2)},
        seconds=0.5,
        rounds=1,
        model=model,
        expected=expected,
        folder=tmp_path,
    )
    (comparisons,) = compare(plan)
    found = comparisons["single-64"]
    assert [
        len(ratios) for ratios in (found.to_baseline, found.baseline_to_itself, found.p99_to_baseline)
    ] == [1] * 3
    assert found.to_baseline[0] > 0
    servers = {path.parent.name for path in tmp_path.rglob("stdout")}
    assert servers == {"baseline", "this"}


def test_both_turns_of_a_side_count_and_the_baseline_is_held_against_itself() -> None:
    comparison = CaseComparison()
    comparison.add(figures(100, 20.0), figures(90, 10.0), figures(110, 10.0), figures(150, 30.0))
    comparison.add(figures(100, 20.0), figures(100, 20.0), figures(100, 20.0), figures(100, 20.0))
    comparison.add(figures(100, 20.0), figures(120, 20.0), figures(120, 20.0), figures(100, 20.0))
    assert comparison.to_baseline == [0.8, 1.0, 1.2]
    assert comparison.baseline_to_itself == [1.5, 1.0, 1.0]
    assert comparison.p99_to_baseline == [0.4, 1.0, 1.0]
    row = "| short-64 | 1.000 (0.800 to 1.200) | 1.000 (1.000 to 1.500) | 1.000 (0.400 to 1.000) |"
    assert row in comparison_table({"short-64": comparison})


@pytest.mark.parametrize("bad", [figures(0, None), replace(figures(100), num_failed=1)])
def test_a_turn_that_went_wrong_is_no_figure(bad: object) -> None:
    with pytest.raises(BenchError, match="no good answer"):
        CaseComparison().add(figures(100), bad, figures(100), figures(100))  # type: ignore[arg-type]  # of a parameter


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--baseline", "docs"], "docs is not a checkout"),
        (["--baseline", str(ROOT), "--cases", "single-64", "overload"], "only single-1, single-64"),
    ],
)
def test_what_cannot_be_compared_is_refused(tiny_reviews: Path, options: list[str], problem: str) -> None:
    with pytest.raises(SystemExit, match=problem):
        main([str(tiny_reviews), *options])
