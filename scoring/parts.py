"""The folder of parts beside an output.

scored.parquet.parts/run.json                  which job the parts are of
                     part-00003.parquet        the rows of one part
                     part-00003.rejects.jsonl  those that could not be scored, if any
                     part-00003.json           counts; written last, so a part is done if this is there
                     shards-16                 empty: this many shards share the job
                     lock
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from reviews import Reject
from scoring.errors import MissingParts
from scoring.files import replacing, writable
from scoring.output import Output, RowWriter, join_files
from scoring.part_stats import PartStats
from scoring.scored_row import ScoredRow

__all__ = ["OpenPart", "PartsFolder", "parts_folder", "rejects_path"]


def parts_folder(output: Path) -> Path:
    """Return where the parts of an output are kept."""
    return output.with_name(f"{output.name}.parts")


def rejects_path(output: Path, ending: str) -> Path:
    """Return where the rows of an output that could not be scored go: scored.rejects.jsonl."""
    return output.with_name(f"{output.name[: -len(ending)]}.rejects.jsonl")


class OpenPart:
    """A part that is being written."""

    def __init__(self, rows: RowWriter) -> None:
        self._rows = rows
        self.stats = PartStats()
        self.reject_lines: list[str] = []

    def write(self, rows: Sequence[ScoredRow], rejects: Sequence[Reject]) -> None:
        """Add scored rows, and those that could not be."""
        self._rows.write(rows)
        self.stats.add([row.prediction for row in rows], len(rejects))
        self.reject_lines += [f"{json.dumps(asdict(reject), ensure_ascii=False)}\n" for reject in rejects]


class PartsFolder:
    """The parts of one output."""

    def __init__(self, folder: Path, ending: str, num_parts: int) -> None:
        self._folder = folder
        self._ending = ending
        self._num_parts = num_parts

    def is_done(self, part: int) -> bool:
        """Whether a part is there."""
        return self._path(part, ".json").exists()

    @contextmanager
    def write(self, part: int, output: Output) -> Iterator[OpenPart]:
        """Write a part: all of it is there afterwards, or nothing that counts."""
        with replacing(self._path(part, self._ending)) as path, output.open(path, is_first=part == 0) as rows:
            opened = OpenPart(rows)
            yield opened
        if opened.reject_lines:
            _write_text(self._path(part, ".rejects.jsonl"), "".join(opened.reject_lines))
        _write_text(self._path(part, ".json"), json.dumps(opened.stats.to_fields()))

    def stats(self) -> PartStats:
        """Return the counts over all parts that are there."""
        total = PartStats()
        for part in filter(self.is_done, range(self._num_parts)):
            total.merge(self.stats_of(part))
        return total

    def stats_of(self, part: int) -> PartStats:
        """Return the counts of a part that is there."""
        return PartStats.from_fields(json.loads(self._path(part, ".json").read_bytes()))

    def note_shards(self, num_shards: int) -> None:
        """Remember how many shards the job has, for those who ask what is missing."""
        with writable(self._folder):
            (self._folder / f"shards-{num_shards}").touch()

    def check_complete(self) -> None:
        """Raise MissingParts, naming them and their shards, if a part is not there."""
        missing = [part for part in range(self._num_parts) if not self.is_done(part)]
        if missing:
            raise MissingParts(
                f"{self._folder}: {len(missing)} of {self._num_parts} parts are missing: {_listed(missing)}"
                f"{self._shards_of(missing)}"
            )

    def join(self, path: Path, rejects: Path) -> None:
        """Write all parts as one file, and all rejects as another if there are any; the parts stay."""
        self.check_complete()
        if lines := self._reject_files():
            with replacing(rejects, self._folder) as temporary, temporary.open("wb") as whole:
                for file in lines:
                    whole.write(file.read_bytes())
        with replacing(path, self._folder) as temporary:
            join_files(
                self._ending, [self._path(part, self._ending) for part in range(self._num_parts)], temporary
            )

    def first_reject(self) -> str:
        """Return the first row that could not be scored, and why; there must be one."""
        return _read_rejects(self._reject_files()[0])[0]

    def rejects_of(self, part: int) -> list[str]:
        """Return the rows of a part that could not be scored, and why."""
        path = self._path(part, ".rejects.jsonl")
        return _read_rejects(path) if path.exists() else []

    def _reject_files(self) -> list[Path]:
        paths = [self._path(part, ".rejects.jsonl") for part in range(self._num_parts)]
        return [path for path in paths if path.exists()]

    def _path(self, part: int, ending: str) -> Path:
        return self._folder / f"part-{part:05}{ending}"

    def _shards_of(self, missing: Sequence[int]) -> str:
        noted = [path.name.removeprefix("shards-") for path in self._folder.glob("shards-*")]
        if len(noted) != 1:
            return ""
        num_shards = int(noted[0])
        shards = sorted({part % num_shards + 1 for part in missing})
        return f", of --shard {', '.join(f'{shard}/{num_shards}' for shard in shards)}"


def _read_rejects(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        return [str(Reject(**json.loads(line))) for line in lines]


def _listed(parts: Sequence[int]) -> str:
    shown = ", ".join(map(str, parts[:20]))
    return f"{shown} and {len(parts) - 20} more" if len(parts) > 20 else shown


def _write_text(path: Path, content: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
