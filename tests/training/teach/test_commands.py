"""`python -m training teach` and `soft-targets`, as a person runs them."""

import importlib.util
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sample_reviews import made_up_reviews, write_jsonl
from tests.training.teach.tiny_transformer import save_tiny_transformer
from training.__main__ import main

FEW = ["--epochs", "2", "--frozen-layers", "1", "--learning-rate", "3e-3"]


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder that knows the words of the made-up reviews."""
    texts = [str(review["text"]) for review in made_up_reviews()]
    return save_tiny_transformer(tmp_path_factory.mktemp("encoder") / "tiny", texts)


def teach(transformer: Path, reviews: Path, run: Path, *more: str) -> list[str]:
    what = ["--transformer", str(transformer), "--train", str(reviews), "--run-folder", str(run)]
    return ["teach", *what, *FEW, *more]


def test_from_an_encoder_to_soft_targets_of_texts_and_sentences(
    tmp_path: Path, transformer: Path, tiny_reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(teach(transformer, tiny_reviews, tmp_path / "run")) == 0
    said = capsys.readouterr().out
    assert "texts of" in said
    assert "tokens to go at about" in said
    assert "reviews.jsonl: " in said
    texts = write_jsonl(
        tmp_path / "texts.jsonl", [{"id": "a", "text": "Simply superb. I hated the end of it."}]
    )
    output = tmp_path / "soft.jsonl"
    asked = ["--texts", str(texts), "--sentences-of", str(texts), "--output", str(output)]
    assert main(["soft-targets", "--teacher", str(tmp_path / "run"), *asked]) == 0
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == ["a", "a#1"]
    assert {row["teacher"] for row in rows} == {
        json.loads((tmp_path / "run" / "teacher.json").read_text(encoding="utf-8"))["name"]
    }
    assert all(abs(sum(row["probabilities"].values()) - 1) < 1e-3 for row in rows)


def test_a_version_can_be_asked_as_well(
    tmp_path: Path, tiny_store: Path, tiny_reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "soft.jsonl"
    where = ["--store", str(tiny_store), "--texts", str(tiny_reviews), "--output", str(output)]
    assert main(["soft-targets", "--teacher", "reviews@1", *where]) == 0
    assert "reviews@1 is asked about 250 texts" in capsys.readouterr().out
    assert len(output.read_text(encoding="utf-8").splitlines()) == 250


def test_the_linear_model_of_labelled_reviews_can_be_asked_as_well(
    tmp_path: Path, tiny_reviews: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = write_jsonl(
        tmp_path / "texts.jsonl",
        [{"text": "I loved it. Simply superb!"}, {"text": "I hated it. Simply awful!"}],
    )
    output = tmp_path / "soft.jsonl"
    train = ["--train", str(tiny_reviews)]
    asked = ["soft-targets", "--teacher", "linear", "--texts", str(texts), "--output", str(output)]
    assert main([*asked, *train]) == 0
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [row["probabilities"]["positive"] > 0.5 for row in rows] == [True, False]
    [name] = {row["teacher"] for row in rows}
    assert re.fullmatch(r"linear\+[0-9a-f]{8}", name)
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(tmp_path / "store"), "--device", "cpu"]
    files = ["--unlabelled", str(texts), "--soft-targets", str(output)]
    assert main(["fit", "--recipe", str(tiny_recipe), *train, *files, *where]) == 0
    assert f"2 soft targets by {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("teacher", "more", "says"),
    [
        ("linear", [], "learns from labelled reviews: give --train"),
        ("reviews@1", ["--train", "a.csv"], "--train and --reserved are for --teacher linear"),
    ],
)
def test_train_reviews_are_for_the_linear_teacher(
    tmp_path: Path,
    tiny_reviews: Path,
    teacher: str,
    more: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ["--texts", str(tiny_reviews), "--output", str(tmp_path / "soft.jsonl")]
    assert main(["soft-targets", "--teacher", teacher, *asked, *more]) == 1
    assert says in capsys.readouterr().err


def test_a_teacher_that_is_stopped_says_how_to_go_on(
    tmp_path: Path, transformer: Path, tiny_reviews: Path
) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-m", "training", *teach(transformer, tiny_reviews, run, "--epochs", "500")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "tokens to go" in line:
                process.send_signal(signal.SIGINT)
                break
        _, errors = process.communicate(timeout=240)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == f"error: stopped; go on with: python -m training teach --resume {run}"
    assert (run / "state.pt").exists()
    assert not (run / "teacher.json").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["--max-file-tokens", "1", "2"], "there are 2 limits on tokens for 1 files"),
        (["--transformer", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_work_is_reported_in_one_line(
    tmp_path: Path,
    transformer: Path,
    tiny_reviews: Path,
    change: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(teach(transformer, tiny_reviews, tmp_path / "run", *change)) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert says in error


def test_nothing_to_ask_about_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["soft-targets", "--teacher", "reviews", "--output", str(tmp_path / "x.jsonl")]) == 1
    assert "give --texts or --sentences-of" in capsys.readouterr().err


def test_without_transformers_the_extra_is_named(
    tmp_path: Path,
    transformer: Path,
    tiny_reviews: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def not_installed(name: str) -> None:
        assert name == "transformers"

    monkeypatch.setattr(importlib.util, "find_spec", not_installed)
    assert main(teach(transformer, tiny_reviews, tmp_path / "run")) == 1
    assert "pip install 'sentiment-service[transformer]'" in capsys.readouterr().err
