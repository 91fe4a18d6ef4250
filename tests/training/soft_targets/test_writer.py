"""Soft targets on disk: written part by part, each once."""

import gzip
import json
import lzma
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model_store import Store
from training.errors import InvalidSoftTargets
from training.soft_targets.row import digest_of
from training.soft_targets.version import VersionTeacher
from training.soft_targets.writer import PART_TEXTS, IdentifiedText, SoftTargetWriter

TEXTS = [IdentifiedText(f"t{number}", f"text {number}") for number in range(PART_TEXTS + 10)]


OPENERS = [("jsonl", open), ("jsonl.gz", gzip.open), ("jsonl.xz", lzma.open)]


class Lengths:
    """A teacher that goes by the length of a text, and remembers what it was asked."""

    name = "lengths"
    labels = ("negative", "positive")

    def __init__(self) -> None:
        self.asked: list[str] = []

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of each label [N, L]."""
        self.asked += texts
        positive_N = np.array([len(text) / 100 for text in texts])
        return np.stack([1 - positive_N, positive_N], axis=1)


def write(output: Path, teacher: Lengths, texts: Sequence[IdentifiedText] = TEXTS) -> None:
    writer = SoftTargetWriter(output, teacher, texts)
    assert sum(writer.write()) == len(texts)
    writer.join()


@pytest.mark.parametrize(
    ("ending", "opener"), [("jsonl", open), ("jsonl.gz", gzip.open), ("jsonl.xz", lzma.open)]
)
def test_each_text_has_a_row_with_its_digest_and_no_text(tmp_path: Path, ending: str, opener: object) -> None:
    output = tmp_path / f"soft.{ending}"
    write(output, Lengths())
    with opener(output, "rt", encoding="utf-8") as file:  # type: ignore[operator]
        rows = [json.loads(line) for line in file]
    assert len(rows) == len(TEXTS)
    assert rows[3] == {
        "id": "t3",
        "sha256": digest_of("text 3"),
        "teacher": "lengths",
        "probabilities": {"negative": 0.94, "positive": 0.06},
    }
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


def test_what_is_done_is_not_asked_again(tmp_path: Path) -> None:
    output, first, second = tmp_path / "soft.jsonl", Lengths(), Lengths()
    next(SoftTargetWriter(output, first, TEXTS).write())
    assert len(first.asked) == PART_TEXTS
    write(output, second)
    assert second.asked == [each.text for each in TEXTS[PART_TEXTS:]]
    assert len(output.read_text(encoding="utf-8").splitlines()) == len(TEXTS)


def test_parts_of_other_texts_are_refused(tmp_path: Path) -> None:
    output = tmp_path / "soft.jsonl"
    next(SoftTargetWriter(output, Lengths(), TEXTS).write())
    with pytest.raises(InvalidSoftTargets, match=r"holds parts of 4,106 texts by lengths, not of these 3"):
        SoftTargetWriter(output, Lengths(), TEXTS[:3])


def test_an_output_that_is_no_jsonl_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSoftTargets, match=r"must end in \.jsonl"):
        SoftTargetWriter(tmp_path / "soft.csv", Lengths(), TEXTS)


def test_a_version_is_a_teacher(tiny_store: Path) -> None:
    version = Store(tiny_store).load("reviews@1", device="cpu")
    teacher = VersionTeacher(version)
    assert teacher.name == "reviews@1"
    [expected] = version.classifier.predict(["a wonderful film"])
    rows = teacher.probabilities(["a wonderful film"])
    assert dict(zip(teacher.labels, rows[0].tolist(), strict=True)) == expected.probabilities
