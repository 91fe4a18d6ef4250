"""The versions that one process holds: the live one whole, the previous one without its look-up table."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model_store import GoldenExample, Manifest, ModelVersion
from service.batching.batcher import Batcher
from service.batching.model import Model

if TYPE_CHECKING:  # it would load PyTorch
    from sentiment import ClassifierParts

__all__ = ["RestingVersion", "Slot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A loaded version, and what scores requests with it."""

    version: ModelVersion
    model: Model
    batcher: Batcher

    @property
    def number(self) -> int:
        """The version's number."""
        return self.version.manifest.version


@dataclass(frozen=True, slots=True, kw_only=True)
class RestingVersion:
    """A version that may be wanted again: its network and tokenizer, without the table of its engine."""

    manifest: Manifest
    golden: tuple[GoldenExample, ...]
    card: str
    parts: "ClassifierParts"

    @classmethod
    def of(cls, version: ModelVersion) -> "RestingVersion":
        """Take what is to be kept of a version."""
        return cls(
            manifest=version.manifest,
            golden=version.golden,
            card=version.card,
            parts=version.classifier.parts,
        )

    def wake(self) -> ModelVersion:
        """Return the version with a table of its own again; takes less than a second."""
        return ModelVersion(
            manifest=self.manifest, golden=self.golden, card=self.card, classifier=self.parts.build()
        )
