"""A job: inputs surveyed, the parts that are missing scored, all of them joined."""

import glob
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from reviews import Columns
from scoring.errors import MissingParts, TooManyRejects, UnusableOutput
from scoring.files import locked, writable
from scoring.inputs import InputFile
from scoring.open_job import OpenJob
from scoring.output import check_ending, check_names
from scoring.part_stats import PartStats
from scoring.parts import PartsFolder, parts_folder, rejects_path
from scoring.progress import Progress
from scoring.row_ranges import RowRanges
from scoring.run_record import RunRecord, read_record
from scoring.software import software_versions
from scoring.summary import JobSummary
from scoring.survey import survey
from scoring.workers import Workers

__all__ = ["Job", "JobOptions", "Shard", "join"]


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several processes that share a job: it scores every n-th part."""

    number: int
    """From 1."""
    num_shards: int

    def has(self, part: int) -> bool:
        """Whether a part is its own."""
        return part % self.num_shards == self.number - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """What a user says of a job, apart from what scores it."""

    files: tuple[InputFile, ...]
    output: Path
    columns: Columns
    kept: tuple[str, ...] | None
    """The columns of the input to copy; None for all."""
    prefix: str
    """What the names of the output's own columns begin with."""
    part_rows: int
    max_rejects: int | None
    shard: Shard | None = None
    """None scores all parts and joins them."""
    allow_other_hardware: bool = False


class Job:
    """Scores the rows of some files into the parts of an output."""

    def __init__(self, options: JobOptions, workers: Workers) -> None:
        """Take what to do; raises UnusableOutput where the output is there, or has no known ending."""
        self._options = options
        self._workers = workers
        self._ending = check_ending(options.output.name)
        self._folder = parts_folder(options.output)
        if options.output.exists() and not self._folder.exists():
            raise UnusableOutput(f"{options.output}: is there already: remove it, or name another output")

    def run(self) -> JobSummary:
        """Score the parts that are missing, and join them unless this is a shard.

        Raises what opening inputs raises, InputChanged, OtherJob, UnusableOutput and TooManyRejects. All
        parts that were done by then stay, and the same job goes on from there.
        """
        options = self._options
        with writable(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        _remove_old(self._folder)
        with locked(self._folder / "lock", shared=options.shard is not None):
            job = self._open()
            if options.shard:
                job.parts.note_shards(options.shard.num_shards)
            self._score(job)
            stats = job.parts.stats()
            if not options.shard:
                self._refuse_if_nothing_is_scored(stats, job.parts)
                _finish(job.parts, options.output, self._ending)
        return _summary(job.record, stats, None if options.shard else options.output)

    def _open(self) -> OpenJob:
        """Agree on the record of the job, which this process makes or finds."""
        options, workers = self._options, self._workers
        if (self._folder / "run.json").exists():
            found = read_record(self._folder).survey
        else:
            found = survey(options.files, options.columns)
        record = RunRecord(
            inputs=tuple(
                {"name": file.name, "size_bytes": file.size_bytes, "sha256": file.sha256}
                for file in options.files
            ),
            columns={
                "text": options.columns.text,
                "encoding": options.columns.encoding,
                "separator": options.columns.separator,
                "quoting": options.columns.quoting,
                "kept": options.kept,
                "prefix": options.prefix,
            },
            part_rows=options.part_rows,
            model_version=workers.model_version,
            software=software_versions(),
            hardware=workers.hardware,
            labels=workers.labels,
            survey=found,
        )
        check_names(record)
        record = record.agree(self._folder, allow_other_hardware=options.allow_other_hardware)
        return OpenJob(files=options.files, folder=self._folder, ending=self._ending, record=record)

    def _score(self, job: OpenJob) -> None:
        """Have the missing parts scored, and stop when too many rows cannot be."""
        shard, parts = self._options.shard, job.parts
        missing = [
            part
            for part in range(job.ranges.num_parts)
            if not parts.is_done(part) and (shard is None or shard.has(part))
        ]
        num_rejects = parts.stats().num_rejects
        if self._are_too_many(num_rejects):
            raise self._too_many(num_rejects, parts.first_reject())
        num_rows = sum(len(job.ranges.of(part)) for part in missing)
        # Closed at an error too, so that a part that is half written goes.
        with Progress(num_rows) as progress, closing(self._workers.score(job, missing)) as scored:
            for done in scored:
                num_rejects += done.num_rejects
                if self._are_too_many(num_rejects):
                    raise self._too_many(num_rejects, done.example_reject)
                progress.add(done.num_rows)

    def _are_too_many(self, num_rejects: int) -> bool:
        limit = self._options.max_rejects
        return limit is not None and num_rejects > limit

    def _too_many(self, num_rejects: int, example: str) -> TooManyRejects:
        return TooManyRejects(
            f"{num_rejects:,} rows cannot be scored, and --max-bad allows {self._options.max_rejects:,}; "
            f"one of them: {example}"
        )

    def _refuse_if_nothing_is_scored(self, stats: PartStats, parts: PartsFolder) -> None:
        if stats.num_rejects and not stats.num_scored:
            first = parts.first_reject()
            _remove(self._folder)
            raise TooManyRejects(f"none of {stats.num_rejects:,} rows can be scored; the first: {first}")


def join(output: Path) -> JobSummary:
    """Join the parts that shards have written beside an output.

    Raises MissingParts, naming them, where some are not there yet, and OtherJob where a shard is at work.
    """
    ending, folder = check_ending(output.name), parts_folder(output)
    if not folder.is_dir():
        raise MissingParts(f"{folder}: there is no such folder, so nothing to join")
    with locked(folder / "lock", shared=False):
        record = read_record(folder)
        ranges = RowRanges(record.survey.num_rows, record.part_rows)
        parts = PartsFolder(folder, ending, ranges.num_parts)
        parts.check_complete()
        stats = parts.stats()
        _finish(parts, output, ending)
    return _summary(record, stats, output)


def _summary(record: RunRecord, stats: PartStats, output: Path | None) -> JobSummary:
    """Return the summary of a job, whose output is given if it is joined."""
    is_joined = output is not None and stats.num_rejects > 0
    return JobSummary(
        model_version=record.version_name,
        num_rows=record.survey.num_rows,
        stats=stats,
        rejects=rejects_path(output, check_ending(output.name)) if output and is_joined else None,
    )


def _finish(parts: PartsFolder, output: Path, ending: str) -> None:
    """Join all parts, and remove them: the output is there only when it is whole."""
    parts.join(output, rejects_path(output, ending))
    _remove(parts_folder(output))


def _remove(folder: Path) -> None:
    """Remove a folder of parts; if that is stopped in the middle, what is left is no folder of parts."""
    with writable(folder):
        folder.rename(folder.with_name(f".{folder.name}.{uuid4().hex}.old"))
    _remove_old(folder)


def _remove_old(folder: Path) -> None:
    """Remove what removing a folder of parts has left."""
    for old in folder.parent.glob(f".{glob.escape(folder.name)}.*.old"):
        shutil.rmtree(old, ignore_errors=True)
