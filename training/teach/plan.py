"""What a teacher is fine-tuned from and how; saved in its folder for `--resume`."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from reviews import Columns
from training.errors import InvalidCheckpoint, InvalidTransformer

__all__ = ["FineTuning", "TeachingPlan", "file_sha256"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuning:
    """How an encoder is fine-tuned."""

    epochs: int = 1
    batch_tokens: int = 4096
    learning_rate: float = 4e-5
    """Of the highest layer."""
    output_rate: float = 5e-4
    """Of the linear layer on top, which starts at random."""
    layer_decay: float = 0.9
    warmup_ratio: float = 0.06
    num_frozen_layers: int = 4
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachingPlan:
    """An encoder, the reviews to tune it on, and how."""

    transformer: Path
    """A Hugging Face folder: config.json, model.safetensors, tokenizer.json."""
    transformer_sha256: str
    """Of its model.safetensors."""
    train: tuple[Path, ...]
    """Labelled reviews; a part of them is held out to measure the teacher."""
    neutral: tuple[Path, ...] = ()
    """Texts without an opinion; their targets give every label the same probability."""
    reserved: Path | None = None
    """A file with the ids of train reviews that are used for validation only, one a line."""
    columns: Columns = Columns()  # noqa: RUF009  # it is frozen
    skip_bad: bool = False
    validation_ratio: float = 0.1
    train_tokens: int = 96
    """Maximum tokens of a text in training: a quarter of them from its start, the others from its end."""
    read_tokens: int = 320
    """The same for predictions, where a token costs less."""
    max_file_tokens: tuple[int, ...] = ()
    """Maximum tokens of a file in training; its texts are then drawn at random.

    One number for each file of `train` and `neutral`, or one for all; an empty tuple takes all texts."""
    max_validation_texts: int = 1000
    """Held-out texts of one file that the teacher is measured on."""
    finetuning: FineTuning = field(default_factory=FineTuning)

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  # pydantic's own name

    def __post_init__(self) -> None:
        num_files, num_limits = len(self.train) + len(self.neutral), len(self.max_file_tokens)
        if num_limits not in (0, 1, num_files):
            raise InvalidTransformer(
                f"there are {num_limits} limits on tokens for {num_files} files: give one for each, or one"
            )

    def file_limit(self, index: int) -> int | None:
        """Return the maximum tokens of a file, by its index in `train` and then `neutral`; None for all."""
        limits = self.max_file_tokens
        if not limits:
            return None
        return limits[index] if len(limits) > 1 else limits[0]

    def to_json(self) -> bytes:
        """Return the plan as `from_json` reads it."""
        return _PLAN.dump_json(self, indent=2)

    @classmethod
    def from_json(cls, saved: bytes, *, source: str) -> "TeachingPlan":
        """Return a saved plan; raises InvalidCheckpoint naming `source`."""
        try:
            return _PLAN.validate_json(saved)
        except ValidationError as error:
            raise InvalidCheckpoint(f"{source}: {error.errors()[0]['msg']}") from error


_PLAN = TypeAdapter(TeachingPlan)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file; raises InvalidTransformer when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidTransformer(f"{path}: {error.strerror}") from error
