"""The bodies of the routes that describe the loaded models."""

from dataclasses import asdict, dataclass
from typing import Any

from pydantic import Field

from model_store import Evaluation, Manifest, ModelVersion
from service.schemas.base import Schema
from service.schemas.rollout import Slots

__all__ = ["REPORT_FOLDER", "ModelDetail", "ModelInfo", "ModelList"]

REPORT_FOLDER = "report/"
"""Where a version has its report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationFigures(Evaluation):
    """How well a model did on one data set, after calibration."""


class ModelInfo(Schema):
    """A loaded model."""

    name: str = Field(examples=["reviews"])
    version: int = Field(ge=1, examples=[3])
    labels: list[str] = Field(examples=[["negative", "positive"]])
    device: str = Field(description="Where it runs.", examples=["cpu"])
    created_at: str = Field(
        description="When it was published, ISO 8601 in UTC.", examples=["2025-01-31T12:00:00Z"]
    )
    max_tokens: int = Field(description="Longer reviews are truncated to this many tokens.", examples=[400])
    evaluation: dict[str, EvaluationFigures] = Field(description="By data set.")
    report: list[str] = Field(
        description="Files of its report, as in `/models/3/report/roc.png`.", examples=[["roc.png"]]
    )

    @classmethod
    def of(cls, version: ModelVersion) -> "ModelInfo":
        """Describe a loaded model."""
        return cls(**_describe(version))


class ModelDetail(ModelInfo):
    """A loaded model with its card."""

    card: str = Field(description="The model card, in Markdown.")

    @classmethod
    def of(cls, version: ModelVersion) -> "ModelDetail":
        """Describe a loaded model in full."""
        return cls(**_describe(version), card=version.card)


class ModelList(Schema):
    """All models that are loaded; none while the first is being loaded."""

    models: list[ModelInfo] = Field(description="Those that answer, the live one first.")
    slots: Slots | None = Field(description="What each is for; null before the device is known.")


def _describe(version: ModelVersion) -> dict[str, Any]:
    manifest = version.manifest
    return {
        "name": manifest.model,
        "version": manifest.version,
        "labels": list(manifest.labels),
        "device": version.classifier.device,
        "created_at": manifest.created_at,
        "max_tokens": manifest.tokenizer.max_tokens,
        "report": _report(manifest),
        "evaluation": {name: EvaluationFigures(**asdict(each)) for name, each in manifest.evaluation.items()},
    }


def _report(manifest: Manifest) -> list[str]:
    names = [name.removeprefix(REPORT_FOLDER) for name in manifest.files if name.startswith(REPORT_FOLDER)]
    return sorted(name for name in names if "/" not in name)
