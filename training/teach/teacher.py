"""A fine-tuned encoder as a teacher: its folder, and its predictions.

teacher.json            its name, labels and temperature, and the encoder that it was tuned from
teacher.safetensors     the weights that fine-tuning changed, in half precision
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from training.errors import InvalidTransformer
from training.learning.amp import has_bfloat16
from training.teach.batches import batches_by_length
from training.teach.classifier import TextClassifier, load_classifier
from training.teach.plan import file_sha256
from training.teach.tokens import SubwordTokenizer, padded

__all__ = ["TeacherDescription", "TransformerTeacher", "half_precision", "logits_of"]

_READ_TOKENS = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherDescription:
    """What teacher.json holds."""

    name: str
    labels: tuple[str, ...]
    temperature: float
    max_tokens: int
    """Maximum tokens of a text: a quarter of them from its start, the others from its end."""
    transformer: Path
    """The folder of the encoder."""
    transformer_sha256: str
    """Of its model.safetensors."""
    accuracy: Mapping[str, float]
    """The accuracy, 0 to 1, on the held-out reviews of each file."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  # pydantic's own name


_DESCRIPTION = TypeAdapter(TeacherDescription)


class TransformerTeacher:
    """A fine-tuned encoder; see `training.soft_targets.teacher.Teacher`."""

    def __init__(self, network: TextClassifier, description: TeacherDescription) -> None:
        self._network = network.eval()
        self._tokenizer = SubwordTokenizer(description.transformer, max_tokens=description.max_tokens)
        self.description = description

    @property
    def name(self) -> str:
        """Its name in files and model cards."""
        return self.description.name

    @property
    def labels(self) -> Sequence[str]:
        """The labels, in the order of the columns of `probabilities`."""
        return self.description.labels

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of each label for each text [N, L]."""
        logits_NL = logits_of(self._network, self._tokenizer.ids(texts)).double()
        return np.asarray((logits_NL / self.description.temperature).softmax(-1).numpy())

    def save(self, folder: Path) -> None:
        """Write the teacher into a folder; teacher.json comes last and shows that it is complete."""
        (folder / "teacher.safetensors").write_bytes(half_precision(self._network))
        (folder / "teacher.json").write_bytes(_DESCRIPTION.dump_json(self.description, indent=2))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the teacher in a folder; raises InvalidTransformer for what is damaged or changed."""
        try:
            description = _DESCRIPTION.validate_json((folder / "teacher.json").read_bytes())
            learned = load_file(folder / "teacher.safetensors")
        except (OSError, ValidationError, SafetensorError) as error:
            raise InvalidTransformer(f"{folder}: no teacher can be read there: {error}") from error
        if file_sha256(description.transformer / "model.safetensors") != description.transformer_sha256:
            raise InvalidTransformer(
                f"{description.transformer} is not the encoder that {description.name} was tuned from"
            )
        network = load_classifier(description.transformer, num_labels=len(description.labels))
        network.load_state_dict({name: weight.float() for name, weight in learned.items()}, strict=False)
        return cls(network, description)


def half_precision(network: TextClassifier) -> bytes:
    """Return the weights that fine-tuning changed as a safetensors file, in half precision."""
    return save({name: weight.half().contiguous() for name, weight in network.learned_weights().items()})


def logits_of(network: TextClassifier, rows: Sequence[Sequence[int]]) -> Tensor:
    """Return the logits [N, L] of rows of token ids, in their order."""
    logits_NL = torch.empty(len(rows), network.output.out_features)
    with torch.inference_mode():
        for batch in batches_by_length([len(row) for row in rows], max_tokens=_READ_TOKENS):
            with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
                logits_BL = network(*padded([rows[index] for index in batch], network.padding_id))
            logits_NL[batch] = logits_BL.float()
    return logits_NL
