"""`bench/engine.py`: what the accuracy of an engine is measured by."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from bench.engine import print_accuracy
from model_store import ModelVersion, Store
from reviews import Review, read_reviews
from sentiment.padding import pad
from tests.sample_reviews import made_up_reviews, write_jsonl

NAMES: dict[object, str] = {0: "negative", 1: "positive"}


@pytest.fixture(scope="module")
def version(tiny_store: Path) -> ModelVersion:
    return Store(tiny_store).load("reviews", device="cpu")


def written(path: Path, *, names: bool) -> Sequence[Review]:
    """Return made-up reviews from a file, with labels as numbers or as names."""
    rows = made_up_reviews()[:40]
    if names:
        rows = [row | {"label": NAMES[row["label"]]} for row in rows]
    return read_reviews([write_jsonl(path, rows)], split="test").reviews


def test_labels_are_read_as_training_reads_them(
    version: ModelVersion, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    @torch.inference_mode()
    def run(ids: Sequence[Sequence[int]]) -> Tensor:
        """Return the logits of the network itself."""
        logits: Tensor = version.classifier.network(
            *pad(ids, num_rows=len(ids), num_steps=max(map(len, ids)))
        )
        return logits

    tables = []
    for names in (False, True):
        reviews = written(tmp_path / f"{names}.jsonl", names=names)
        print_accuracy({"the network": run}, version.classifier, reviews)
        tables.append(capsys.readouterr().out)
    assert tables[0] == tables[1]
    predicted = version.classifier.predict([review.text for review in reviews])
    accuracy = sum(each.label == review.label for each, review in zip(predicted, reviews, strict=True)) / 40
    assert accuracy > 0.6
    assert f"| the network | {accuracy:.2%} | 0.00% |" in tables[0]
