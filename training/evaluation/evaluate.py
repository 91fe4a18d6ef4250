"""Measuring a published version on labelled reviews: what `python -m training evaluate` prints."""

import time
from dataclasses import dataclass
from pathlib import Path

from model_store import Evaluation, ProbeFigures, Store
from training.data.domains import indices_by_domain
from training.data.labels import LabelSet
from training.data.review_files import ReviewFiles
from training.data.sources import indices_by_source
from training.evaluation.domains import domain_lines
from training.evaluation.metrics import evaluate, evaluate_sources, probabilities_of, summary
from training.evaluation.probing import figures_by_name, run_probes, table_lines

__all__ = ["EvaluationReport", "evaluate_version", "report_lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationReport:
    """The figures of a version on test files."""

    version: str
    test: tuple[str, ...]
    labels: tuple[str, ...]
    num_skipped: int
    seconds: float
    """Time to tokenize and score all reviews, without loading."""
    figures: Evaluation
    sources: dict[str, Evaluation]
    """By file, if there are several."""
    domains: dict[str, Evaluation]
    """By domain, if there are several."""
    probes: dict[str, ProbeFigures]
    """By capability; empty where the probes do not apply."""


def evaluate_version(
    *, store: Path, reference: str, test: ReviewFiles, device: str = "auto"
) -> EvaluationReport:
    """Return how a version does on test reviews; raises what loading and reading raise."""
    version = Store(store).load(reference, device=device)
    collection = test.read("test")
    names = version.classifier.labels
    labels = LabelSet(names).indices(collection.reviews)
    version.classifier.warm_up()
    start = time.perf_counter()
    predictions = version.classifier.predict([review.text for review in collection.reviews])
    seconds = time.perf_counter() - start
    probabilities = probabilities_of(predictions)
    return EvaluationReport(
        version=str(version),
        test=test.names,
        labels=names,
        num_skipped=collection.num_skipped,
        seconds=seconds,
        figures=evaluate(probabilities, labels, names),
        sources=evaluate_sources(probabilities, labels, names, indices_by_source(collection)),
        domains=evaluate_sources(probabilities, labels, names, indices_by_domain(collection)),
        probes=figures_by_name(run_probes(version.classifier)),
    )


def report_lines(report: EvaluationReport) -> list[str]:
    """Return the report as lines for people."""
    width = max(len(label) for label in report.labels)
    confusion = [
        f"  {label:<{width}}  " + "  ".join(f"{count:>{max(width, 7)},}" for count in counts)
        for label, counts in zip(report.labels, report.figures.confusion, strict=True)
    ]
    skipped = [f"{report.num_skipped:,} bad reviews skipped"] if report.num_skipped else []
    return [
        f"{report.version} on {', '.join(report.test)}",
        summary(report.figures),
        *(f"{name}: {summary(figures)}" for name, figures in report.sources.items()),
        *domain_lines(report.domains),
        *skipped,
        "confusion, rows true, columns predicted:",
        f"  {'':<{width}}  " + "  ".join(f"{label:>{max(width, 7)}}" for label in report.labels),
        *confusion,
        f"{report.figures.num_reviews / report.seconds:,.0f} reviews a second",
        *table_lines(report.probes),
    ]
