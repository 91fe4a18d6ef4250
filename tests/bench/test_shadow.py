"""`bench/shadow.py`, in short, and what it holds against the promises."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.shadow import HIGH, LOW, LoadFigures, find_faults

ROOT = Path(__file__).parents[2]


@pytest.mark.xdist_group("several processes")
def test_it_prints_both_loads_without_and_with_a_shadow(tiny_store: Path) -> None:
    command = [sys.executable, "-m", "bench.shadow", "--model", "reviews", "--store", str(tiny_store)]
    ended = subprocess.run(
        [*command, "--seconds", "0.3", "--rounds", "1"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    # The figures of a moment say nothing, so either status may be.
    assert ended.returncode == (1 if ended.stderr else 0)
    assert all(line.startswith("error: ") for line in ended.stderr.splitlines())
    _, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in ended.stdout.splitlines())
    assert [row[:2] for row in rows] == [["0.25", "none"], ["0.25", "all"], ["2", "none"], ["2", "all"]]
    assert [row[2] for row in rows[::2]] == ["1.00", "1.00"]
    assert rows[0][5] == "0%"
    assert rows[1][5] != "0%"


def test_what_is_worse_than_promised_is_named() -> None:
    good = LoadFigures(
        share=LOW, is_shadowed=False, p50_ms=10, p99_ms=20, good_per_second=100, compared_ratio=0
    )
    loads = [
        good,
        replace(good, is_shadowed=True, p50_ms=11, p99_ms=30, compared_ratio=0.5),
        replace(good, share=HIGH),
        replace(good, share=HIGH, is_shadowed=True, p50_ms=99, p99_ms=99, good_per_second=97),
    ]
    assert find_faults(loads) == []
    loads[1] = replace(loads[1], p50_ms=11.1, p99_ms=30.1, compared_ratio=0.49)
    loads[3] = replace(loads[3], good_per_second=96.9)
    assert len(find_faults(loads)) == 4
