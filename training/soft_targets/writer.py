"""Writing a teacher's soft targets part by part, so that finished parts survive a stop and are not repeated.

OUTPUT.parts/plan.json          which teacher and texts the parts are of
OUTPUT.parts/part-00000.jsonl   one part, written beside and renamed
OUTPUT                          all parts as one file, once the last is there
"""

import gzip
import hashlib
import json
import lzma
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from training.errors import InvalidSoftTargets
from training.soft_targets.row import SoftTarget, digest_of
from training.soft_targets.teacher import Teacher

__all__ = ["IdentifiedText", "SoftTargetWriter"]

PART_TEXTS = 4096

_ENDINGS = (".jsonl", ".gz", ".xz")


@dataclass(frozen=True, slots=True)
class IdentifiedText:
    """A text with its id in its file."""

    id: str
    text: str


class SoftTargetWriter:
    """Writes one teacher's soft targets to a file; a second writer of the same continues where it stopped.

    Raises InvalidSoftTargets when the parts beside `output` are of another teacher or of other texts, or when
    its name does not end in .jsonl, .jsonl.gz or .jsonl.xz.
    """

    def __init__(self, output: Path, teacher: Teacher, texts: Sequence[IdentifiedText]) -> None:
        if output.suffix not in _ENDINGS:
            raise InvalidSoftTargets(f"{output}: the name must end in .jsonl, .jsonl.gz or .jsonl.xz")
        self._output = output
        self._teacher = teacher
        self._parts = [texts[start : start + PART_TEXTS] for start in range(0, len(texts), PART_TEXTS)]
        self._folder = output.with_name(f"{output.name}.parts")
        self._check_plan(texts)

    @property
    def num_parts(self) -> int:
        """Number of parts of all texts."""
        return len(self._parts)

    def write(self) -> Iterator[int]:
        """Write the parts that are missing; yield the number of texts of each part once it is on disk."""
        for index, texts in enumerate(self._parts):
            path = self._path(index)
            if not path.exists():
                _replace(path, "".join(self._lines(texts)))
            yield len(texts)

    def join(self) -> None:
        """Make one file of all parts, and remove them."""
        temporary = self._output.with_name(f".{self._output.name}.new")
        with _open(temporary, self._output.suffix) as file:
            for index in range(self.num_parts):
                file.write(self._path(index).read_text(encoding="utf-8"))
        temporary.replace(self._output)
        shutil.rmtree(self._folder)

    def _lines(self, texts: Sequence[IdentifiedText]) -> Iterator[str]:
        rows_NL = self._teacher.probabilities([each.text for each in texts])
        for each, row in zip(texts, rows_NL.tolist(), strict=True):
            probabilities = dict(zip(self._teacher.labels, row, strict=True))
            target = SoftTarget(
                teacher=self._teacher.name, probabilities=probabilities, text=each.text, id=each.id
            )
            yield f"{target.to_json()}\n"

    def _path(self, index: int) -> Path:
        return self._folder / f"part-{index:05}.jsonl"

    def _check_plan(self, texts: Sequence[IdentifiedText]) -> None:
        digest = hashlib.sha256("".join(digest_of(each.text) for each in texts).encode()).hexdigest()
        plan = {"teacher": self._teacher.name, "num_texts": len(texts), "texts_sha256": digest}
        path = self._folder / "plan.json"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            _replace(path, json.dumps(plan, indent=2))
        elif (known := json.loads(path.read_text(encoding="utf-8"))) != plan:
            raise InvalidSoftTargets(
                f"{self._folder} holds parts of {known['num_texts']:,} texts by {known['teacher']}, not of "
                f"these {len(texts):,} by {self._teacher.name}: remove it, or name another output"
            )


def _open(path: Path, ending: str) -> IO[str]:
    match ending:
        case ".gz":
            return gzip.open(path, "wt", encoding="utf-8")
        case ".xz":
            return lzma.open(path, "wt", encoding="utf-8")
        case _:
            return path.open("w", encoding="utf-8")


def _replace(path: Path, content: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(content, encoding="utf-8")
    temporary.replace(path)
