"""Jobs that are killed, shared and resumed: the output is the same bytes."""

import json
import random
import subprocess
from pathlib import Path

import pytest

from model_store import Store
from scoring.__main__ import main
from scoring.files import locked
from tests.scale import scaled
from tests.scoring.jobs import command, read_jsonl, score, sha256, start, texts, write_csv

CSV = ("--text-column", "body")
NUM_ROWS = 1_000_000


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of many rows; some cannot be scored."""
    bodies = ("" if index % 997 == 5 else text for index, text in enumerate(texts(scaled(NUM_ROWS))))
    return write_csv(tmp_path_factory.mktemp("source") / "reviews.csv", bodies)


@pytest.fixture(scope="module")
def part_rows() -> str:
    """Return as many rows as make sixteen parts, the last one shorter."""
    return str(scaled(NUM_ROWS) // 15)


@pytest.fixture(scope="module")
def whole(source: Path, part_rows: str, tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a job that nothing disturbed."""
    output = tmp_path_factory.mktemp("whole") / "scored.parquet"
    assert score(tiny_store, source, output, *CSV, "--part-rows", part_rows) == 0
    return output


@pytest.mark.soak
@pytest.mark.xdist_group("scoring")
def test_killed_at_random_moments_it_writes_the_same_bytes(
    source: Path, part_rows: str, whole: Path, tiny_store: Path, tmp_path: Path
) -> None:
    output = tmp_path / "scored.parquet"
    words = command(tiny_store, source, output, *CSV, "--part-rows", part_rows)
    moments, num_kills, longest = random.Random(3), 0, 4.0
    while num_kills < max(4, scaled(50)):
        with start(words) as process:
            try:
                _, stderr = process.communicate(timeout=moments.uniform(0.2, longest))
                assert process.returncode == 0, stderr.decode()
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                num_kills += 1
                longest *= 1.1  # else a slow machine would be killed before its first part, again and again
                if not output.exists() or output.with_suffix(".parts").exists():
                    continue
                # It was killed when all was done, on its way out.
        assert sha256(output) == sha256(whole)
        output.unlink()
        (tmp_path / "scored.rejects.jsonl").unlink()
    with start(words) as process:
        process.communicate()
    assert process.returncode == 0
    assert sha256(output) == sha256(whole)
    assert read_jsonl(tmp_path / "scored.rejects.jsonl") == read_jsonl(
        whole.with_name("scored.rejects.jsonl")
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "scored.parquet",
        "scored.rejects.jsonl",
    ]


@pytest.mark.soak
@pytest.mark.xdist_group("scoring")
def test_shards_joined_are_the_bytes_of_one_run(
    source: Path,
    part_rows: str,
    whole: Path,
    tiny_store: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "scored.parquet"
    shards = list(range(1, 17))
    random.Random(1).shuffle(shards)
    for shard in shards[1:]:
        flags = (*CSV, "--part-rows", part_rows, "--shard", f"{shard}/16")
        assert score(tiny_store, source, output, *flags) == 0
    assert not output.exists()
    assert score_join(output) == 1
    assert f"1 of 16 parts are missing: {shards[0] - 1}, of --shard {shards[0]}/16" in capsys.readouterr().err
    assert (
        score(tiny_store, source, output, *CSV, "--part-rows", part_rows, "--shard", f"{shards[0]}/16") == 0
    )
    assert score_join(output) == 0
    assert sha256(output) == sha256(whole)
    assert not output.with_name("scored.parquet.parts").exists()


def score_join(output: Path) -> int:
    return main(["join", str(output)])


def test_scores_are_those_of_the_classifier(tiny_store: Path, tmp_path: Path) -> None:
    bodies = list(texts(300))
    output = tmp_path / "scored.jsonl"
    assert score(tiny_store, write_csv(tmp_path / "r.csv", bodies), output, *CSV, "--part-rows", "90") == 0
    rows = read_jsonl(output)
    expected = Store(tiny_store).load("reviews", device="cpu").classifier.predict(bodies)
    assert [(row["id"], row["body"]) for row in rows] == [(f"r{i}", body) for i, body in enumerate(bodies)]
    for row, prediction in zip(rows, expected, strict=True):
        assert row["label"] == prediction.label
        assert row["probabilities"] == prediction.probabilities
        assert row["confidence"] == prediction.confidence
        assert row["tokens"] == prediction.tokens
        assert (row["truncated"], row["unknown_ratio"]) == (prediction.truncated, prediction.unknown_ratio)
        assert row["model_version"] == "reviews@1"


def interrupted(store: Path, source: Path, output: Path, *flags: str) -> Path:
    """Leave a job after its first part, as a shard of two does, and return its record."""
    assert score(store, source, output, "--shard", "1/2", *flags) == 0
    return output.with_name(f"{output.name}.parts") / "run.json"


def test_a_part_that_is_there_is_not_scored_again(tiny_store: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(100))
    flags = (*CSV, "--part-rows", "50")
    record = interrupted(tiny_store, source, tmp_path / "scored.csv", *flags)
    part = record.with_name("part-00000.csv")
    part.write_bytes(b"as it was\n")
    assert score(tiny_store, source, tmp_path / "scored.csv", *flags) == 0
    assert (tmp_path / "scored.csv").read_bytes().startswith(b"as it was\nr50,")


@pytest.mark.parametrize(
    ("flags", "difference"),
    [
        (("--prefix", "p_"), 'columns.prefix is "p_", there it is ""'),
        (("--keep", "id"), 'columns.kept is ["id"], there it is null'),
        (("--part-rows", "51"), "part_rows is 51, there it is 50"),
    ],
)
def test_other_options_are_refused(
    flags: tuple[str, ...],
    difference: str,
    tiny_store: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(100))
    interrupted(tiny_store, source, tmp_path / "scored.csv", *CSV, "--part-rows", "50")
    assert score(tiny_store, source, tmp_path / "scored.csv", *CSV, "--part-rows", "50", *flags) == 1
    assert difference in capsys.readouterr().err


def test_an_input_that_has_changed_is_refused(
    tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(100))
    interrupted(tiny_store, source, tmp_path / "scored.csv", *CSV)
    write_csv(source, texts(101))
    assert score(tiny_store, source, tmp_path / "scored.csv", *CSV) == 1
    assert "scored.csv.parts: its parts belong to another job: inputs is" in capsys.readouterr().err


def test_an_input_of_another_name_is_the_same_job(tiny_store: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(100))
    interrupted(tiny_store, source, tmp_path / "scored.csv", *CSV)
    assert score(tiny_store, source.rename(tmp_path / "moved.csv"), tmp_path / "scored.csv", *CSV) == 0


def test_other_hardware_needs_a_flag(
    tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(100))
    record = interrupted(tiny_store, source, tmp_path / "scored.csv", *CSV)
    fields = json.loads(record.read_bytes())
    fields["hardware"]["processor"] = "Z80"
    record.write_text(json.dumps(fields))
    assert score(tiny_store, source, tmp_path / "scored.csv", *CSV) == 1
    assert 'there it is "Z80"; --allow-other-hardware goes on, equal within 1e-6' in capsys.readouterr().err
    assert score(tiny_store, source, tmp_path / "scored.csv", *CSV, "--allow-other-hardware") == 0


def test_another_version_is_refused_whatever_the_hardware(
    tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(100))
    record = interrupted(tiny_store, source, tmp_path / "scored.csv", *CSV)
    fields = json.loads(record.read_bytes())
    fields["model_version"]["version"] = 7
    record.write_text(json.dumps(fields))
    assert score(tiny_store, source, tmp_path / "scored.csv", *CSV, "--allow-other-hardware") == 1
    assert "model_version.version is 1, there it is 7: remove it" in capsys.readouterr().err


def test_two_of_the_same_job_do_not_run_at_once(
    tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(100))
    record = interrupted(tiny_store, source, tmp_path / "scored.csv", *CSV)
    with locked(record.with_name("lock"), shared=True):
        assert score(tiny_store, source, tmp_path / "scored.csv", *CSV) == 1
        assert "another process is at work on these parts" in capsys.readouterr().err
        assert score_join(tmp_path / "scored.csv") == 1
    assert score(tiny_store, source, tmp_path / "scored.csv", *CSV) == 0


def test_an_output_that_is_there_is_not_overwritten(
    tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(10))
    (tmp_path / "scored.csv").write_text("mine")
    assert score(tiny_store, source, tmp_path / "scored.csv", *CSV) == 1
    assert "scored.csv: is there already" in capsys.readouterr().err
    assert (tmp_path / "scored.csv").read_text() == "mine"


def test_killed_between_the_output_and_the_end_it_ends(tiny_store: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "reviews.csv", texts(100))
    interrupted(tiny_store, source, tmp_path / "scored.csv", *CSV)
    (tmp_path / "scored.csv").write_text("the same, a moment before its parts go")
    assert score(tiny_store, source, tmp_path / "scored.csv", *CSV) == 0
    assert (tmp_path / "scored.csv").read_text().startswith("id,body,label,confidence,probabilities.")


def test_bad_rows_are_listed_and_counted(
    tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "reviews.csv", ["Good.", "", "Bad.", "\u200b"])
    assert score(tiny_store, source, tmp_path / "scored.jsonl", *CSV) == 0
    assert [row["id"] for row in read_jsonl(tmp_path / "scored.jsonl")] == ["r0", "r2"]
    assert read_jsonl(tmp_path / "scored.rejects.jsonl") == [
        {"file": str(source), "line": 3, "reason": "the text is empty"},
        {"file": str(source), "line": 5, "reason": "the text has nothing visible"},
    ]
    summary = capsys.readouterr().err
    assert "reviews@1 scored 2 of 4 rows" in summary
    assert f"rejected 2 rows: {tmp_path / 'scored.rejects.jsonl'}" in summary


def test_too_many_bad_rows_end_with_status_3_and_more_may_be_allowed(
    tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "reviews.csv", ["Good.", "", "Bad.", ""])
    assert score(tiny_store, source, tmp_path / "scored.jsonl", *CSV, "--max-bad", "1") == 3
    assert "2 rows cannot be scored, and --max-bad allows 1" in capsys.readouterr().err
    assert not (tmp_path / "scored.jsonl").exists()
    assert score(tiny_store, source, tmp_path / "scored.jsonl", *CSV, "--max-bad", "2") == 0


def test_bad_rows_of_parts_that_are_done_count_too(
    tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_csv(tmp_path / "reviews.csv", ["", "", *texts(100)])
    interrupted(tiny_store, source, tmp_path / "scored.csv", *CSV, "--part-rows", "50")
    flags = (*CSV, "--part-rows", "50", "--max-bad", "1")
    assert score(tiny_store, source, tmp_path / "scored.csv", *flags) == 3
    assert f"allows 1; one of them: {source}:2: the text is empty" in capsys.readouterr().err


def test_a_job_that_scores_nothing_is_no_success(
    tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "reviews.jsonl"
    source.write_text('{"body": "Good."}\n')
    assert score(tiny_store, source, tmp_path / "scored.jsonl") == 3
    assert "none of 1 rows can be scored; the first: " in (errors := capsys.readouterr().err)
    assert "name the right one with --text-column" in errors
    assert score(tiny_store, source, tmp_path / "scored.jsonl", *CSV) == 0  # nothing is left in its way


def test_a_table_without_rows_has_a_header(tiny_store: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "reviews.csv", [])
    assert score(tiny_store, source, tmp_path / "scored.csv", *CSV) == 0
    assert (tmp_path / "scored.csv").read_text().startswith("id,body,label,")
