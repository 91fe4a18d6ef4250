"""`fit --soft-targets`: a network learns what files say of texts."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from model_store import Store
from tests.sample_reviews import TINY_RECIPE, made_up_reviews, write_jsonl
from training.__main__ import main
from training.learning.examples import TextTargets
from training.run.dataset import read_dataset
from training.run.distillation import distillation_targets, soft_targets
from training.run.run import Run
from training.soft_targets.row import digest_of

LABEL_WEIGHT = 0.25
UNLABELLED = [f"{row['text']} Seen twice." for row in made_up_reviews()[:40]]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A tiny recipe that learns from teachers."""
    path = tmp_path / "taught.toml"
    path.write_text(f"{TINY_RECIPE}\n[distillation]\nlabel_weight = {LABEL_WEIGHT}\n", encoding="utf-8")
    return path


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    """Texts without labels."""
    return write_jsonl(tmp_path / "unlabelled.jsonl", [{"text": text} for text in UNLABELLED])


def targets(path: Path, texts: Iterable[str], *, positive: float = 0.875) -> Path:
    rows = [
        {"sha256": digest_of(text), "teacher": "llm", "negative": 1 - positive, "positive": positive}
        for text in texts
    ]
    return write_jsonl(path, rows)


def fit(tmp_path: Path, recipe: Path, reviews: Path, *more: object) -> int:
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store"), "--device", "cpu"]
    return main(["fit", "--recipe", str(recipe), "--train", str(reviews), *where, *map(str, more)])


def learned_texts(tmp_path: Path) -> tuple[Run, TextTargets]:
    run = Run.open(tmp_path / "run")
    dataset = read_dataset(run.plan)
    said = soft_targets(run, dataset, print)
    return run, distillation_targets(dataset, said, run.plan.recipe.distillation.label_weight)


def test_texts_and_their_sentences_learn_from_a_file_and_the_version_names_it(
    tmp_path: Path, recipe: Path, tiny_reviews: Path, unlabelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = targets(tmp_path / "said.jsonl", [*UNLABELLED[:30], "The camera moves.", "It is set in Paris."])
    assert fit(tmp_path, recipe, tiny_reviews, "--unlabelled", unlabelled, "--soft-targets", said) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "said.jsonl: 32 soft targets by llm" in lines
    assert any("2 sentences of these texts have one" in line for line in lines)
    run, learned = learned_texts(tmp_path)
    dataset = read_dataset(run.plan)
    num_train = len(dataset.split.train)
    assert len(learned.texts) == num_train + 30 + 2  # ten unlabelled texts without a target are left out
    np.testing.assert_allclose(learned.targets_NL[num_train:].numpy(), [[0.125, 0.875]] * 32)
    manifest = Store(tmp_path / "store").manifest("reviews", 1)
    sha256 = run.plan.soft_targets[0].sha256
    assert manifest.recipe["soft_targets"] == [
        {"source": "said.jsonl", "sha256": sha256, "teachers": ["llm"]}
    ]
    card = Store(tmp_path / "store").load("reviews", device="cpu").card
    assert f"* soft targets by llm in `said.jsonl`, SHA-256 `{sha256}`" in card


def test_a_labelled_text_learns_a_mean_of_label_and_target(
    tmp_path: Path, recipe: Path, tiny_reviews: Path
) -> None:
    texts = [str(row["text"]) for row in made_up_reviews()]
    said = targets(tmp_path / "said.jsonl", texts)
    assert fit(tmp_path, recipe, tiny_reviews, "--soft-targets", said) == 0
    run, learned = learned_texts(tmp_path)
    dataset = read_dataset(run.plan)
    positive_N = np.array(dataset.labels.indices(dataset.split.train))
    expected = LABEL_WEIGHT * positive_N + (1 - LABEL_WEIGHT) * 0.875
    np.testing.assert_allclose(learned.targets_NL[:, 1].numpy(), expected, atol=1e-6)


def test_a_file_takes_precedence_over_the_versions_that_teach(
    tmp_path: Path, recipe: Path, tiny_store: Path, tiny_reviews: Path, unlabelled: Path
) -> None:
    said = targets(tmp_path / "said.jsonl", UNLABELLED[:10])
    teaching = ["--teacher", "reviews@1", "--base-store", tiny_store, "--unlabelled", unlabelled]
    assert fit(tmp_path, recipe, tiny_reviews, *teaching, "--soft-targets", said) == 0
    run, learned = learned_texts(tmp_path)
    of_version_NL = run.soft_targets()
    assert of_version_NL is not None
    start = len(read_dataset(run.plan).split.train)
    np.testing.assert_allclose(learned.targets_NL[start : start + 10, 1].numpy(), [0.875] * 10)
    np.testing.assert_allclose(learned.targets_NL[start + 10 :].numpy(), of_version_NL[start + 10 :])


def test_held_out_texts_are_not_learned_even_as_sentences(
    tmp_path: Path, recipe: Path, tiny_reviews: Path
) -> None:
    texts = [str(row["text"]) for row in made_up_reviews()]
    assert fit(tmp_path, recipe, tiny_reviews, "--soft-targets", targets(tmp_path / "s.jsonl", texts)) == 0
    run, learned = learned_texts(tmp_path)
    assert len(learned.texts) == len(read_dataset(run.plan).split.train)


def test_targets_of_other_texts_are_refused_before_training(
    tmp_path: Path, recipe: Path, tiny_reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = targets(tmp_path / "said.jsonl", ["another text", "and one more"])
    assert fit(tmp_path, recipe, tiny_reviews, "--soft-targets", said) == 1
    assert "2 targets without a text" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_a_run_does_not_go_on_with_another_file(
    tmp_path: Path, recipe: Path, tiny_reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [str(row["text"]) for row in made_up_reviews()]
    said = targets(tmp_path / "said.jsonl", texts)
    assert fit(tmp_path, recipe, tiny_reviews, "--soft-targets", said) == 0
    targets(said, texts, positive=0.5)
    assert main(["fit", "--resume", str(tmp_path / "run")]) == 1
    assert "is not what this run began with" in capsys.readouterr().err


def test_the_plan_of_a_run_keeps_the_files(tmp_path: Path, recipe: Path, tiny_reviews: Path) -> None:
    texts = [str(row["text"]) for row in made_up_reviews()]
    said = targets(tmp_path / "said.jsonl", texts)
    assert fit(tmp_path, recipe, tiny_reviews, "--soft-targets", said) == 0
    saved = json.loads((tmp_path / "run" / "plan.json").read_text(encoding="utf-8"))["soft_targets"]
    assert [(Path(each["path"]).name, each["teachers"]) for each in saved] == [("said.jsonl", ["llm"])]
