"""`index.html`: the whole report in one file, which loads nothing else."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template

from model_store import FIGURES, Evaluation
from training.publishing.report.gallery import Picture
from training.publishing.report.tables import (
    data_table,
    domains_table,
    duplicates_table,
    figures_table,
    labels_table,
    mistakes_table,
    recipe_table,
)
from training.publishing.results import Results, Trained

__all__ = ["report_page"]

_TEMPLATE = Path(__file__).parent / "page.html"
_NUM_MISTAKES = 25
_HEADLINE = {"accuracy": "accuracy", "f1": "F1", "auc": "AUC", "ece": "calibration error"}
"""The figures at the top, with what they are called there."""


def report_page(trained: Trained, results: Results, pictures: Iterable[Picture]) -> str:
    """Return the page. Text from the recipe and ids are escaped; texts of reviews are not shown."""
    plan, dataset = trained.plan, trained.dataset
    validation, predictions = results.evaluation["validation"], results.predictions
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        model=escape(plan.model),
        labels=escape(_enumeration(predictions.labels)),
        recipe=escape(plan.recipe_name),
        description=escape(plan.recipe.description),
        headline=_headline(validation),
        figures=figures_table(results.evaluation),
        domains="\n".join(domains_table(name, domains) for name, domains in results.domains.items()),
        pictures="\n".join(map(_figure, pictures)),
        labels_table=labels_table(validation, predictions.labels),
        num_wrong=f"{int((~predictions.right).sum()):,}",
        num_validation=f"{len(dataset.split.validation):,}",
        num_train=f"{len(dataset.split.train):,}",
        added=f", and on {dataset.added}" if dataset.added else "",
        num_reserved=f"{dataset.split.num_reserved:,}",
        mistakes=mistakes_table(predictions.confident_mistakes(_NUM_MISTAKES)),
        data=data_table(dataset.fingerprints),
        runs=escape(str(results.caveats)),
        duplicates=duplicates_table(results.caveats.duplicates),
        temperature=str(results.temperature),
        recipe_table=recipe_table(plan.recipe_fields()),
    )


def _headline(figures: Evaluation) -> str:
    values = ((title, FIGURES[name], getattr(figures, name)) for name, title in _HEADLINE.items())
    return "\n".join(
        f"<div><dt>{title}</dt><dd>{figure.text(value)}</dd></div>"
        for title, figure, value in values
        if value is not None
    )


def _figure(picture: Picture) -> str:
    source = f"data:image/png;base64,{b64encode(picture.png).decode()}"
    caption = escape(picture.caption)
    return f'<figure><img src="{source}" alt="{picture.title}"><figcaption>{caption}</figcaption></figure>'


def _enumeration(labels: Sequence[str], limit: int = 10) -> str:
    more = f" and {len(labels) - limit} more" if len(labels) > limit else ""
    return ", ".join(labels[:limit]) + more
