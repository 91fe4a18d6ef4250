"""Which version is tried beside the live one, and with how much of the traffic: `rollout.json`."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from model_store.errors import CorruptRollout
from model_store.evaluation import Ratio
from model_store.files import fsync_folder, replace_durably
from model_store.parsing import first_problem
from sentiment.strict import strict

__all__ = ["ROLLOUT_FILE", "Rollout", "read_rollout", "write_rollout"]

ROLLOUT_FILE = "rollout.json"


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A candidate with its shares of the requests, each from 0 to 1."""

    candidate: Annotated[int, Field(ge=1)]
    canary: Ratio = 0.0
    """Share of the requests that the candidate answers."""
    shadow: Ratio = 0.0
    """Share of the requests that the candidate scores as well, for comparison alone."""


_ROLLOUT = TypeAdapter(Rollout)


def read_rollout(folder: Path) -> Rollout | None:
    """Return the rollout of the model in `folder`, if there is one; raises CorruptRollout, and OSError."""
    path = folder / ROLLOUT_FILE
    try:
        return _ROLLOUT.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise CorruptRollout(
            f"{path}: {first_problem(error)}: correct the file, or remove it to end the rollout"
        ) from error


def write_rollout(folder: Path, rollout: Rollout | None) -> None:
    """Replace the rollout, or end it with None; the caller holds the model's lock. Raises OSError."""
    path = folder / ROLLOUT_FILE
    if rollout is None:
        path.unlink(missing_ok=True)
        fsync_folder(folder)
    else:
        replace_durably(path, (json.dumps(asdict(rollout)) + "\n").encode())
