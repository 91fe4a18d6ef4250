"""The command line: standard streams, patterns, wrong usage."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from scoring.__main__ import main
from tests.scoring.jobs import command, read_jsonl, score, sha256, write_csv

CSV = ("--text-column", "body")
HELP = """\
import contextlib, io, sys
from scoring.__main__ import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main({arguments!r})
print(*sys.modules)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["join", "--help"]])
def test_help_needs_no_heavy_library(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HELP.format(arguments=arguments)], capture_output=True, text=True, check=True
    )
    found = {name.partition(".")[0] for name in done.stdout.split()}
    assert "scoring" in found
    assert not found & {"torch", "pyarrow", "pydantic", "numpy"}


def test_from_standard_input_to_standard_output(tiny_store: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "reviews.csv", ["Good.", "", "Bad."])
    assert score(tiny_store, source, tmp_path / "scored.jsonl", *CSV) == 0
    done = subprocess.run(
        command(tiny_store, "-", "-", *CSV, "--input-format", "csv"),
        input=source.read_bytes(),
        capture_output=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout == (tmp_path / "scored.jsonl").read_bytes()
    errors = done.stderr.decode()
    assert "cannot be resumed" in errors
    assert '{"file": "-", "line": 3, "reason": "the text is empty"}' in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "reviews.csv",
        "scored.jsonl",
        "scored.rejects.jsonl",
    ]


def test_from_standard_input_to_a_file(
    tiny_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_csv(tmp_path / "reviews.csv", ["Good.", ""])
    assert score(tiny_store, source, tmp_path / "scored.parquet", *CSV) == 0
    with source.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        output = tmp_path / "again.parquet"
        assert score(tiny_store, "-", output, *CSV, "--input-format", "csv") == 0
    assert sha256(output) == sha256(tmp_path / "scored.parquet")
    assert len(read_jsonl(tmp_path / "again.rejects.jsonl")) == 1


def test_a_pattern_stands_for_its_files_in_order(tiny_store: Path, tmp_path: Path) -> None:
    for number in (2, 10, 1):
        write_csv(tmp_path / f"reviews-{number:02}.csv", [f"Good {number}."])
    assert score(tiny_store, tmp_path / "reviews-*.csv", tmp_path / "scored.jsonl", *CSV) == 0
    assert [row["body"] for row in read_jsonl(tmp_path / "scored.jsonl")] == [
        "Good 1.",
        "Good 2.",
        "Good 10.",
    ]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["reviews.csv", "-o", "scored.xml"], "scored.xml: the name must end in one of .jsonl, .jsonl.gz,"),
        (["reviews.csv", "-o", "s.csv", "--text-column", "x"], "no column 'x' (found: 'id', 'body')"),
        (["reviews.csv", "-o", "s.csv", *CSV, "--keep", "id,x"], "there is no column 'x' to keep"),
        (["reviews.csv", "reviews.csv", "-o", "s.csv"], "reviews.csv: is named twice"),
        (["no-*.csv", "-o", "s.csv"], "no-*.csv: no file fits this pattern"),
        ([".", "-o", "s.csv"], "unknown kind of file"),
        (["labelled.csv", "-o", "s.csv", *CSV], "the column 'label' is in the input, and scoring adds one"),
        (
            ["reviews.csv", "labelled.csv", "-o", "s.csv", *CSV],
            "labelled.csv: has the columns 'label', 'body', ",
        ),
        (["reviews.csv", "l.jsonl", "-o", "s.csv", *CSV], "l.jsonl: is JSONL and reviews.csv CSV"),
        (["-", "reviews.csv", "-o", "s.csv"], "standard input is scored alone"),
        (["-", "-o", "s.csv", "--shard", "1/2"], "standard input and output are not shared by shards"),
        (["-", "-o", "s.csv", "--input-format", "xml"], "--input-format must be one of jsonl, jsonl.gz,"),
        (
            ["reviews.csv", "-o", "s.csv", "--url", "http://x", "--model", "m"],
            "--url asks a service for its model",
        ),
        (["reviews.csv", "-o", "missing/s.csv", *CSV, "--model", "m@0"], "'0' is not a valid alias"),
    ],
)
def test_what_cannot_work_is_reported_in_one_line(
    arguments: list[str],
    error: str,
    tiny_store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SENTIMENT_MODEL_STORE", str(tiny_store))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    write_csv(tmp_path / "reviews.csv", ["Good."])
    (tmp_path / "labelled.csv").write_text("label,body\npos,Good.\n")
    (tmp_path / "l.jsonl").write_text(json.dumps({"body": "Good."}))
    assert main(arguments) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ")
    assert error in last


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b"])
def test_a_wrong_shard_is_wrong_usage(shard: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["reviews.csv", "-o", "scored.csv", "--shard", shard])
    assert stopped.value.code == 2
    assert "must be such as 3/16" in capsys.readouterr().err


def test_joining_without_parts_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["join", str(tmp_path / "scored.csv")]) == 1
    assert "scored.csv.parts: there is no such folder, so nothing to join" in capsys.readouterr().err
