"""What a job is: `run.json`, by which a resume or another shard sees whether the parts are its own."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoring.errors import OtherJob
from scoring.files import create
from scoring.survey import InputSurvey

__all__ = ["RunRecord", "read_record"]

_FORMAT = 1
_HARDWARE = "hardware"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What decides the bytes of an output, each part of it a small JSON object."""

    inputs: tuple[Mapping[str, Any], ...]
    """Name, size and SHA-256 of each file; two names for the same content are the same job."""
    columns: Mapping[str, Any]
    """What the user said of the columns, how they are read, and what they are called."""
    part_rows: int
    model_version: Mapping[str, Any]
    software: Mapping[str, str]
    hardware: Mapping[str, Any]
    """The processor, what computes on it, and the number of threads."""
    labels: tuple[str, ...]
    survey: InputSurvey
    """It follows from inputs and columns, so it is not compared."""

    def agree(self, folder: Path, *, allow_other_hardware: bool) -> "RunRecord":
        """Begin a job in a folder or join the one that is there, and return the record that holds for all.

        Raises OtherJob, saying what differs, if the folder belongs to another one.
        """
        path = folder / "run.json"
        if create(path, self._to_json()):
            return self
        known = read_record(folder)
        ignored = {"survey", "labels"} | ({_HARDWARE} if allow_other_hardware else set())
        if differences := list(_differences(self._compared(ignored), known._compared(ignored))):
            hint = "; --allow-other-hardware goes on, equal within 1e-6"
            only_hardware = all(difference.startswith(_HARDWARE) for difference in differences)
            raise OtherJob(
                f"{folder}: its parts belong to another job: {'; '.join(differences)}"
                f"{hint if only_hardware else ': remove it, or name another output'}"
            )
        return known

    @property
    def version_name(self) -> str:
        """The version as people write it: "reviews@2"."""
        return f"{self.model_version['name']}@{self.model_version['version']}"

    def _compared(self, ignored: set[str]) -> dict[str, Any]:
        fields = json.loads(self._to_json())
        for file in fields["inputs"]:
            del file["name"]
        return {name: value for name, value in fields.items() if name not in ignored}

    def _to_json(self) -> bytes:
        fields = {
            "format": _FORMAT,
            "inputs": list(self.inputs),
            "columns": self.columns,
            "part_rows": self.part_rows,
            "model_version": self.model_version,
            "software": self.software,
            _HARDWARE: self.hardware,
            "labels": self.labels,
            "survey": self.survey.to_fields(),
        }
        return (json.dumps(fields, indent=2, ensure_ascii=False) + "\n").encode()


def read_record(folder: Path) -> RunRecord:
    """Return the record of the job whose parts are in a folder; raises OtherJob if there is none."""
    path = folder / "run.json"
    try:
        fields = json.loads(path.read_bytes())
        if fields["format"] != _FORMAT:
            raise OtherJob(f"{path}: is of another release (format {fields['format']}): remove {folder}")
        return RunRecord(
            inputs=tuple(fields["inputs"]),
            columns=fields["columns"],
            part_rows=fields["part_rows"],
            model_version=fields["model_version"],
            software=fields["software"],
            hardware=fields[_HARDWARE],
            labels=tuple(fields["labels"]),
            survey=InputSurvey.from_fields(fields["survey"]),
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise OtherJob(
            f"{path}: is no record of a job ({error}): remove {folder}, or name another output"
        ) from error


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Yield what differs, name by name."""
    for name in ours.keys() | theirs.keys():
        mine, other = ours.get(name), theirs.get(name)
        if mine == other:
            continue
        if isinstance(mine, dict) and isinstance(other, dict):
            yield from _differences(mine, other, f"{above}{name}.")
        else:
            yield f"{above}{name} is {_short(mine)}, there it is {_short(other)}"


def _short(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
