"""`experiments/ablation.py` runs and draws every variant, and its write-up has a row for each."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.seed_spread import SeedSpread

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "experiments/ablation.md").read_text(encoding="utf-8")


def test_every_ingredient_is_measured_drawn_and_documented(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path
) -> None:
    command = [
        sys.executable,
        "-m",
        "experiments.ablation",
        str(tiny_reviews),
        "--unlabelled",
        str(tiny_reviews),
    ]
    command += ["--recipe", str(tiny_recipe), "--num-reviews", "76", "--num-texts", "40", "--num-seeds", "2"]
    command += ["--results", str(tmp_path / "results.json"), "--picture", str(tmp_path / "picture.png")]
    first, second = (
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout for _ in range(2)
    )
    assert rows(second) == rows(first)  # from the results that the first call saved
    names = re.findall(r"^\| ([a-z][^|]*?) \| \d+\.\d\d%", first, re.MULTILINE)
    assert len(names) > 20
    assert [name for name in names if f"| {name} |" not in DOCUMENT] == []
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_spread_is_the_interval_that_one_more_run_falls_into() -> None:
    spread = SeedSpread.of([0.80, 0.81, 0.82])
    # t(0.975, 2) = 4.302653; the deviation is 0.01.
    assert spread.margin == pytest.approx(4.302653 * 0.01 * (4 / 3) ** 0.5, rel=1e-6)
    assert spread.difference(0.83) == pytest.approx(0.02)
    assert not spread.outside(0.83)
    assert spread.outside(0.75)


def rows(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if line.startswith("|")]
