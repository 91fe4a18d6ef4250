"""Files of soft targets: rows that can be used, and those that cannot."""

import json
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from reviews.errors import UnreadableReviews
from tests.sample_reviews import write_jsonl
from training.errors import InvalidSoftTargets
from training.soft_targets.lookup import SoftTargetLookup
from training.soft_targets.reader import (
    NO_OBJECT,
    NO_TEXT,
    NOT_PROBABILITIES,
    OTHER_LABELS,
    read_soft_target_file,
)
from training.soft_targets.row import SoftTarget, digest_of
from training.soft_targets.writer import IdentifiedText

LABELS = ("negative", "positive")
GOOD = {"text": "fine", "negative": 0.25, "positive": 0.75}
TEXTS = [IdentifiedText("a", "fine"), IdentifiedText("b", "bad"), IdentifiedText("c", "odd")]


def read(tmp_path: Path, *rows: object) -> SoftTargetLookup:
    return SoftTargetLookup.read([write_jsonl(tmp_path / "teacher.jsonl", rows)], LABELS)


@pytest.mark.parametrize(
    "row",
    [
        GOOD,
        {"text": "fine", "probabilities": {"positive": 0.75, "negative": 0.25}},
        {"sha256": digest_of("fine"), "negative": 0.25, "positive": 0.75},
        {"sha256": digest_of("fine").upper() + "0" * 48, "negative": 0.25, "positive": 0.75},
        {"id": "a", "negative": 0.25, "positive": 0.75},
        {"id": "a", "negative": 0.2505, "positive": 0.7515},
    ],
    ids=["text", "object", "digest", "whole digest", "id", "rounded"],
)
def test_a_text_is_known_by_itself_its_digest_or_its_id(tmp_path: Path, row: object) -> None:
    found = read(tmp_path, row).find(TEXTS)
    np.testing.assert_allclose(found.targets_NL[0], [0.25, 0.75], atol=1e-6)
    assert found.known.tolist() == [True, False, False]
    assert str(found) == "soft targets for 1 of 3 texts; 2 texts without one, 0 targets without a text"


def test_a_digest_that_does_not_fit_is_not_made_good_by_the_id(tmp_path: Path) -> None:
    rows = [GOOD, {"id": "b", "sha256": digest_of("another"), "negative": 0.5, "positive": 0.5}]
    found = read(tmp_path, *rows).find(TEXTS)
    assert found.known.tolist() == [True, False, False]
    assert found.num_unused == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"negative": 0.5, "positive": 0.5}, NO_TEXT),
        ({"sha256": "12ab", "negative": 0.5, "positive": 0.5}, NO_TEXT),
        ({"text": "x", "positive": 0.5}, OTHER_LABELS),
        ({"text": "x", "probabilities": {"pos": 1.0, "neg": 0.0}}, OTHER_LABELS),
        ({"text": "x", "probabilities": {"negative": 0.5, "positive": 0.4, "neutral": 0.1}}, OTHER_LABELS),
        ({"text": "x", "negative": "0.5", "positive": 0.5}, OTHER_LABELS),
        ({"text": "x", "negative": 0.5, "positive": 0.6}, NOT_PROBABILITIES),
        ({"text": "x", "negative": -0.5, "positive": 1.5}, NOT_PROBABILITIES),
        ({"text": "x", "negative": float("nan"), "positive": 0.5}, NOT_PROBABILITIES),
        (["x"], NO_OBJECT),
    ],
)
def test_rows_that_cannot_be_used_are_counted_by_reason(tmp_path: Path, row: object, reason: str) -> None:
    path = write_jsonl(tmp_path / "t.jsonl", [GOOD, GOOD, row])
    file = read_soft_target_file(path, LABELS)
    assert file.num_unusable == {reason: 1}
    assert len(file.targets) == 2


def test_a_file_of_which_most_rows_cannot_be_used_is_refused(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "t.jsonl", [GOOD, {"text": "x", "stars": 3}])
    with pytest.raises(
        InvalidSoftTargets, match=r"t\.jsonl: of 2 rows most cannot be used: 1 with other labels"
    ):
        read_soft_target_file(path, LABELS)


def test_an_empty_file_and_another_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSoftTargets, match="there is no row in it"):
        read_soft_target_file(write_jsonl(tmp_path / "t.jsonl", []), LABELS)
    with pytest.raises(InvalidSoftTargets, match=r"are read from \.jsonl"):
        read_soft_target_file(tmp_path / "t.csv", LABELS)
    (tmp_path / "t.parquet").write_bytes(b"not Parquet at all")
    with pytest.raises(UnreadableReviews, match="not Parquet"):
        read_soft_target_file(tmp_path / "t.parquet", LABELS)


def test_parquet_says_the_same_as_jsonl(tmp_path: Path) -> None:
    table = pyarrow.table({"text": ["fine"], "teacher": ["llm"], "negative": [0.25], "positive": [0.75]})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    file = read_soft_target_file(tmp_path / "t.parquet", LABELS)
    assert file.teachers == ("llm",)
    assert file.targets[0].probabilities == {"negative": 0.25, "positive": 0.75}


def test_the_file_names_the_teacher_that_its_rows_do_not(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "gpt.jsonl", [GOOD, GOOD | {"teacher": "llm"}])
    assert read_soft_target_file(path, LABELS).teachers == ("gpt", "llm")


def test_several_teachers_of_one_text_are_averaged(tmp_path: Path) -> None:
    rows = [GOOD | {"teacher": "one"}, {"text": "fine", "teacher": "two", "negative": 0.75, "positive": 0.25}]
    np.testing.assert_allclose(read(tmp_path, *rows).find(TEXTS).targets_NL[0], [0.5, 0.5])


def test_targets_of_other_texts_are_refused(tmp_path: Path) -> None:
    rows = [GOOD, *({"text": f"other {n}", "negative": 0.5, "positive": 0.5} for n in range(2))]
    with pytest.raises(InvalidSoftTargets, match="2 targets without a text: give the texts"):
        read(tmp_path, *rows).find(TEXTS)


def test_what_a_row_writes_can_be_read(tmp_path: Path) -> None:
    target = SoftTarget(
        teacher="t", probabilities={"negative": 0.12345, "positive": 0.87655}, text="fine", id="a"
    )
    line = json.loads(target.to_json())
    assert "text" not in line
    found = read(tmp_path, line).find(TEXTS)
    np.testing.assert_allclose(found.targets_NL[0], [0.12345, 0.87655], atol=1e-4)
