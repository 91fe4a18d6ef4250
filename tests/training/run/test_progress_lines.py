"""What a run says during long work without a terminal, by a clock that the tests move."""

import io
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.sample_reviews import TINY_RECIPE
from training.__main__ import main
from training.run import progress_lines
from training.run.progress_lines import ProgressLines, ReportedTexts, in_parts

MORE_STAGES = """\
[vectors]
epochs = 1

[language_model]
num_noise = 16

[language_model.fitting]
epochs = 1
batch_reviews = 16
learning_rate = 1e-3

[distillation]
linear_teacher = true
"""


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


def test_long_work_is_reported_in_hours() -> None:
    assert lines_of(3606)[0] == "classifier: step 6 of 3,606, 0.10 steps a second, 10.0 h left"


def test_the_rate_of_a_resumed_stage_counts_its_own_steps() -> None:
    assert lines_of(1012, num_done=1000)[0].startswith("classifier: step 1,006 of 1,012, 0.10 steps a second")


def test_a_terminal_has_a_bar_instead() -> None:
    assert lines_of(100, enabled=False) == []


def test_work_that_stands_still_is_reported() -> None:
    clock, lines = Clock(), list[str]()
    progress = ProgressLines("classifier", 10, lines.append, num_done=4, enabled=True, clock=clock)
    clock.seconds += 61
    progress.update(4)
    assert lines == ["classifier: step 4 of 10, no step in the last minute"]


def test_texts_are_counted_over_all_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_lines, "_INTERVAL_SECONDS", 0.0)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    lines: list[str] = []
    texts = ReportedTexts(["a", "b"], "word vectors", lines.append, num_passes=2)
    assert [list(texts), list(texts)] == [["a", "b"], ["a", "b"]]
    said = [line.split(",")[0] for line in lines]
    assert said == [f"word vectors: text {num_done} of 4" for num_done in (1, 2, 3, 4)]


def test_parts_hold_each_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_lines, "_INTERVAL_SECONDS", 0.0)
    monkeypatch.setattr(progress_lines, "_PART_TEXTS", 2)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    lines: list[str] = []
    assert list(in_parts(["a", "b", "c"], "teacher", lines.append)) == [["a", "b"], ["c"]]
    assert [line.split(",")[0] for line in lines] == ["teacher: text 2 of 3", "teacher: text 3 of 3"]


def test_fit_without_a_terminal_says_it_of_each_stage(
    tmp_path: Path,
    tiny_reviews: Path,
    tiny_store: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress_lines, "_INTERVAL_SECONDS", 0.0)
    store = shutil.copytree(tiny_store, tmp_path / "store")
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(f"{TINY_RECIPE}\n{MORE_STAGES}", encoding="utf-8")
    reviews = ["--train", str(tiny_reviews), "--test", str(tiny_reviews)]
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(store), "--device", "cpu"]
    assert main(["fit", "--recipe", str(recipe), *reviews, *where, "--teacher", "reviews@1"]) == 0
    lines = re.findall(
        r"^(.+): (?:step|text) [\d,]+ of [\d,]+, .+ left$", capsys.readouterr().out, re.MULTILINE
    )
    said = Counter(lines)
    assert said["classifier"] == 3 * 15
    assert list(said) == [
        "word vectors",
        "teacher reviews@1",
        "teacher linear",
        "language_model",
        "classifier",
        "calibration",
        "validation",
        "test",
        "near-duplicates, train",
        "near-duplicates, validation",
        "near-duplicates, test",
    ]
