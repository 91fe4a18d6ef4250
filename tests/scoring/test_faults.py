"""What goes wrong around a job: a clear line each, and nothing half written."""

import csv
import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviews import MAX_TEXT_CHARACTERS, Columns
from scoring.errors import InputChanged
from scoring.inputs import fingerprint
from scoring.job import Job, JobOptions
from scoring.local_scorer import LocalScorer
from scoring.part_scorer import Threads
from scoring.scorer import Refusal
from sentiment import Prediction
from tests.model_store.faults import files_limited_to
from tests.scale import scaled
from tests.scoring.jobs import read_jsonl, score, sha256, texts, write_csv

CSV = ("--text-column", "body")


def leftovers(folder: Path) -> list[str]:
    """Return the names of files that are written aside and should be gone."""
    return [str(path) for path in folder.rglob("*.new")]


@pytest.mark.parametrize("name", ["scored.csv", "scored.csv.gz", "scored.jsonl", "scored.parquet"])
def test_a_full_disk_ends_the_job_and_room_lets_it_go_on(
    name: str, tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(2000))
    undisturbed = tmp_path / "undisturbed" / name
    undisturbed.parent.mkdir()
    assert score(tiny_store, source, undisturbed, *CSV) == 0
    with files_limited_to(4000):  # room for the record, not for the part
        assert score(tiny_store, source, tmp_path / name, *CSV) == 1
    assert f"{name}.parts/part-00000" in (errors := capsys.readouterr().err)
    assert errors.splitlines()[-1].startswith("error: ")
    assert "cannot be written" in errors
    assert "File too large" in errors
    assert not (tmp_path / name).exists()
    assert not leftovers(tmp_path)
    assert score(tiny_store, source, tmp_path / name, *CSV) == 0
    assert sha256(tmp_path / name) == sha256(undisturbed)


class DisturbedScorer(LocalScorer):
    """A real one that does something else beside its first batch."""

    def __init__(self, store: Path, disturb: Callable[[], object]) -> None:
        super().__init__(store, "reviews", "cpu", 1)
        self._disturb: Callable[[], object] | None = disturb

    def predict(self, texts: Sequence[str]) -> list[Prediction | Refusal]:
        disturb, self._disturb = self._disturb, None
        if disturb:
            disturb()
        return super().predict(texts)


@pytest.mark.parametrize("what", ["vanished", "changed"])
def test_an_input_that_goes_or_grows_meanwhile_ends_the_job(
    what: str, tiny_store: Path, tmp_path: Path
) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(100))

    def disturb() -> None:
        if what == "vanished":
            source.unlink()
        else:
            with source.open("a") as file:
                file.write("r100,More.\n")

    options = JobOptions(
        files=(fingerprint(source),),
        output=tmp_path / "scored.csv",
        columns=Columns(text="body"),
        kept=None,
        prefix="",
        part_rows=50,
        max_rejects=None,
    )
    with pytest.raises(InputChanged, match=f"reviews.csv: {what} while it was read"):
        Job(options, Threads(DisturbedScorer(tiny_store, disturb))).run()
    assert not options.output.exists()
    assert not list(tmp_path.glob("scored.csv.parts/part-*"))
    assert not leftovers(tmp_path)


def test_a_missing_input_is_named(
    tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(tiny_store, tmp_path / "gone.csv", tmp_path / "scored.csv") == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'gone.csv'}: there is no such file\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_huge_row_is_rejected_and_the_next_are_scored(kind: str, tiny_store: Path, tmp_path: Path) -> None:
    huge = "word " * (max(scaled(50 * 2**20), MAX_TEXT_CHARACTERS + 5) // 5)
    source = write_csv(tmp_path / "reviews.csv", ["Good.", huge, "Bad."])
    if kind != "csv":
        source = as_other(source, kind)
    assert score(tiny_store, source, tmp_path / "scored.jsonl", *CSV) == 0
    assert [row["id"] for row in read_jsonl(tmp_path / "scored.jsonl")] == ["r0", "r2"]
    (reject,) = read_jsonl(tmp_path / "scored.rejects.jsonl")
    assert "16777216" in reject["reason"].replace(",", "")


def as_other(source: Path, kind: str) -> Path:
    """Write a table again as JSONL or Parquet."""
    csv.field_size_limit(2**30)
    with source.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    path = source.with_suffix(f".{kind}")
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_of_mixed_encodings_the_rows_of_the_lesser_are_rejected(tiny_store: Path, tmp_path: Path) -> None:
    source = tmp_path / "reviews.csv"
    good = [f"r{i},Très bien {i}\n".encode() for i in range(20)]
    source.write_bytes(b"id,body\n" + b"".join(good) + "r20,Déçu\nr21,Good\nr\xe922,Good\n".encode("latin-1"))
    assert score(tiny_store, source, tmp_path / "scored.jsonl", *CSV) == 0
    assert len(read_jsonl(tmp_path / "scored.jsonl")) == 21
    assert [(row["line"], row["reason"]) for row in read_jsonl(tmp_path / "scored.rejects.jsonl")] == [
        (22, "the column 'body' is not valid UTF-8"),
        (24, "the column 'id' is not valid UTF-8"),
    ]


def test_a_file_that_is_cut_short_ends_the_job(
    tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "reviews.csv.gz"
    source.write_bytes(gzip.compress(write_csv(tmp_path / "reviews.csv", texts(100)).read_bytes())[:-20])
    assert score(tiny_store, source, tmp_path / "scored.csv", *CSV) == 1
    assert "reviews.csv.gz: damaged or cut short" in capsys.readouterr().err
    assert not (tmp_path / "scored.csv").exists()
