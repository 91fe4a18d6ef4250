"""`python -m experiments.names` prints a row for the version as it is and for each change."""

import re
from pathlib import Path

import pytest

from experiments.names import converted, main
from model_store import Store
from tests.sample_reviews import TINY_RECIPE, made_up_reviews, write_jsonl
from training.__main__ import main as training


def test_the_table_has_a_row_for_each_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        row | {"text": f"{row['text']} It is by Carlos, by Omar and by Lars."} for row in made_up_reviews()
    ]
    reviews = write_jsonl(tmp_path / "named.jsonl", rows)
    recipe = tmp_path / "pieces.toml"
    recipe.write_text(TINY_RECIPE.replace("[tokenizer]", "[tokenizer]\nnum_pieces = 50"), encoding="utf-8")
    store, run = tmp_path / "store", tmp_path / "run"
    where = ["--store", str(store), "--run-folder", str(run), "--train", str(reviews), "--device", "cpu"]
    assert training(["fit", "--recipe", str(recipe), *where]) == 0
    capsys.readouterr()
    main(["--base", "reviews@1", "--store", str(store), "--train", str(reviews), str(reviews)])
    header, _, *lines = capsys.readouterr().out.splitlines()
    assert header.endswith("| label changes by a typo | accuracy, named | accuracy, named 2 |")
    cells = [line.strip("| ").split(" | ") for line in lines]
    names = ["as it is", "names with one vector", "beginnings of their own", "both"]
    assert [row[0] for row in cells] == names
    assert all(re.fullmatch(r"\d\.\d\d, \d\.\d\d", cell) for row in cells for cell in row[1:4])
    assert all(re.fullmatch(r"\d+\.\d\d%", cell) for row in cells for cell in row[4:])
    version = Store(store).load("reviews@1", device="cpu")
    tied = converted(version, version.classifier.tokenizer, frozenset({"carlos", "omar"}))
    carlos, omar, lars = tied.predict([f"It is by {name}." for name in ("Carlos", "Omar", "Lars")])
    assert carlos.probabilities == omar.probabilities != lars.probabilities
