"""Teachers: what they say, how it is mixed with labels, and a network that learns from them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from model_store import Store
from tests.sample_reviews import TINY_RECIPE, made_up_reviews, write_jsonl
from tests.training.interrupting import interrupt_after_an_epoch
from training.__main__ import main
from training.evaluation.calibration import soften
from training.run.dataset import read_dataset
from training.run.distillation import (
    distillation_targets,
    probabilities_of_labels,
    soft_targets,
)
from training.run.linear_teacher import LinearTeacher
from training.run.nb_svm import LinearModel
from training.run.run import Run
from training.soft_targets.version import VersionTeacher

UNSEEN = ["I loved it! Two hours long.", "I hated it! Two hours long."]


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    """Texts without labels, each of them another than those of the reviews."""
    rows = [{"text": f"{row['text']} Seen twice."} for row in made_up_reviews()[:40]]
    return write_jsonl(tmp_path / "unlabelled.jsonl", rows)


def distilled(
    tmp_path: Path, tiny_store: Path, tiny_reviews: Path, *extra: str, distillation: str = ""
) -> Run:
    recipe = tmp_path / "distilled.toml"
    recipe.write_text(f"{TINY_RECIPE}\n[distillation]\n{distillation}\n", encoding="utf-8")
    what = ["--recipe", str(recipe), "--teacher", "reviews@1", "--base-store", str(tiny_store)]
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store"), "--device", "cpu"]
    assert main(["fit", *what, "--train", str(tiny_reviews), *where, *extra]) == 0
    return Run.open(tmp_path / "run")


def test_a_network_learns_from_teachers_and_says_who_they_were(
    tmp_path: Path, tiny_store: Path, tiny_reviews: Path, unlabelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = distilled(tmp_path, tiny_store, tiny_reviews, "--unlabelled", str(unlabelled))
    said = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("teachers"))
    assert said.startswith("teachers on validation: reviews@1 ")
    assert ", linear " in said
    assert ", together " in said
    targets = run.soft_targets()
    assert targets is not None
    assert targets.shape == (len(read_dataset(run.plan).split.train) + 40, 2)
    manifest = Store(tmp_path / "store").manifest("reviews", 1)
    teacher = Store(tiny_store).manifest("reviews", 1).files["model.safetensors"].sha256
    assert manifest.recipe["teachers"] == [{"version": "reviews@1", "weights_sha256": teacher}]
    card = Store(tmp_path / "store").load("reviews", device="cpu").card
    assert f"* `reviews@1`, SHA-256 of its weights `{teacher}`\n* a linear model" in card


def test_labels_and_soft_targets_are_mixed_by_their_weight(
    tmp_path: Path, tiny_store: Path, tiny_reviews: Path, unlabelled: Path
) -> None:
    run = distilled(
        tmp_path,
        tiny_store,
        tiny_reviews,
        "--unlabelled",
        str(unlabelled),
        distillation="label_weight = 0.25",
    )
    dataset = read_dataset(run.plan)
    said = soft_targets(run, dataset, print)
    mixed = distillation_targets(dataset, said, label_weight=0.25)
    targets = said.targets_NL
    num_reviews = len(dataset.split.train)
    labels_NL = np.eye(2)[dataset.labels.indices(dataset.split.train)]
    expected = 0.25 * labels_NL + 0.75 * targets[:num_reviews]
    torch.testing.assert_close(mixed.targets_NL[:num_reviews], torch.from_numpy(expected).float())
    assert torch.equal(mixed.targets_NL[num_reviews:], torch.from_numpy(targets[num_reviews:]))
    assert len(mixed.texts) == len(targets)


def test_teachers_can_go_without_the_linear_one(
    tmp_path: Path, tiny_store: Path, tiny_reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = distilled(tmp_path, tiny_store, tiny_reviews, distillation="linear_teacher = false")
    assert "linear" not in capsys.readouterr().out
    texts, targets = [review.text for review in read_dataset(run.plan).split.train], run.soft_targets()
    assert targets is not None
    alone = VersionTeacher(Store(tiny_store).load("reviews@1", device="cpu"))
    np.testing.assert_allclose(targets, alone.probabilities(texts), atol=1e-6)


def test_a_teacher_speaks_of_labels_in_the_order_asked_for(tiny_store: Path) -> None:
    teacher = VersionTeacher(Store(tiny_store).load("reviews@1", device="cpu"))
    rows = probabilities_of_labels(teacher, UNSEEN, ["positive", "negative"])
    assert rows[0, 0] > 0.5 > rows[1, 0]
    np.testing.assert_allclose(rows.sum(1), 1.0)


def test_a_teacher_of_other_labels_is_refused(
    tmp_path: Path, tiny_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"text": f"thing {index}", "label": ("poor", "fair", "good")[index % 3]} for index in range(60)]
    reviews = write_jsonl(tmp_path / "stars.jsonl", rows)
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY_RECIPE, encoding="utf-8")
    what = ["--recipe", str(recipe), "--teacher", "reviews@1", "--base-store", str(tiny_store)]
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store"), "--device", "cpu"]
    assert main(["fit", *what, "--train", str(reviews), *where]) == 1
    assert "the teacher reviews@1 has negative, positive: name another teacher" in capsys.readouterr().err


def test_a_network_can_be_its_own_teachers_copy(
    tmp_path: Path, tiny_store: Path, tiny_reviews: Path, unlabelled: Path
) -> None:
    extra = ["--from", "reviews@1", "--unlabelled", str(unlabelled)]
    run = distilled(tmp_path, tiny_store, tiny_reviews, *extra)
    assert run.plan.base == run.plan.teachers[0]
    assert run.soft_targets() is not None


def test_a_resumed_run_does_not_ask_again_and_ends_as_an_uninterrupted_one(
    tmp_path: Path, tiny_store: Path, tiny_reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "long.toml"
    recipe.write_text(TINY_RECIPE.replace("epochs = 3", "epochs = 40"), encoding="utf-8")
    what = ["--recipe", str(recipe), "--train", str(tiny_reviews), "--base-store", str(tiny_store)]
    options = [*what, "--teacher", "reviews@1", "--store", str(tmp_path / "store")]
    interrupt_after_an_epoch(tmp_path / "run", *options)
    assert main(["fit", "--resume", str(tmp_path / "run")]) == 0
    assert "teachers" not in capsys.readouterr().out
    assert main(["fit", "--run-folder", str(tmp_path / "whole"), "--device", "cpu", *options]) == 0
    manifests = [Store(tmp_path / "store").manifest("reviews", version) for version in (1, 2)]
    assert manifests[0].files["model.safetensors"] == manifests[1].files["model.safetensors"]


def test_the_linear_teacher_is_right_and_surer_than_the_model_it_was_fitted_as(
    tmp_path: Path, tiny_store: Path, tiny_reviews: Path
) -> None:
    dataset = read_dataset(distilled(tmp_path, tiny_store, tiny_reviews).plan)
    train = dataset.split.train
    rows = LinearTeacher(dataset.split, dataset.labels).probabilities(UNSEEN)
    raw = LinearModel([review.text for review in train], dataset.labels.indices(train), num_labels=2)
    assert rows.argmax(1).tolist() == [1, 0]
    # All held-out reviews are predicted correctly, so calibration can only raise the confidence.
    assert (rows.max(1) > raw.probabilities(UNSEEN).max(1)).all()


def test_the_linear_model_knows_words_in_a_row() -> None:
    texts = ["not good", "not bad", "good, not dull", "bad, not fun"] * 5
    model = LinearModel(texts, [0, 1, 1, 0] * 5, num_labels=2)
    assert model.probabilities(["not good", "not bad"]).argmax(1).tolist() == [0, 1]


def test_the_linear_model_tells_any_number_of_labels() -> None:
    words = ["awful", "fair", "superb"]
    texts = [f"{word} film {number}" for number in range(6) for word in words]
    rows = LinearModel(texts, [0, 1, 2] * 6, num_labels=3).probabilities(words)
    assert rows.argmax(1).tolist() == [0, 1, 2]
    np.testing.assert_allclose(rows.sum(1), 1.0, atol=1e-6)


def test_probabilities_at_another_temperature_are_those_of_the_divided_logits() -> None:
    logits = np.array([[2.0, -1.0, 0.5]])
    softmax = np.exp(logits) / np.exp(logits).sum()
    expected = np.exp(logits / 3) / np.exp(logits / 3).sum()
    np.testing.assert_allclose(soften(softmax, 3.0), expected)


def test_the_plan_of_a_distilled_run_is_kept(tmp_path: Path, tiny_store: Path, tiny_reviews: Path) -> None:
    run = distilled(tmp_path, tiny_store, tiny_reviews)
    kept = json.loads((run.folder / "plan.json").read_text(encoding="utf-8"))
    assert [teacher["version"] for teacher in kept["teachers"]] == [1]
