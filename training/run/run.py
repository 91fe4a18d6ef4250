"""The folder of a training run: its plan, and everything that it needs to continue after it was stopped.

plan.json        what was asked for
id               the run's name in the ledger, which stays when the folder is moved
threads          number of threads that it began with, which decides the last bits of its results
data.json        fingerprints of the reviews, so that a resumed run does not mix two data sets
tokenizer.json   the vocabulary, once it is learned
vectors.npy      the word vectors, once they are learned
lessons.npy      the teachers' soft targets, once they are computed
language_model.pt, classifier.pt    the state of each stage's trainer
"""

import io
import pickle
import uuid
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from model_store import DataFingerprint
from model_store.parsing import first_problem
from sentiment import Tokenizer
from training.errors import InvalidCheckpoint
from training.recipe.plan import Plan

__all__ = ["Run"]

_FINGERPRINTS = TypeAdapter(tuple[DataFingerprint, ...])


class Run:
    """A training run on disk. Each file is replaced as a whole, so that a run that is killed can continue."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan

    @classmethod
    def create(cls, folder: Path, plan: Plan) -> Self:
        """Start a run in a new folder; raises InvalidCheckpoint when there is one already."""
        if (folder / "plan.json").exists():
            raise InvalidCheckpoint(
                f"{folder} holds a run already: resume it with --resume {folder}, or name another"
            )
        folder.mkdir(parents=True, exist_ok=True)
        run = cls(folder, plan)
        run._replace("id", uuid.uuid4().hex.encode())
        run._replace("threads", str(torch.get_num_threads()).encode())
        run._replace("plan.json", plan.to_json())
        return run

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Return the run in a folder; raises InvalidCheckpoint when there is none."""
        path = folder / "plan.json"
        try:
            return cls(folder, Plan.from_json(path.read_bytes(), source=str(path)))
        except OSError as error:
            raise InvalidCheckpoint(f"{folder} holds no run to resume: {path}: {error.strerror}") from error

    @property
    def run_id(self) -> str:
        """What identifies the run; the folder's name for older runs, which have no id."""
        path = self.folder / "id"
        return path.read_text(encoding="utf-8") if path.exists() else self.folder.absolute().name

    @property
    def num_threads(self) -> int | None:
        """Number of threads that the run began with; None for older runs, which do not record it."""
        path = self.folder / "threads"
        try:
            return int(path.read_text(encoding="utf-8")) if path.exists() else None
        except ValueError as error:
            raise InvalidCheckpoint(f"{path} is damaged: {error}") from error

    def check_data(self, fingerprints: tuple[DataFingerprint, ...]) -> None:
        """Record the data the first time; later, raise InvalidCheckpoint if it has changed."""
        path = self.folder / "data.json"
        if not path.exists():
            self._replace(path.name, _FINGERPRINTS.dump_json(fingerprints, indent=2))
            return
        try:
            known = _FINGERPRINTS.validate_json(path.read_bytes())
        except ValidationError as error:
            raise InvalidCheckpoint(f"{path}: {first_problem(error)}") from error
        for before, now in zip(known, fingerprints, strict=True):
            if before != now:
                raise InvalidCheckpoint(f"{now.source} is not what this run began with: start a new run")

    def tokenizer(self) -> Tokenizer | None:
        """Return the vocabulary, if this run has learned it."""
        path = self.folder / "tokenizer.json"
        return Tokenizer.from_json(path.read_bytes()) if path.exists() else None

    def save_tokenizer(self, tokenizer: Tokenizer) -> None:
        """Save the vocabulary."""
        self._replace("tokenizer.json", tokenizer.to_json().encode())

    def vectors(self) -> NDArray[np.float32] | None:
        """Return the word vectors [V, E], if this run has learned them."""
        return self._array("vectors.npy")

    def save_vectors(self, vectors: NDArray[np.float32]) -> None:
        """Save the word vectors."""
        self._save_array("vectors.npy", vectors)

    def soft_targets(self) -> NDArray[np.float32] | None:
        """Return what teachers say of the texts [N, L], if it has been computed."""
        return self._array("lessons.npy")

    def save_soft_targets(self, targets: NDArray[np.float32]) -> None:
        """Save what teachers say of the texts."""
        self._save_array("lessons.npy", targets)

    def checkpoint(self, stage: str) -> dict[str, Any] | None:
        """Return the last state of a stage's trainer, if any; raises InvalidCheckpoint if it is damaged."""
        path = self.folder / f"{stage}.pt"
        if not path.exists():
            return None
        try:
            # Only tensors and plain data: a checkpoint from elsewhere cannot run code.
            state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        except (OSError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
            raise InvalidCheckpoint(f"{path} is damaged: {error}") from error
        return state

    def save_checkpoint(self, stage: str, state: dict[str, Any]) -> None:
        """Save the state of a stage's trainer in place of the last one."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        self._replace(f"{stage}.pt", buffer.getvalue())

    def _array(self, name: str) -> NDArray[np.float32] | None:
        path = self.folder / name
        return np.load(path, allow_pickle=False) if path.exists() else None

    def _save_array(self, name: str, array: NDArray[np.float32]) -> None:
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        self._replace(name, buffer.getvalue())

    def _replace(self, name: str, content: bytes) -> None:
        temporary = self.folder / f".{name}.new"
        temporary.write_bytes(content)
        temporary.replace(self.folder / name)
