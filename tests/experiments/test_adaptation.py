"""`python -m experiments.adaptation` prints a table and nothing else, on any file of its layout."""

import json
import lzma
import re
from pathlib import Path

import pytest

from experiments.adaptation import main
from tests.sample_reviews import made_up_reviews


def test_the_table_has_a_row_for_each_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        row | {"split": ("train", "test")[index % 5 == 0], "movie": None}
        for index, row in enumerate(made_up_reviews())
    ]
    path = tmp_path / "reviews.jsonl.xz"
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    main([str(path), "--base", "reviews-small", "--adapt", "30", "--scratch", "40"])
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[:2] == ["| model | own reviews | accuracy | ECE | processor time |", "|---|---|---|---|---|"]
    assert lines[2].startswith("| the base as it is | 0 | ")
    figures = r"\d+\.\d\d% \| \d+\.\d\d% \| \d+ s \|"
    assert re.fullmatch(rf"\| adapted \| 30 \| {figures}", lines[3])
    assert re.fullmatch(rf"\| from scratch \| 40 \| {figures}", lines[4])
    assert len(lines) == 5
    assert "starting from reviews-small@" in captured.err
