"""Which format the name of an output calls for."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from scoring.errors import UnusableInput, UnusableOutput
from scoring.formats.text import TextOutput, join_text
from scoring.inputs import TABLE_ENDINGS
from scoring.run_record import RunRecord
from scoring.scored_row import OutputColumns, ScoredRow

__all__ = ["Output", "RowWriter", "check_ending", "check_names", "join_files", "open_output"]


class RowWriter(Protocol):
    """A part that is being written."""

    def write(self, rows: Sequence[ScoredRow]) -> None:
        """Add some rows."""


class Output(Protocol):
    """A format of scored rows."""

    def open(self, path: Path, *, is_first: bool) -> AbstractContextManager[RowWriter]:
        """Write a part to a path; `is_first` says whether it is the first of all."""


def check_ending(name: str) -> str:
    """Return the ending of an output's name, such as ".csv.gz"; raises UnusableOutput for an unknown one."""
    for ending in TABLE_ENDINGS:
        if name.lower().endswith(ending):
            return ending
    raise UnusableOutput(f"{name}: the name must end in one of {', '.join(TABLE_ENDINGS)}")


def check_names(record: RunRecord) -> None:
    """Raise UnusableInput where a column to keep is missing, or has the name of one that scoring adds."""
    columns = _output_columns(record)
    found = record.survey.columns
    for name in columns.copied or ():
        if name not in found:
            raise UnusableInput(f"there is no column {name!r} to keep (found: {', '.join(map(repr, found))})")
    added = {*columns.results, *columns.probabilities}
    if doubled := [name for name in (columns.copied or found) if name in added]:
        raise UnusableInput(
            f"the column {doubled[0]!r} is in the input, and scoring adds one of this name: rename "
            "what it adds, as in --prefix predicted_, or leave out the input's with --keep"
        )


def open_output(ending: str, record: RunRecord, first_input: Path) -> Output:
    """Return the format for an ending that `check_ending` knows."""
    kind, compression = _parsed(ending)
    columns = _output_columns(record)
    if kind == "jsonl" and record.columns["kept"] is None:
        columns = replace(columns, copied=None)  # a row of JSONL has the fields that it had
    if kind != "parquet":
        return TextOutput(kind, compression, columns)
    from scoring.formats.parquet import ParquetOutput  # noqa: PLC0415 - Arrow takes long to import

    is_parquet = record.survey.layouts[0].format == "Parquet"
    return ParquetOutput(columns, record.survey.types, first_input if is_parquet else None)


def join_files(ending: str, parts: Sequence[Path], path: Path) -> None:
    """Write parts as one file, in a format that `check_ending` knows."""
    if _parsed(ending)[0] != "parquet":
        join_text(parts, path)
        return
    from scoring.formats.parquet import join_parquet  # noqa: PLC0415 - see above

    join_parquet(parts, path)


def _output_columns(record: RunRecord) -> OutputColumns:
    kept = record.columns["kept"]
    return OutputColumns(
        copied=record.survey.columns if kept is None else tuple(kept),
        prefix=record.columns["prefix"],
        labels=record.labels,
        model_version=record.version_name,
    )


def _parsed(ending: str) -> tuple[str, str]:
    """Return what an ending such as ".csv.gz" stands for: "csv" and ".gz"."""
    kind, *compression = ending.removeprefix(".").split(".")
    return kind, "".join(f".{each}" for each in compression)
