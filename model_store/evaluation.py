"""How well a version does on one data set; each figure is declared once, with its name and format."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, get_type_hints

from pydantic import Field, GetJsonSchemaHandler, JsonValue
from pydantic_core import CoreSchema

from sentiment.strict import strict

__all__ = ["FIGURES", "STAR_FIGURES", "Count", "Evaluation", "Figure", "Ratio", "defined_figures"]

Count = Annotated[int, Field(ge=0)]
Ratio = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True)
class Figure:
    """What people should know of a figure, for tables, lines and schemas."""

    title: str
    description: str
    in_percent: bool = False

    def text(self, value: float | None, *, missing: str = "-") -> str:
        """Return a value as people read it, "92.72%" or "0.9272", and `missing` for None."""
        if value is None:
            return missing
        return f"{value:.2%}" if self.in_percent else f"{value:.4f}"

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, JsonValue]:
        """Describe the field that the figure stands at, wherever pydantic makes a schema of it."""
        return {**handler(schema), "description": self.description}


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The figures of a calibrated version on one data set."""

    num_reviews: Annotated[int, Field(ge=1)]
    accuracy: Annotated[
        Ratio, Figure("accuracy", "Share of reviews whose label is predicted.", in_percent=True)
    ]
    f1: Annotated[Ratio, Figure("F1", "Mean over the labels.")]
    auc: Annotated[Ratio | None, Figure("AUC", "Area under the ROC curve; null unless there are two labels.")]
    ece: Annotated[Ratio, Figure("ECE", "Expected calibration error.", in_percent=True)]
    nll: Annotated[float, Field(ge=0), Figure("NLL", "Mean negative log likelihood, in nats.")]
    brier: Annotated[
        float,
        Field(ge=0, le=2),
        Figure("Brier", "Squared errors of the probabilities of all labels, mean over the reviews."),
    ]
    confusion: Annotated[
        tuple[tuple[Count, ...], ...],
        Field(description="`confusion[true][predicted]`, in the order of labels."),
    ]
    mae: Annotated[
        Annotated[float, Field(ge=0)] | None,
        Figure("MAE", "Mean absolute error, in stars; null unless all labels are numbers."),
    ] = None
    within_one: Annotated[
        Ratio | None,
        Figure(
            "within one", "Share at most one star off; null unless all labels are numbers.", in_percent=True
        ),
    ] = None

    def __post_init__(self) -> None:
        if any(len(row) != len(self.confusion) for row in self.confusion):
            raise ValueError("confusion must be square")
        if sum(map(sum, self.confusion)) != self.num_reviews:
            raise ValueError(f"confusion must add up to num_reviews, {self.num_reviews}")


FIGURES = {
    name: figure
    for name, hint in get_type_hints(Evaluation, include_extras=True).items()
    for figure in getattr(hint, "__metadata__", ())
    if isinstance(figure, Figure)
}
"""All figures by their field of `Evaluation`, in the order of declaration."""

STAR_FIGURES = ("mae", "within_one")
"""Those that only labels in numbers have."""


def defined_figures(evaluation: Evaluation) -> Iterator[tuple[Figure, float]]:
    """Yield the figures that an evaluation has with their values, those of stars next to accuracy."""
    accuracy_first = {name: FIGURES[name] for name in ("accuracy", *STAR_FIGURES)} | FIGURES
    for name, figure in accuracy_first.items():
        value = getattr(evaluation, name)
        if value is not None:
            yield figure, value
