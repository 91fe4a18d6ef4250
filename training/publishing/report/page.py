"""`index.html`: the whole report in one file that asks for nothing from elsewhere."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template

from model_store import Evaluation
from training.publishing.caveats import Selection
from training.publishing.report.gallery import Picture
from training.publishing.report.outcome import Outcome
from training.publishing.report.tables import (
    data_table,
    duplicates_table,
    figures_table,
    labels_table,
    mistakes_table,
    recipe_table,
)
from training.recipe.plan import Plan
from training.run.dataset import Dataset

__all__ = ["report_page"]

_TEMPLATE = Path(__file__).parent / "page.html"
_NUM_MISTAKES = 25


def report_page(
    plan: Plan,
    dataset: Dataset,
    temperature: float,
    evaluation: Mapping[str, Evaluation],
    outcome: Outcome,
    pictures: Iterable[Picture],
    selection: Selection,
) -> str:
    """Return the page. Text from recipe and reviews is escaped; of the reviews themselves it shows none."""
    validation = evaluation["validation"]
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        model=escape(plan.model),
        labels=escape(_enumeration(outcome.labels)),
        recipe=escape(plan.recipe_name),
        description=escape(plan.recipe.description),
        headline=_headline(validation),
        figures=figures_table(evaluation),
        pictures="\n".join(map(_figure, pictures)),
        labels_table=labels_table(validation, outcome.labels),
        num_wrong=f"{int((~outcome.right).sum()):,}",
        num_validation=f"{len(dataset.split.validation):,}",
        num_train=f"{len(dataset.split.train):,}",
        added=f", and on {dataset.added}" if dataset.added else "",
        num_reserved=f"{dataset.split.num_reserved:,}",
        mistakes=mistakes_table(outcome.confident_mistakes(_NUM_MISTAKES)),
        data=data_table(dataset.fingerprints),
        runs=escape(str(selection)),
        duplicates=duplicates_table(selection.duplicates),
        temperature=f"{temperature:.3f}",
        recipe_table=recipe_table(plan.recipe_fields()),
    )


def _headline(figures: Evaluation) -> str:
    values = {"accuracy": f"{figures.accuracy:.2%}", "F1": f"{figures.f1:.4f}"}
    if figures.auc is not None:
        values["AUC"] = f"{figures.auc:.4f}"
    values["calibration error"] = f"{figures.ece:.2%}"
    return "\n".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in values.items())


def _figure(picture: Picture) -> str:
    source = f"data:image/png;base64,{b64encode(picture.png).decode()}"
    caption = escape(picture.caption)
    return f'<figure><img src="{source}" alt="{picture.title}"><figcaption>{caption}</figcaption></figure>'


def _enumeration(labels: Sequence[str], limit: int = 10) -> str:
    more = f" and {len(labels) - limit} more" if len(labels) > limit else ""
    return ", ".join(labels[:limit]) + more
