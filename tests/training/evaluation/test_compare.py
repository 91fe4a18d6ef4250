"""`python -m training compare` on versions that were really trained."""

import json
from pathlib import Path

import pytest

from model_store import Draft, Store
from tests.sample_reviews import TINY_RECIPE, made_up_reviews, write_jsonl
from training.__main__ import main

pytestmark = pytest.mark.xdist_group("comparison")


@pytest.fixture(scope="module")
def weak_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with `reviews`, version 1, of the same labels, that has learned next to nothing."""
    folder = tmp_path_factory.mktemp("weak")
    return train(folder, TINY_RECIPE.replace("1e-2", "1e-12"), made_up_reviews())


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_jsonl(tmp_path_factory.mktemp("test") / "test.jsonl", made_up_reviews()[::3])


def train(folder: Path, recipe: str, reviews: list[dict[str, object]]) -> Path:
    (folder / "recipe.toml").write_text(recipe, encoding="utf-8")
    train = str(write_jsonl(folder / "reviews.jsonl", reviews))
    where = ["--store", str(folder / "store"), "--run-folder", str(folder / "run"), "--device", "cpu"]
    assert main(["fit", "--recipe", str(folder / "recipe.toml"), "--train", train, *where]) == 0
    return folder / "store"


def compare(test: Path, *options: str) -> int:
    return main(["compare", *options, "--test", str(test), "--device", "cpu"])


def test_both_versions_have_the_figures_that_evaluate_gives_them(
    tiny_store: Path, weak_store: Path, labelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = []
    for store in (weak_store, tiny_store):
        capsys.readouterr()
        command = ["evaluate", "--store", str(store), "--test", str(labelled), "--device", "cpu", "--json"]
        assert main(command) == 0
        figures.append(json.loads(capsys.readouterr().out)["figures"])
    stores = ["--store", str(weak_store), "--other-store", str(tiny_store)]
    assert compare(labelled, "reviews@1", "reviews@production", *stores, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert [report["a_figures"], report["b_figures"]] == figures
    assert (report["a"], report["b"]) == ("reviews@1", "reviews@1")
    assert (report["a_store"], report["b_store"]) == (str(weak_store), str(tiny_store))
    assert report["differences"].pop("mae") is report["differences"].pop("within_one") is None
    for name, difference in report["differences"].items():
        assert difference == pytest.approx(figures[1][name] - figures[0][name]), name
    paired = report["paired"]
    total = sum(count for name, count in paired.items() if name.endswith("_right"))
    assert total == report["a_figures"]["num_reviews"] == 84
    assert paired["accuracy_difference"] == pytest.approx(report["differences"]["accuracy"])
    assert paired["interval"][0] > 0
    assert paired["b_better_ratio"] == 1.0


def test_a_version_and_itself_differ_by_nothing(
    tiny_store: Path, labelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(labelled, "reviews@1", "reviews@1", "--store", str(tiny_store)) == 0
    output = capsys.readouterr().out
    assert "only A right           0    0.00%" in output
    assert "accuracy, B - A: +0.00 points, 95% interval +0.00 to +0.00" in output
    assert "B is better in 0.00% of 10,000" in output
    assert "p = 1" in output


def test_the_table_has_a_line_for_every_figure_with_its_difference(
    tiny_store: Path, weak_store: Path, labelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stores = ["--store", str(tiny_store), "--other-store", str(weak_store)]
    assert compare(labelled, "reviews", "reviews", *stores) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"A  reviews@1 in {tiny_store}", f"B  reviews@1 in {weak_store}"]
    table = {line.split()[0].strip(","): line.split()[-3:] for line in lines[5:11]}
    assert list(table) == ["accuracy", "f1", "auc", "ece", "nll", "brier"]
    reviews = [json.loads(line) for line in labelled.read_text(encoding="utf-8").splitlines()]
    classifiers = [Store(store).load("reviews", "cpu").classifier for store in (tiny_store, weak_store)]
    hits = [
        sum(
            (prediction.label == "positive") == bool(review["label"])
            for prediction, review in zip(
                classifier.predict([review["text"] for review in reviews]), reviews, strict=True
            )
        )
        for classifier in classifiers
    ]
    a, b = (100 * count / len(reviews) for count in hits)
    assert table["accuracy"] == [f"{a:.2f}", f"{b:.2f}", f"{b - a:+.2f}"]


def test_versions_of_different_labels_are_refused_in_one_line(
    tmp_path: Path, tiny_store: Path, labelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row | {"label": "good" if row["label"] else "bad"} for row in made_up_reviews()]
    other = train(tmp_path, TINY_RECIPE, rows)
    capsys.readouterr()
    stores = ["--store", str(tiny_store), "--other-store", str(other)]
    assert compare(labelled, "reviews@1", "reviews@1", *stores) == 1
    errors = capsys.readouterr().err
    assert errors == (
        "error: the versions have different labels: reviews@1 has negative, positive; "
        "reviews@1 has bad, good\n"
    )


def test_labels_in_another_order_are_matched_by_name(
    tmp_path: Path, labelled: Path, tiny_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The same weights under labels that stand the other way round: right where the first is wrong.
    store = exchange_labels(tiny_store / "reviews" / "1", tmp_path / "store")
    stores = ["--store", str(tiny_store), "--other-store", str(store)]
    assert compare(labelled, "reviews@1", "reviews@1", *stores, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["labels"] == ["negative", "positive"]
    assert report["paired"]["num_both_right"] == report["paired"]["num_neither_right"] == 0
    assert report["b_figures"]["auc"] == pytest.approx(1 - report["a_figures"]["auc"])


def exchange_labels(version: Path, root: Path) -> Path:
    """Publish a version again with its labels in the other order."""
    store = Store(version.parent.parent)
    manifest = store.manifest("reviews", 1)
    payload = {path: (version / path).read_bytes() for path in manifest.files}
    Store(root).publish(
        Draft(
            model="reviews",
            labels=manifest.labels[::-1],
            network=manifest.network,
            tokenizer=manifest.tokenizer,
            temperature=manifest.temperature,
            recipe=manifest.recipe,
            data=manifest.data,
            evaluation=manifest.evaluation,
            reference=manifest.reference,
            libraries=manifest.libraries,
            payload=payload,
        )
    )
    return root
