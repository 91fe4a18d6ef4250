"""Training on varied texts and on neutral sentences, from a recipe to a version."""

from pathlib import Path

import pytest

from model_store import Store
from tests.sample_reviews import TINY_RECIPE, write_jsonl
from tests.training.interrupting import interrupt_after_an_epoch
from training.__main__ import main

AUGMENTED = (
    TINY_RECIPE.replace("[tokenizer]", "[tokenizer]\nnum_pieces = 50\ntext_rules = 2")
    + """
[augmentation]
end_mark = 0.3
name = 0.2
typo = 0.2
pieces = 0.1
num_neutral = 40
"""
)


def recipe(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "augmented.toml"
    path.write_text(text, encoding="utf-8")
    return path


def fit(folder: Path, recipe: Path, reviews: Path, *extra: str) -> int:
    where = ["--run-folder", str(folder / "run"), "--store", str(folder / "store"), "--device", "cpu"]
    return main(["fit", "--recipe", str(recipe), "--train", str(reviews), *where, *extra])


def test_a_resumed_run_sees_the_same_variations(
    tmp_path: Path, tiny_reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = recipe(tmp_path, AUGMENTED.replace("epochs = 3", "epochs = 12"))
    options = ["--recipe", str(long), "--train", str(tiny_reviews), "--store", str(tmp_path / "store")]
    interrupt_after_an_epoch(tmp_path / "run", *options)
    assert main(["fit", "--resume", str(tmp_path / "run")]) == 0
    assert fit(tmp_path / "whole", long, tiny_reviews) == 0
    assert "40 neutral sentences to train on as well" in capsys.readouterr().out
    resumed = Store(tmp_path / "store").manifest("reviews", 1)
    whole = Store(tmp_path / "whole" / "store").manifest("reviews", 1)
    assert resumed.files == whole.files
    [neutral] = [part for part in whole.data if part.source == "generated neutral sentences"]
    assert (neutral.num_reviews, neutral.label_counts) == (40, {})


def test_each_ingredient_trains_another_network(tmp_path: Path, tiny_reviews: Path) -> None:
    weights = set()
    lines = ("", "end_mark = 0.3", "typo = 0.3", "num_neutral = 40")
    for number, line in enumerate(lines):
        path = recipe(tmp_path, f"{TINY_RECIPE}\n[augmentation]\n{line}\n")
        assert fit(tmp_path / str(number), path, tiny_reviews) == 0
        store = Store(tmp_path / str(number) / "store")
        weights.add(store.manifest("reviews", 1).files["model.safetensors"].sha256)
    assert len(weights) == len(lines)


def test_an_empty_table_trains_what_no_table_trains(
    tmp_path: Path, tiny_reviews: Path, tiny_store: Path
) -> None:
    assert fit(tmp_path, recipe(tmp_path, f"{TINY_RECIPE}\n[augmentation]\nname = 0.0\n"), tiny_reviews) == 0
    files = [Store(root).manifest("reviews", 1).files for root in (tmp_path / "store", tiny_store)]
    assert files[0]["model.safetensors"] == files[1]["model.safetensors"]


def test_pieces_need_a_tokenizer_that_has_some(
    tmp_path: Path, tiny_reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        fit(tmp_path, recipe(tmp_path, f"{TINY_RECIPE}\n[augmentation]\npieces = 0.1\n"), tiny_reviews) == 1
    )
    assert "augmentation.pieces" in capsys.readouterr().err


def test_neutral_sentences_are_for_two_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"text": f"thing {index}", "label": ("poor", "fair", "good")[index % 3]} for index in range(60)]
    path = recipe(tmp_path, f"{TINY_RECIPE}\n[augmentation]\nnum_neutral = 10\n")
    assert fit(tmp_path, path, write_jsonl(tmp_path / "stars.jsonl", rows)) == 1
    assert "augmentation.num_neutral is 10" in capsys.readouterr().err
