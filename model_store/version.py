"""A version in memory, ready to predict."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sentiment
from model_store.errors import CorruptVersion, InvalidGolden
from model_store.golden import GoldenExample
from model_store.golden import read as read_golden
from model_store.manifest import Manifest
from sentiment import InvalidTokenizer, InvalidWeights, Tokenizer

if TYPE_CHECKING:
    from sentiment import Classifier

__all__ = ["ModelVersion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """A loaded version. Call `golden.check(version.classifier, version.golden)` before it answers anyone."""

    manifest: Manifest
    classifier: "Classifier"
    golden: tuple[GoldenExample, ...]
    card: str
    """The text of MODEL_CARD.md."""

    def __str__(self) -> str:
        return f"{self.manifest.model}@{self.manifest.version}"


def build(
    folder: Path, manifest: Manifest, files: Mapping[str, bytes], device: str, precision: str
) -> ModelVersion:
    """Make a version from files whose hashes are checked; `folder` is only named in errors.

    Raises CorruptVersion when a file does not fit the manifest, and InvalidConfiguration for a device or a
    precision that cannot be had.
    """
    _check_tokenizer(folder / "tokenizer.json", manifest, files["tokenizer.json"])
    examples = _read_golden(folder / "golden.jsonl", manifest, files["golden.jsonl"])
    card = _decode(folder / "MODEL_CARD.md", files["MODEL_CARD.md"])
    try:
        classifier = sentiment.Classifier.build(  # resolved here: PyTorch is loaded for a classifier alone
            labels=manifest.labels,
            network=manifest.network,
            weights=files["model.safetensors"],
            tokenizer=files["tokenizer.json"],
            temperature=manifest.temperature,
            temperature_slope=manifest.temperature_slope,
            device=device,
            precision=precision,
        )
    except InvalidWeights as error:
        raise CorruptVersion(f"{folder / 'model.safetensors'}: {error}") from error
    return ModelVersion(manifest=manifest, classifier=classifier, golden=examples, card=card)


def _check_tokenizer(path: Path, manifest: Manifest, content: bytes) -> None:
    try:
        tokenizer = Tokenizer.from_json(content)
    except InvalidTokenizer as error:
        raise CorruptVersion(f"{path}: {error}") from error
    if tokenizer.config != manifest.tokenizer:
        raise CorruptVersion(f"{path}: its configuration is not that of tokenizer in the manifest")
    num_ids, num_rows = tokenizer.vocabulary_size, manifest.network.vocabulary_size
    if num_ids != num_rows:
        raise CorruptVersion(f"{path}: has {num_ids} words, but network.vocabulary_size is {num_rows}")


def _read_golden(path: Path, manifest: Manifest, content: bytes) -> tuple[GoldenExample, ...]:
    try:
        examples = read_golden(content)
    except InvalidGolden as error:
        raise CorruptVersion(f"{path}: {error}") from error
    if any(example.probabilities.keys() != set(manifest.labels) for example in examples):
        raise CorruptVersion(f"{path}: its labels are not those of the manifest")
    return examples


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise CorruptVersion(f"{path}: is not UTF-8 text") from error
