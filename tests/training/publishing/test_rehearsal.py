"""What publishing would refuse is refused before anything is trained, and leaves nothing behind."""

from pathlib import Path

import pytest

from model_store import Store
from tests.sample_reviews import made_up_reviews, write_jsonl
from training.__main__ import main


def fit(reviews: Path, recipe: Path, folder: Path, **options: str) -> int:
    paths = {"run-folder": str(folder / "run"), "store": str(folder / "store")} | options
    arguments = [word for name, value in paths.items() for word in (f"--{name}", value)]
    return main(["fit", "--recipe", str(recipe), "--device", "cpu", "--train", str(reviews), *arguments])


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"model": "My model"}, "'My model' is not a valid model name"),
        ({"model": "../reviews"}, "'../reviews' is not a valid model name"),
        ({"store": "{folder}/file"}, "is a file: give the folder of the model store"),
        ({"store": "{folder}/file/store"}, "Not a directory"),
        ({"store": "s3://bucket/models"}, "only folders are supported"),
    ],
)
def test_a_name_or_a_store_that_cannot_be_is_refused_before_training(
    tmp_path: Path,
    tiny_reviews: Path,
    tiny_recipe: Path,
    capsys: pytest.CaptureFixture[str],
    options: dict[str, str],
    problem: str,
) -> None:
    (tmp_path / "file").touch()
    options = {name: value.format(folder=tmp_path) for name, value in options.items()}
    assert fit(tiny_reviews, tiny_recipe, tmp_path, **options) == 1
    assert problem in capsys.readouterr().err
    assert files_in(tmp_path) <= {"file", "run", "run/id", "run/plan.json", "run/threads"}


@pytest.mark.parametrize("label", ["so\nso", "so\u2028so"])
def test_a_label_that_no_manifest_can_have_is_refused_before_training(
    tmp_path: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str], label: str
) -> None:
    rows = [row | {"label": label if row["label"] else "fine"} for row in made_up_reviews()]
    assert fit(write_jsonl(tmp_path / "reviews.jsonl", rows), tiny_recipe, tmp_path) == 1
    assert "is no name: write it in one line" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["back\\slash.jsonl", "new\nline.jsonl"])
def test_a_file_that_no_manifest_can_name_is_refused_before_training(
    tmp_path: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    paths = [write_jsonl(tmp_path / file, made_up_reviews()) for file in ("other.jsonl", name)]
    arguments = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store")]
    train = ["--train", *map(str, paths)]
    assert main(["fit", "--recipe", str(tiny_recipe), "--device", "cpu", *train, *arguments]) == 1
    output = capsys.readouterr()
    assert "cannot be published" in output.err
    assert "classifier: epoch" not in output.out


def test_a_test_file_with_a_label_that_is_not_trained_is_refused_before_training(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = write_jsonl(tmp_path / "test.jsonl", [{"text": "So so.", "label": "neutral"}])
    assert fit(tiny_reviews, tiny_recipe, tmp_path, test=str(test)) == 1
    output = capsys.readouterr()
    assert "the label 'neutral' is none of 'negative', 'positive'" in output.err
    assert "classifier: epoch" not in output.out


def test_labels_that_are_hard_to_show_are_published(tmp_path: Path, tiny_recipe: Path) -> None:
    names = {0: "中立 %s {x} $\\frac{", 1: "😀 <b>good</b> | `x`"}
    rows = [row | {"label": names[int(str(row["label"]))]} for row in made_up_reviews()]
    assert fit(write_jsonl(tmp_path / "reviews.jsonl", rows), tiny_recipe, tmp_path) == 0
    assert set(Store(tmp_path / "store").load("reviews@1").classifier.labels) == set(names.values())
