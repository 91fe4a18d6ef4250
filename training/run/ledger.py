"""The ledger of runs: which runs were begun on which reviews, and their best validation accuracy.

Every run on the same reviews is one more choice on the same validation reviews, and the best of many looks
better than it is. The ledger counts the runs of `fit` in one folder: it is `ledger.jsonl` next to their
folders, one JSON object a line, and lines are only ever added.

It is a record and no part of a run: a problem with it is reported, and the run continues.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from model_store import DataFingerprint
from training.run.run import Run

__all__ = ["LEDGER_FILE", "Ledger"]

LEDGER_FILE = "ledger.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    event: Literal["begun"] = "begun"
    at: str
    run_id: str
    run: str
    """Name of its folder."""
    recipe: str
    recipe_sha256: str
    train_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    event: Literal["ended"] = "ended"
    at: str
    run_id: str
    run: str
    best_validation_accuracy: float


_Entry = _Begun | _Ended
_ENTRY: TypeAdapter[_Entry] = TypeAdapter(Annotated[_Entry, Field(discriminator="event")])


class Ledger:
    """The ledger next to a run's folder, as this run writes and reads it."""

    def __init__(self, run: Run, data: Sequence[DataFingerprint], report: Callable[[str], None]) -> None:
        """Take the run, the fingerprints of its data, and what reports problems with the ledger."""
        self.path = run.folder.absolute().parent / LEDGER_FILE
        self._run = run
        # Additional train data comes after that: it does not change the validation reviews.
        self._train_sha256 = _hash_of_files(data[: len(run.plan.train)])
        self._report = report

    def begin(self) -> None:
        """Record that the run has begun, unless the ledger has it: a resumed run counts once."""
        run = self._run
        begun = _Begun(
            at=_now(),
            run_id=run.run_id,
            run=run.folder.absolute().name,
            recipe=run.plan.recipe_name,
            recipe_sha256=_hash(json.dumps(run.plan.recipe_fields(), sort_keys=True).encode()),
            train_sha256=self._train_sha256,
        )
        self._record(begun)
        if num_runs := self.num_runs():
            self._report(f"runs on these train reviews, this one included: {num_runs} in {self.path}")

    def end(self, best_validation_accuracy: float) -> None:
        """Record the result of the run, unless the ledger has it."""
        run = self._run
        ended = _Ended(
            at=_now(),
            run_id=run.run_id,
            run=run.folder.absolute().name,
            best_validation_accuracy=best_validation_accuracy,
        )
        self._record(ended)

    def num_runs(self) -> int | None:
        """Return the number of runs on this run's train data; None if this one is not in the ledger."""
        try:
            entries = [it for it in self._entries(lambda _: None) if isinstance(it, _Begun)]
        except OSError:
            return None
        run_ids = {entry.run_id for entry in entries if entry.train_sha256 == self._train_sha256}
        return len(run_ids) if self._run.run_id in run_ids else None

    def _record(self, entry: _Entry) -> None:
        try:
            known = {(it.event, it.run_id) for it in self._entries(self._report)}
            if (entry.event, entry.run_id) not in known:
                _append(self.path, _ENTRY.dump_json(entry) + b"\n")
        except OSError as error:
            reason = error.strerror or error
            self._report(f"{self.path}: {reason}: this run is not recorded in the ledger as {entry.event}")

    def _entries(self, report: Callable[[str], None]) -> Iterator[_Entry]:
        if not self.path.exists():
            return
        for number, line in enumerate(self.path.read_bytes().split(b"\n"), start=1):
            if line.strip():
                try:
                    yield _ENTRY.validate_json(line)
                except ValidationError:
                    report(f"{self.path}:{number}: not an entry of the ledger, so it is not counted")


def _append(path: Path, line: bytes) -> None:
    """Add a line under a lock: a half-written line of another process would look like a broken one."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # released when it is closed
        size_bytes = os.fstat(descriptor).st_size
        if size_bytes and os.pread(descriptor, 1, size_bytes - 1) != b"\n":
            line = b"\n" + line  # a line that a crash or a full disk cut short stays on its own
        if os.write(descriptor, line) < len(line):
            raise OSError("only a part of the line could be written")
    finally:
        os.close(descriptor)


def _hash_of_files(data: Iterable[DataFingerprint]) -> str:
    """Hash the content of files, independent of their order and names."""
    return _hash("\n".join(sorted(part.sha256 for part in data)).encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
