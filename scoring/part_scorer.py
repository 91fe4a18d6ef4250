"""Parts of a job, scored by the threads of this process."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing

from reviews import Reject
from scoring.inputs import check_unchanged
from scoring.open_job import OpenJob
from scoring.parts import OpenPart
from scoring.pipeline import in_order
from scoring.row_batch import RowBatch, RowReader
from scoring.scored_row import ScoredRow
from scoring.scorer import Refusal, Scorer
from scoring.workers import RowsDone
from sentiment import Prediction

__all__ = ["PartScorer", "Threads"]


class Threads:
    """The threads of this process, as the workers of a job."""

    def __init__(self, scorer: Scorer) -> None:
        """Take what predicts."""
        self._scorer = scorer
        self.model_version = scorer.model_version
        self.labels = scorer.labels
        self.hardware = scorer.hardware

    def score(self, job: OpenJob, parts: Sequence[int]) -> Generator[RowsDone, None, None]:
        """Score parts of a job, and yield what came of each batch of rows."""
        return PartScorer(job, self._scorer).score(parts)


class PartScorer:
    """Scores parts of one job. Parts whose numbers rise take one reading of the inputs."""

    def __init__(self, job: OpenJob, scorer: Scorer) -> None:
        """Take the job, and what predicts."""
        self._job = job
        self._scorer = scorer
        self._parts, self._output = job.parts, job.output()
        self._reader = RowReader(
            job.rows,
            columns=job.columns,
            ranges=job.ranges,
            batch_rows=scorer.batch_rows,
        )

    def score(self, parts: Sequence[int]) -> Generator[RowsDone, None, None]:
        """Write parts, each as soon as its last batch is there; yield what came of each batch of rows.

        Raises what reading the inputs raises, InputChanged and UnusableOutput.
        """
        scored = in_order(
            self._reader.batches(parts),
            self._predict,
            num_threads=self._scorer.num_threads,
            prepare_thread=self._scorer.prepare_thread,
        )
        with closing(scored), ExitStack() as part_is_open:
            part: OpenPart | None = None
            for batch, predictions in scored:
                if part is None:
                    part = part_is_open.enter_context(self._parts.write(batch.part, self._output))
                rows, rejects = _sorted_out(batch, predictions)
                part.write(rows, rejects)
                yield _done(rows, rejects)
                if batch.ends_part:
                    check_unchanged(self._job.files)
                    part_is_open.close()
                    part = None

    def _predict(self, batch: RowBatch) -> list[Prediction | Refusal]:
        return self._scorer.predict(batch.texts) if batch.texts else []


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


def _done(rows: Sequence[ScoredRow], rejects: Sequence[Reject]) -> RowsDone:
    return RowsDone(
        num_rows=len(rows) + len(rejects),
        num_rejects=len(rejects),
        example_reject=str(rejects[0]) if rejects else "",
    )
