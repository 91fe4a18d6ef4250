"""Bulk scoring on a Ray cluster: a node dies, the program that started the job dies, rows are bad."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from bench.serving.free_port import free_port
from deploy.ray.score import main
from model_store import RELEASED
from scoring.__main__ import main as score_here
from tests.deploy.ray_cluster import PATIENCE_SECONDS, ROOT, wait_until
from tests.deploy.ray_nodes import RayNodes, own_sigterm_handler, working_on
from tests.scoring.jobs import write_csv

pytestmark = pytest.mark.xdist_group("several processes")

SENTENCE = "A dull film: two hours that I will never get back. The cast is good, and the story is not."
NUM_ROWS, PART_ROWS = 2400, 80
NUM_BAD = len(range(5, NUM_ROWS, 97))
FLAGS = ("--text-column", "body", "--part-rows", str(PART_ROWS), "--model", "reviews-small@2")
TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reviews that each take some time, all different; some cannot be scored."""
    bodies = (
        "" if number % 97 == 5 else " ".join([SENTENCE] * (number % 20)) + f" {number}"
        for number in range(NUM_ROWS)
    )
    return write_csv(tmp_path_factory.mktemp("source") / "reviews.csv", bodies)


@pytest.fixture(scope="module")
def whole(source: Path) -> Path:
    """The output of a run on this machine alone."""
    output = source.with_name("whole.parquet")
    assert score_here([str(source), "-o", str(output), "--device", "cpu", *FLAGS]) == 0
    return output


@pytest.fixture(scope="module")
def nodes() -> Iterator[RayNodes]:
    """A cluster of one node, to which tests add theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))  # what the nodes inherit, as docs/ray.md says
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        started = RayNodes()
        try:
            yield started
        finally:
            started.close()


def start(source: Path, output: Path, address: str, *flags: str) -> subprocess.Popen[str]:
    """Start the job; what it says can be read from its standard error."""
    words = (str(source), "-o", str(output), "--address", address, *FLAGS, *flags)
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.ray.score", *words],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit status of a job, and what it said."""
    with process:
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, errors


def run(source: Path, output: Path, address: str, *flags: str) -> tuple[int, str]:
    return finish(start(source, output, address, *flags))


def run_here(source: Path, output: Path, address: str, *flags: str) -> int:
    """Run the job in this process, which is faster where nothing is scored; return its exit status."""
    with own_sigterm_handler():
        return main([str(source), "-o", str(output), "--address", address, *FLAGS, *flags])


def parts_of(output: Path) -> set[str]:
    """Return the names of the parts that are done."""
    return {path.stem for path in output.with_name(f"{output.name}.parts").glob("part-*.json")}


def assert_equal(output: Path, whole: Path) -> None:
    """Compare row by row: what the rows are exactly, scores within the tolerance."""
    rows, expected = (pq.read_table(path).to_pylist() for path in (output, whole))
    assert [row["id"] for row in rows] == [row["id"] for row in expected]
    for row, other in zip(rows, expected, strict=True):
        assert numbers(row) == pytest.approx(numbers(other), abs=TOLERANCE, rel=0)
        assert without_numbers(row) == without_numbers(other)


def numbers(row: dict[str, Any]) -> list[float]:
    return [row["confidence"], *row["probabilities"].values()]


def without_numbers(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("confidence", "probabilities")}


def test_a_node_is_killed_and_every_row_is_scored_once(
    nodes: RayNodes, source: Path, whole: Path, tmp_path: Path
) -> None:
    output = tmp_path / "scored.parquet"
    second = nodes.add()
    process = start(source, output, nodes.address)
    wait_until(lambda: process.poll() is not None or len(parts_of(output)) > 2, "first parts")
    wait_until(lambda: process.poll() is not None or is_scoring(second), "part on the second node")
    nodes.kill(second)
    assert len(parts_of(output)) < NUM_ROWS // PART_ROWS
    assert process.poll() is None
    status, errors = finish(process)
    assert status == 0, errors
    assert_equal(output, whole)
    rejects = "scored.rejects.jsonl"
    assert (tmp_path / rejects).read_bytes() == whole.with_name("whole.rejects.jsonl").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scored.parquet", rejects]
    assert f"reviews-small@2 scored {NUM_ROWS - NUM_BAD:,} of {NUM_ROWS:,} rows" in errors


def is_scoring(node: object) -> bool:
    return any("PartActor" in title and title.endswith("submit") for title in working_on(node))


def test_killed_the_same_command_goes_on(
    nodes: RayNodes, source: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, elsewhere = tmp_path / "scored.parquet", tmp_path / "elsewhere.parquet"
    with start(source, output, nodes.address) as process:
        wait_until(lambda: process.poll() is not None or len(parts_of(output)) > 2, "first parts")
        process.kill()
    done = parts_of(output)
    assert 2 < len(done) < NUM_ROWS // PART_ROWS
    folder = output.with_name("scored.parquet.parts")
    shutil.copytree(folder, elsewhere.with_name("elsewhere.parquet.parts"))
    (folder / "part-00000.rejects.jsonl").write_text("as it was\n")

    status, errors = run(source, output, nodes.address)
    assert status == 0, errors
    assert_equal(output, whole)
    assert (tmp_path / "scored.rejects.jsonl").read_text().startswith("as it was\n")

    # One machine goes on with parts of a cluster only where it may: the processors can differ.
    flags = (str(source), "-o", str(elsewhere), "--device", "cpu", *FLAGS)
    assert score_here(flags) == 1
    assert "--allow-other-hardware goes on, equal within 1e-6" in capsys.readouterr().err
    assert score_here([*flags, "--allow-other-hardware"]) == 0
    assert_equal(elsewhere, whole)


def test_an_error_on_a_node_is_one_line_that_names_it(nodes: RayNodes, source: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(RELEASED, store)
    weights = store / "reviews-small/2/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    status, errors = run(source, tmp_path / "scored.csv", nodes.address, "--store", str(store))
    assert status == 1
    last = errors.splitlines()[-1]
    assert last.startswith("error: node ")
    assert "model.safetensors" in last
    assert "Traceback" not in errors


def test_too_many_bad_rows_and_another_version_end_the_job(
    nodes: RayNodes, source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "scored.csv"
    status, errors = run(source, output, nodes.address, "--max-bad", "0")
    assert status == 3
    assert "1 rows cannot be scored, and --max-bad allows 0; one of them: " in errors.splitlines()[-1]
    assert not output.exists()

    record = tmp_path / "scored.csv.parts/run.json"
    fields = json.loads(record.read_bytes())
    fields["model_version"]["version"] = 7
    record.write_text(json.dumps(fields))
    assert run_here(source, output, nodes.address) == 1
    assert "model_version.version is 2, there it is 7: remove it" in capfd.readouterr().err


def test_without_room_it_does_not_wait(
    nodes: RayNodes, source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_here(source, tmp_path / "scored.csv", nodes.address, "--threads", "64") == 1
    assert "error: no node has 64 CPUs for a process: give fewer --threads" in capfd.readouterr().err


def test_without_a_cluster_it_says_so(
    source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    address = f"127.0.0.1:{free_port()}"
    assert run_here(source, tmp_path / "scored.csv", address) == 1
    assert f"error: there is no Ray cluster at --address {address}: " in capfd.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["-", "-o", "scored.csv"], "standard input and output are on one machine"),
        (["gone.csv", "-o", "-"], "standard input and output are on one machine"),
        (["gone.csv", "-o", "scored.csv"], "gone.csv: there is no such file"),
        (["gone.csv", "-o", "scored.xml"], "scored.xml: the name must end in one of"),
    ],
)
def test_what_cannot_work_needs_no_cluster_to_say_so(
    arguments: list[str],
    error: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith(f"error: {error}")
