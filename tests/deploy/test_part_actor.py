"""A process of a cluster on a node that is not as it should be; the actor is called without Ray."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from deploy.ray.part_actor import MAX_ATTEMPTS, PartActor, VersionSource, remove_attempts
from scoring.inputs import fingerprint
from scoring.open_job import OpenJob
from scoring.run_record import RunRecord, read_record
from tests.scoring.jobs import score, texts, write_csv


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A job of two parts, of which the first is done."""

    job: OpenJob
    source: VersionSource

    def call(self, part: int) -> dict[str, object]:
        """Have a new process score a part."""
        return PartActor(self.job, self.source)({"part": part})

    def with_record(self, **changes: Any) -> "Begun":  # noqa: ANN401 - any field of the record
        """Return the job as another machine may have begun it."""
        record: RunRecord = replace(self.job.record, **changes)
        return replace(self, job=replace(self.job, record=record))


@pytest.fixture
def begun(tiny_store: Path, tmp_path: Path) -> Begun:
    bodies = ("" if number == 60 else text for number, text in enumerate(texts(100)))
    source = write_csv(tmp_path / "reviews.csv", bodies)
    flags = ("--text-column", "body", "--part-rows", "50", "--shard", "1/2")
    assert score(tiny_store, source, tmp_path / "scored.csv", *flags) == 0
    folder = tmp_path / "scored.csv.parts"
    return Begun(
        job=OpenJob(files=(fingerprint(source),), folder=folder, ending=".csv", record=read_record(folder)),
        source=VersionSource(store=tiny_store, reference="reviews@1", device="cpu", num_threads=1),
    )


def test_it_scores_a_part_and_says_what_came_of_it(begun: Begun) -> None:
    source = begun.job.files[0].path
    assert begun.call(1) == {
        "num_rows": 50,
        "num_rejects": 1,
        "example_reject": f"{source}:62: the text is empty",
        "error": "",
    }
    lines = (begun.job.folder / "part-00001.csv").read_text().splitlines()
    assert len(lines) == 49
    assert begun.job.parts.is_done(1)
    assert not list(begun.job.folder.glob("*.attempts"))


def test_a_part_that_is_there_is_not_scored_again(begun: Begun) -> None:
    part = begun.job.folder / "part-00000.csv"
    part.write_text("as it was")
    assert begun.call(0)["num_rows"] == 50
    assert part.read_text() == "as it was"


@pytest.mark.parametrize(
    ("disturb", "error"),
    [
        (lambda job: job.files[0].path.unlink(), "reviews.csv: is not the file there that the job began"),
        (lambda job: job.files[0].path.write_text("body\n"), "reviews.csv: is not the file there that"),
        (lambda job: job.folder.rename(job.folder.with_name("moved")), "scored.csv.parts: is not there;"),
    ],
)
def test_a_node_that_sees_other_files_is_named(
    disturb: Callable[[OpenJob], object], error: str, begun: Begun
) -> None:
    disturb(begun.job)
    said = str(begun.call(1)["error"])
    assert said.startswith("node ")
    assert error in said
    assert "all nodes must see the" in said


def test_a_node_with_other_software_is_named(begun: Begun) -> None:
    other = begun.with_record(software={**begun.job.record.software, "torch": "1.0"})
    assert "has other software than the job began with: torch is " in str(other.call(1)["error"])


def test_a_node_with_another_version_is_named(begun: Begun) -> None:
    other = begun.with_record(model_version={**begun.job.record.model_version, "manifest_sha256": "0" * 64})
    assert "its reviews@1 is not the version that the job began with" in str(other.call(1)["error"])


def test_a_part_that_ends_every_process_is_given_up(begun: Begun) -> None:
    attempts = begun.job.folder / "part-00001.attempts"
    attempts.write_bytes(b"." * MAX_ATTEMPTS)
    assert f"part 1 was begun {MAX_ATTEMPTS} times, and each time its process died" in str(
        begun.call(1)["error"]
    )
    assert not begun.job.parts.is_done(1)
    remove_attempts(begun.job.folder)
    assert begun.call(1)["error"] == ""
