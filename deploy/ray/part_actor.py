"""A process of a Ray cluster that scores parts of a job: it loads the version once.

Ray makes this class on the nodes, which import it; so it stands apart from the program that starts the job.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray.util

from model_store import RELEASED
from scoring.errors import InputChanged, OtherJob, ScoringError
from scoring.files import writable
from scoring.inputs import check_unchanged
from scoring.open_job import OpenJob
from scoring.part_scorer import PartScorer
from scoring.run_record import read_record
from scoring.software import software_versions
from sentiment.errors import SentimentError

__all__ = ["MAX_ATTEMPTS", "PartActor", "ProcessesDied", "UnfitNode", "VersionSource", "remove_attempts"]

MAX_ATTEMPTS = 5
"""How many processes may die with a part: Ray would start it again without end."""


class UnfitNode(ScoringError):
    """A node sees other files, or has other software, than the machine that the job was started on."""


class ProcessesDied(ScoringError):
    """One process after the other died while it scored the same part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSource:
    """Which version each process loads, and how it computes."""

    store: Path | None
    """A folder that all nodes see, or None for the released store, which each has."""
    reference: str
    """With a number, such as "reviews@3": an alias could move while the job runs."""
    device: str
    num_threads: int


class PartActor:
    """Scores parts, one for each call. An error of ours is an answer: Ray would print it as a trace."""

    def __init__(self, job: OpenJob, source: VersionSource) -> None:
        """Take the job; the version is loaded with the first part."""
        self._job, self._source = job, source
        self._parts = job.parts
        self._scorer: PartScorer | None = None

    def __call__(self, row: Mapping[str, Any]) -> dict[str, object]:
        """Score the part `row["part"]`, and return its counts, or under "error" what was wrong."""
        part = int(row["part"])
        try:
            self._score(part)
            stats = self._parts.stats_of(part)
            rejects = self._parts.rejects_of(part)
        except SentimentError as error:
            return _answer(error=f"node {ray.util.get_node_ip_address()}: {error}")
        return _answer(
            num_rows=stats.num_scored + stats.num_rejects,
            num_rejects=stats.num_rejects,
            example_reject=rejects[0] if rejects else "",
        )

    def _score(self, part: int) -> None:
        """Score a part, unless a process did before it died and could not say so."""
        if self._scorer is None:
            _check_node(self._job)
        if self._parts.is_done(part):
            return
        attempts = _note_attempt(self._job.folder, part)
        if self._scorer is None:
            self._scorer = self._load()
        for _ in self._scorer.score([part]):
            pass
        attempts.unlink(missing_ok=True)

    def _load(self) -> PartScorer:
        from scoring.local_scorer import LocalScorer  # noqa: PLC0415 - the program that starts the job needs no PyTorch

        source = self._source
        scorer = LocalScorer(source.store or RELEASED, source.reference, source.device, source.num_threads)
        if scorer.model_version != self._job.record.model_version:
            raise UnfitNode(f"its {source.reference} is not the version that the job began with")
        return PartScorer(self._job, scorer)


def remove_attempts(folder: Path) -> None:
    """Forget which parts were begun in vain: a job that is started again tries all."""
    for path in folder.glob("*.attempts"):
        path.unlink(missing_ok=True)


def _answer(
    *, num_rows: int = 0, num_rejects: int = 0, example_reject: str = "", error: str = ""
) -> dict[str, object]:
    """Return a row of the data set of answers: each has the same columns."""
    return {
        "num_rows": num_rows,
        "num_rejects": num_rejects,
        "example_reject": example_reject,
        "error": error,
    }


def _note_attempt(folder: Path, part: int) -> Path:
    """Count one more process that begins a part, in a file of as many bytes.

    Raises ProcessesDied where too many have begun it and none has come to its end.
    """
    path = folder / f"part-{part:05}.attempts"
    with writable(path), path.open("ab") as file:
        file.write(b".")
        num_attempts = file.tell()
    if num_attempts > MAX_ATTEMPTS:
        raise ProcessesDied(
            f"part {part} was begun {MAX_ATTEMPTS} times, and each time its process died: "
            "Ray's logs say of what, such as too little memory (fewer --threads, smaller --part-rows)"
        )
    return path


def _check_node(job: OpenJob) -> None:
    """Raise UnfitNode where the files or the software are not those that the job began with."""
    for file in job.files:
        try:
            check_unchanged([file])
        except InputChanged as error:
            raise UnfitNode(
                f"{file.path}: is not the file there that the job began with; all nodes must see the same"
            ) from error
    try:
        read_record(job.folder)
    except OtherJob as error:
        raise UnfitNode(f"{job.folder}: is not there; all nodes must see the folder of the output") from error
    here, known = software_versions(), job.record.software
    other = [
        f"{name} is {here.get(name)}, not {version}"
        for name, version in known.items()
        if here.get(name) != version
    ]
    if other:
        raise UnfitNode(f"has other software than the job began with: {', '.join(other)}")
