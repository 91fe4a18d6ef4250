import csv
import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from tests.scoring.jobs import read_jsonl, score, texts, write_csv

CSV = ("--text-column", "body")


def content(path: Path) -> str:
    """Return what a file holds, unpacked."""
    match path.suffix:
        case ".gz":
            return gzip.decompress(path.read_bytes()).decode()
        case ".xz":
            return lzma.decompress(path.read_bytes()).decode()
        case ".zst":
            with zstd.open(path, "rb") as file:
                return file.read().decode()
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("compression", ["", ".gz", ".xz", ".zst"])
@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
def test_several_parts_are_one_file_in_every_compression(
    kind: str, compression: str, tiny_store: Path, tmp_path: Path
) -> None:
    bodies = ['He said "no",\tand left.\nSo did I.', *texts(20), "Ça alors 👍"]
    source = write_csv(tmp_path / "reviews.csv", bodies)
    output = tmp_path / f"scored.{kind}{compression}"
    assert score(tiny_store, source, output, *CSV, "--part-rows", "7") == 0
    lines = content(output)
    if kind == "jsonl":
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines.splitlines()]
    else:
        table = lines.splitlines(keepends=True)
        rows = [{**row} for row in csv.DictReader(table, delimiter="\t" if kind == "tsv" else ",")]
        assert float(rows[0]["probabilities.positive"]) + float(rows[0]["probabilities.negative"]) == 1
    assert [row["body"] for row in rows] == bodies
    assert rows[0].keys() >= {"id", "body", "label", "confidence", "tokens", "truncated", "unknown_ratio"}
    assert {row["model_version"] for row in rows} == {"reviews@1"}


def test_a_row_of_jsonl_keeps_its_own_fields(tiny_store: Path, tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"text": "Good.", "tags": ["a", {"b": None}]},
        {"text": "Bad.", "stars": 1.5},
    ]
    source = tmp_path / "reviews.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert score(tiny_store, source, tmp_path / "scored.jsonl") == 0
    found = read_jsonl(tmp_path / "scored.jsonl")
    assert [{name: row[name] for name in before} for row, before in zip(found, rows, strict=True)] == rows
    assert "stars" not in found[0]


def test_only_what_is_kept_is_copied_and_what_is_added_is_renamed(tiny_store: Path, tmp_path: Path) -> None:
    source = tmp_path / "reviews.jsonl"
    source.write_text('{"id": 1, "label": "pos", "text": "Good."}\n{"text": "Bad."}\n')
    flags = ("--keep", "label,id", "--prefix", "our_")
    assert score(tiny_store, source, tmp_path / "scored.csv", *flags) == 0
    header, first, second = (tmp_path / "scored.csv").read_text().splitlines()
    assert header == (
        "label,id,our_label,our_confidence,our_probabilities.negative,our_probabilities.positive,"
        "our_tokens,our_truncated,our_unknown_ratio,our_model_version"
    )
    assert first.startswith("pos,1,")
    assert second.startswith(",,")
