"""A job that is agreed on: all that a process needs to score parts of it, on this machine or another."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reviews import Columns, Reject, Row
from scoring.inputs import InputFile
from scoring.output import Output, open_output
from scoring.parts import PartsFolder
from scoring.row_ranges import RowRanges
from scoring.run_record import RunRecord
from scoring.survey import rows_of

__all__ = ["OpenJob"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJob:
    """Inputs, the folder of parts, and the record that is in it. It can be pickled."""

    files: tuple[InputFile, ...]
    folder: Path
    ending: str
    """Of the output, such as ".csv.gz"."""
    record: RunRecord

    @property
    def columns(self) -> Columns:
        """What the user said of the input's columns."""
        said = self.record.columns
        return Columns(
            text=said["text"],
            encoding=said["encoding"],
            separator=said["separator"],
            quoting=said["quoting"],
        )

    @property
    def ranges(self) -> RowRanges:
        """Which rows belong to which part."""
        return RowRanges(self.record.survey.num_rows, self.record.part_rows)

    @property
    def parts(self) -> PartsFolder:
        """The folder of its parts."""
        return PartsFolder(self.folder, self.ending, self.ranges.num_parts)

    def rows(self) -> Iterator[Row | Reject]:
        """Yield the rows of all inputs from the first on."""
        return rows_of(self.files, self.record.survey, self.columns, self.record.columns["kept"])

    def output(self) -> Output:
        """Return the format of the output."""
        return open_output(self.ending, self.record, self.files[0].path)
