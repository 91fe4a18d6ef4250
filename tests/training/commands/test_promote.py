"""`python -m training promote` on versions that were really trained."""

import json
import shutil
from pathlib import Path

import pytest

from model_store import Store
from tests.sample_reviews import TINY_RECIPE, made_up_reviews, write_jsonl
from training.__main__ import main


@pytest.fixture
def store(tiny_store: Path, tmp_path: Path) -> Store:
    """A store whose live version is good, and whose second one has learned next to nothing."""
    root = tmp_path / "store"
    shutil.copytree(tiny_store, root)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(TINY_RECIPE.replace("1e-2", "1e-12"), encoding="utf-8")
    reviews = write_jsonl(tmp_path / "reviews.jsonl", made_up_reviews())
    where = ["--store", str(root), "--run-folder", str(tmp_path / "run"), "--device", "cpu"]
    assert main(["fit", "--recipe", str(recipe), "--train", str(reviews), *where]) == 0
    return Store(root)


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "test.jsonl", made_up_reviews()[::3])


def promote(store: Store, labelled: Path, reference: str, *options: str) -> int:
    where = ["--store", str(store.root), "--test", str(labelled), "--device", "cpu"]
    return main(["promote", reference, *where, *options])


def test_promotion(store: Store, labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [event.action for event in store.history("reviews")] == ["fit"]
    assert promote(store, labelled, "reviews@2") == 1
    refusal = capsys.readouterr().err
    assert refusal.startswith("error: reviews@2 does not become production: its accuracy is ")
    assert "points lower than that of reviews@1" in refusal
    assert store.aliases("reviews") == {"production": 1}

    assert promote(store, labelled, "reviews@2", "--force", "--why", "a rehearsal", "--json") == 0
    event = json.loads(capsys.readouterr().out)
    assert (event["from"], event["to"], event["why"]) == (1, 2, "a rehearsal")
    evidence = event["evidence"]
    assert (evidence["compared_with"], evidence["test"], evidence["num_reviews"]) == (
        "reviews@1",
        "test.jsonl",
        84,
    )
    assert evidence["forced"] is True
    low, high = evidence["accuracy_interval"]
    assert low <= evidence["accuracy_difference"] <= high < -0.1

    # Trained for three epochs, it passes fewer probes than one that only guesses.
    assert promote(store, labelled, "reviews@1", "--force", "--why", "back") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("accuracy: +")
    assert lines[-1] == "reviews@production: version 1 (before: 2)"
    assert promote(store, labelled, "reviews@1") == 0
    assert capsys.readouterr().out == "reviews@1 is live already\n"


@pytest.mark.parametrize("options", [["--force"], ["--max-drop", "2"], ["--max-drop", "nan"]])
def test_wrong_usage(tiny_store: Path, labelled: Path, options: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        promote(Store(tiny_store), labelled, "reviews@1", *options)
    assert end.value.code == 2
