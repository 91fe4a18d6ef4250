"""A job: inputs surveyed, the parts that are missing scored, all of them joined."""

import glob
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from reviews import Columns, Reject
from scoring.errors import MissingParts, TooManyRejects, UnusableOutput
from scoring.files import locked, writable
from scoring.inputs import InputFile, check_unchanged
from scoring.output import Output, check_ending, check_names, open_output
from scoring.part_stats import PartStats
from scoring.parts import OpenPart, PartsFolder, parts_folder, rejects_path
from scoring.pipeline import in_order
from scoring.progress import Progress
from scoring.row_batch import RowBatch, RowReader, num_parts
from scoring.run_record import RunRecord, read_record
from scoring.scored_row import ScoredRow
from scoring.scorer import Refusal, Scorer
from scoring.software import software_versions
from scoring.summary import JobSummary
from scoring.survey import rows_of, survey
from sentiment import Prediction

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
    shard: Shard | None
    """None scores all parts and joins them."""
    max_rejects: int | None
    allow_other_hardware: bool


class Job:
    """Scores the rows of some files into the parts of an output."""

    def __init__(self, options: JobOptions, scorer: Scorer) -> None:
        """Take what to do; raises UnusableOutput where the output is there, or has no known ending."""
        self._options = options
        self._scorer = scorer
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
            record = self._agree()
            reader = RowReader(
                columns=options.columns,
                part_rows=record.part_rows,
                batch_rows=self._scorer.batch_rows,
                num_rows=record.survey.num_rows,
            )
            parts = PartsFolder(self._folder, self._ending, reader.num_parts)
            if options.shard:
                parts.note_shards(options.shard.num_shards)
            self._score(record, reader, parts)
            stats = parts.stats()
            if not options.shard:
                self._refuse_if_nothing_is_scored(stats, parts)
                _finish(parts, options.output, self._ending)
        return _summary(record, stats, None if options.shard else options.output)

    def _agree(self) -> RunRecord:
        """Return the record of the job, which this process makes or finds."""
        options, scorer = self._options, self._scorer
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
            model_version=scorer.model_version,
            software=software_versions(),
            hardware=scorer.hardware,
            labels=scorer.labels,
            survey=found,
        )
        check_names(record)
        return record.agree(self._folder, allow_other_hardware=options.allow_other_hardware)

    def _score(self, record: RunRecord, reader: RowReader, parts: PartsFolder) -> None:
        output = open_output(self._ending, record, self._options.files[0].path)
        shard = self._options.shard

        def is_wanted(part: int) -> bool:
            return not parts.is_done(part) and (shard is None or shard.has(part))

        rows = rows_of(self._options.files, record.survey, self._options.columns, self._options.kept)
        batches = reader.batches(rows, is_wanted)
        scored = in_order(
            batches,
            self._predict,
            num_threads=self._scorer.num_threads,
            prepare_thread=self._scorer.prepare_thread,
        )
        num_wanted = sum(reader.rows_in(part) for part in range(reader.num_parts) if is_wanted(part))
        with Progress(num_wanted) as progress:
            self._write(scored, parts, output, progress)

    def _predict(self, batch: RowBatch) -> list[Prediction | Refusal]:
        return self._scorer.predict(batch.texts) if batch.texts else []

    def _write(
        self,
        scored: Iterator[tuple[RowBatch, list[Prediction | Refusal]]],
        parts: PartsFolder,
        output: Output,
        progress: Progress,
    ) -> None:
        """Write the parts as their batches come, each as soon as its last batch is there."""
        num_rejects = parts.stats().num_rejects
        with ExitStack() as part_is_open:
            part: OpenPart | None = None
            for batch, predictions in scored:
                if part is None:
                    part = part_is_open.enter_context(parts.write(batch.part, output))
                rows, rejects = _sorted_out(batch, predictions)
                part.write(rows, rejects)
                num_rejects += len(rejects)
                self._check_rejects(num_rejects, rejects)
                progress.add(len(rows) + len(rejects))
                if batch.ends_part:
                    check_unchanged(self._options.files)
                    part_is_open.close()
                    part = None

    def _check_rejects(self, num_rejects: int, latest: Sequence[Reject]) -> None:
        limit = self._options.max_rejects
        if limit is not None and num_rejects > limit:
            raise TooManyRejects(
                f"{num_rejects:,} rows cannot be scored, and --max-bad allows {limit:,}; "
                f"the latest: {latest[-1]}"
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
        parts = PartsFolder(folder, ending, num_parts(record.survey.num_rows, record.part_rows))
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


def _sorted_out(
    batch: RowBatch, predictions: Sequence[Prediction | Refusal]
) -> tuple[list[ScoredRow], list[Reject]]:
    """Return the scored rows of a batch, and those that are rejected, each in the order of the input."""
    rows, rejects = list[ScoredRow](), list(batch.rejects)
    for row, prediction in zip(batch.rows, predictions, strict=True):
        if isinstance(prediction, Refusal):
            rejects.append(row.reject(prediction.reason))
        else:
            rows.append(ScoredRow(row.fields, prediction))
    return rows, rejects


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
