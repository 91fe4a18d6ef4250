"""Tables of the page, as HTML."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import numpy as np
from pydantic import JsonValue

from model_store import FIGURES, STAR_FIGURES, DataFingerprint, DuplicateFigures, Evaluation
from training.evaluation.domains import DOMAIN_HEADER, domain_rows
from training.publishing.validation_predictions import Mistake

__all__ = [
    "data_table",
    "domains_table",
    "duplicates_table",
    "figures_table",
    "labels_table",
    "mistakes_table",
    "recipe_table",
]


def figures_table(evaluation: Mapping[str, Evaluation]) -> str:
    """Return the figures by data set; stars have two columns more."""
    stars = any(figures.mae is not None for figures in evaluation.values())
    shown = {name: figure for name, figure in FIGURES.items() if stars or name not in STAR_FIGURES}
    rows = (
        [
            name,
            f"{evaluated.num_reviews:,}",
            *(figure.text(getattr(evaluated, field)) for field, figure in shown.items()),
        ]
        for name, evaluated in evaluation.items()
    )
    return _table(["on", "reviews", *(figure.title for figure in shown.values())], rows, num_texts=1)


def domains_table(name: str, domains: Mapping[str, Evaluation]) -> str:
    """Return the figures on a data set by domain, with their means."""
    header = [f"{name}, by {DOMAIN_HEADER[0]}", *DOMAIN_HEADER[1:]]
    return _table(header, domain_rows(domains), num_texts=1)


def labels_table(evaluation: Evaluation, labels: Sequence[str]) -> str:
    """Return precision and recall of each label."""
    counts = np.array(evaluation.confusion)
    rows = (
        [label, f"{true:,}", f"{given:,}", _share(hits, given), _share(hits, true)]
        for label, true, given, hits in zip(
            labels, counts.sum(axis=1), counts.sum(axis=0), counts.diagonal(), strict=True
        )
    )
    return _table(["label", "reviews", "predicted", "precision", "recall"], rows, num_texts=1)


def mistakes_table(mistakes: Iterable[Mistake]) -> str:
    """Return wrong answers."""
    rows = (
        [mistake.id, mistake.truth, mistake.predicted, f"{mistake.confidence:.2%}", f"{mistake.num_tokens:,}"]
        for mistake in mistakes
    )
    return _table(["review", "true", "predicted", "confidence", "tokens"], rows, num_texts=3)


def data_table(data: Iterable[DataFingerprint]) -> str:
    """Return the data that the version has seen."""
    rows = (
        [part.role, part.source, _counts(part.label_counts), f"{part.sha256[:16]}…", f"{part.num_reviews:,}"]
        for part in data
    )
    return _table(["role", "source", "labels", "SHA-256", "reviews"], rows, num_texts=4)


def duplicates_table(duplicates: Mapping[str, DuplicateFigures]) -> str:
    """Return how many reviews of one part of the data are in another part."""
    rows = (
        [name, f"{it.num_reviews:,}", f"{it.num_near:,}", f"{it.num_exact:,}"]
        for name, it in duplicates.items()
    )
    return _table(["reviews", "number", "near-duplicates", "exact copies among them"], rows, num_texts=1)


def recipe_table(recipe: Mapping[str, JsonValue]) -> str:
    """Return every field of a recipe by its dotted name."""
    rows = ([name, str(value)] for name, value in _flat(recipe) if name != "description")
    return _table(["field", "value"], rows, num_texts=2)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], *, num_texts: int) -> str:
    """Return a table with text in the first columns and numbers in the others."""

    def row(tag: str, cells: Sequence[str]) -> str:
        kinds = ["" if index < num_texts else ' class="number"' for index in range(len(cells))]
        return "<tr>" + "".join(
            f"<{tag}{kind}>{escape(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True)
        ) + "</tr>"  # fmt: skip

    body = "\n".join(row("td", cells) for cells in rows)
    return (
        f'<div class="scroll"><table>\n<thead>{row("th", header)}</thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _flat(fields: Mapping[str, JsonValue], prefix: str = "") -> Iterable[tuple[str, JsonValue]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None:
            yield f"{prefix}{name}", value


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "-"


def _counts(label_counts: Mapping[str, int]) -> str:
    return ", ".join(f"{label}:\xa0{count:,}" for label, count in label_counts.items()) or "none"
