"""Reading files of soft targets: the targets of usable rows, and the number of others by reason.

JSON Lines (also compressed) or Parquet. A row names its text by `text`, `sha256` (at least the first 16
digits) or `id`, and has the probability of each label in `probabilities` or in a column of the label's name.
`teacher` is optional: without it the file's name stands for it.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reviews import Row, open_rows
from reviews.streams import COMPRESSIONS, readable
from training.errors import InvalidSoftTargets
from training.soft_targets.row import DIGEST_LENGTH, SoftTarget

__all__ = ["SoftTargetFile", "read_soft_target_file", "soft_targets_sha256", "teachers_in"]

_SUM_TOLERANCE = 1e-2
"""Probabilities are often rounded to two decimals; they are scaled to sum to one."""

_ENDINGS = (*(f".jsonl{compression}" for compression in COMPRESSIONS), ".parquet")
_HEXADECIMAL = re.compile(f"[0-9a-f]{{{DIGEST_LENGTH}}}", re.IGNORECASE)

NO_TEXT = "without text, sha256 or id"
OTHER_LABELS = "with other labels"
NOT_PROBABILITIES = "whose probabilities are not from 0 to 1, or do not sum to 1"
NO_OBJECT = "that are no JSON object"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftTargetFile:
    """The usable rows of one file, and how many others there are by reason."""

    path: Path
    sha256: str
    targets: tuple[SoftTarget, ...]
    num_unusable: Mapping[str, int]

    @property
    def teachers(self) -> tuple[str, ...]:
        """The names of the teachers, sorted."""
        return tuple(sorted({target.teacher for target in self.targets}))


def read_soft_target_file(path: Path, labels: Sequence[str]) -> SoftTargetFile:
    """Read one file for a model with these labels.

    Raises InvalidSoftTargets when most rows cannot be used, and UnreadableReviews for a damaged file.
    """
    targets: list[SoftTarget] = []
    unusable: Counter[str] = Counter()
    for row in _rows(path):
        found = _target(row, labels, default_teacher=_default_teacher(path))
        if isinstance(found, SoftTarget):
            targets.append(found)
        else:
            unusable[found] += 1
    if len(targets) <= sum(unusable.values()):
        raise InvalidSoftTargets(f"{path}: {_complaint(len(targets), unusable, labels)}")
    return SoftTargetFile(
        path=path, sha256=soft_targets_sha256(path), targets=tuple(targets), num_unusable=dict(unusable)
    )


def teachers_in(path: Path) -> tuple[str, ...]:
    """Return the names of all teachers in a file, sorted; raises what `read_soft_target_file` does."""
    default = _default_teacher(path)
    rows = (row for row in _rows(path) if row is not None)
    return tuple(sorted({_string(row.get("teacher")) or default for row in rows}))


def soft_targets_sha256(path: Path) -> str:
    """Return the SHA-256 of a file; raises UnreadableReviews when it cannot be read."""
    with readable(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _target(
    row: Mapping[str, object] | None, labels: Sequence[str], *, default_teacher: str
) -> SoftTarget | str:
    """Return the row as a target, or why it is none."""
    if row is None:
        return NO_OBJECT
    text, name, sha256 = _string(row.get("text")), _string(row.get("id")), _digest(row.get("sha256"))
    if text is None and name is None and sha256 is None:
        return NO_TEXT
    probabilities = _probabilities(row, labels)
    if isinstance(probabilities, str):
        return probabilities
    return SoftTarget(
        teacher=_string(row.get("teacher")) or default_teacher,
        probabilities=probabilities,
        text=text,
        sha256=sha256,
        id=name,
    )


def _probabilities(row: Mapping[str, object], labels: Sequence[str]) -> dict[str, float] | str:
    given = row.get("probabilities")
    values: dict[str, Any] = given if isinstance(given, dict) else {label: row.get(label) for label in labels}
    if set(values) != set(labels) or not all(_is_number(value) for value in values.values()):
        return OTHER_LABELS
    total = sum(values.values())
    if not (min(values.values()) >= 0 and abs(total - 1) <= _SUM_TOLERANCE):  # also when one is not a number
        return NOT_PROBABILITIES
    return {label: values[label] / total for label in labels}


def _rows(path: Path) -> Iterator[Mapping[str, object] | None]:
    """Yield the fields of each row, or None for one that has no fields."""
    if not path.name.lower().endswith(_ENDINGS):
        raise InvalidSoftTargets(f"{path}: soft targets are read from {', '.join(_ENDINGS)}")
    for row in open_rows(path):
        yield row.fields if isinstance(row, Row) else None


def _complaint(num_usable: int, unusable: Mapping[str, int], labels: Sequence[str]) -> str:
    if not num_usable and not unusable:
        return "there is no row in it"
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in unusable.items())
    return (
        f"of {num_usable + sum(unusable.values()):,} rows most cannot be used: {reasons} "
        f"(the reviews have the labels {', '.join(labels)})"
    )


def _string(value: object) -> str | None:
    return None if value is None else str(value)


def _digest(value: object) -> str | None:
    found = _HEXADECIMAL.match(str(value))
    return found.group().lower() if found else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _default_teacher(path: Path) -> str:
    return path.name.split(".")[0]
