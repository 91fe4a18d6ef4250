"""What a run says while it fits a network without a terminal, by a clock that the tests move."""

from pathlib import Path

import pytest

from tests.sample_reviews import TINY_RECIPE
from training.__main__ import main
from training.run import progress_lines
from training.run.progress_lines import ProgressLines


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def lines_of(num_steps: int, *, num_done: int = 0, enabled: bool = True) -> list[str]:
    """Take a step every ten seconds from `num_done` on, and return what is reported."""
    clock, lines = Clock(), list[str]()
    progress = ProgressLines(
        "classifier", num_steps, lines.append, num_done=num_done, enabled=enabled, clock=clock
    )
    for step in range(num_done + 1, num_steps + 1):
        clock.seconds += 10
        progress.update(step)
    return lines


def test_a_line_a_minute_says_how_far_it_is_and_how_long_it_takes() -> None:
    assert lines_of(20) == [
        "classifier: step 6 of 20, 0.10 steps a second, 2 min left",
        "classifier: step 12 of 20, 0.10 steps a second, 1 min left",
        "classifier: step 18 of 20, 0.10 steps a second, 1 min left",
    ]


def test_long_work_is_told_in_hours() -> None:
    assert lines_of(3606)[0] == "classifier: step 6 of 3,606, 0.10 steps a second, 10.0 h left"


def test_the_rate_of_a_resumed_stage_counts_its_own_steps() -> None:
    assert lines_of(1012, num_done=1000)[0].startswith("classifier: step 1,006 of 1,012, 0.10 steps a second")


def test_a_terminal_has_a_bar_instead() -> None:
    assert lines_of(100, enabled=False) == []


def test_work_that_stands_still_is_said_to() -> None:
    clock, lines = Clock(), list[str]()
    progress = ProgressLines("classifier", 10, lines.append, num_done=4, enabled=True, clock=clock)
    clock.seconds += 61
    progress.update(4)
    assert lines == ["classifier: step 4 of 10, no step in the last minute"]


def test_fit_without_a_terminal_says_it(
    tmp_path: Path, tiny_reviews: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_lines, "_INTERVAL_SECONDS", 0.0)
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY_RECIPE, encoding="utf-8")
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store"), "--device", "cpu"]
    assert main(["fit", "--recipe", str(recipe), "--train", str(tiny_reviews), *where]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("classifier: step ")]
    assert len(said) == 3 * 15
    assert said[-1].startswith("classifier: step 45 of 45, ")
