"""The model card: what a version is, what it was made of, how good it is and where it fails."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from string import Template

from model_store import (
    FIGURES,
    STAR_FIGURES,
    DataFingerprint,
    Evaluation,
    InvarianceFigures,
    ProbeFigures,
)
from training.evaluation.calibration import MIN_REVIEWS, keeps_base_temperature
from training.evaluation.domains import DOMAIN_HEADER, domain_rows
from training.evaluation.invariance import LABELS_DO_NOT_SPREAD
from training.evaluation.probing import NOT_APPLICABLE
from training.evaluation.probing import summary as probe_summary
from training.publishing.caveats import Caveats
from training.publishing.results import Results, Trained
from training.recipe.plan import Plan

__all__ = ["model_card"]

_TEMPLATE = Path(__file__).parent / "model_card.md"


def model_card(trained: Trained, results: Results) -> str:
    """Return the card as Markdown."""
    plan, dataset, network = trained.plan, trained.dataset, trained.network.config
    labels, split = dataset.labels.names, dataset.split
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        asdict(network) | asdict(plan.recipe.tokenizer),
        model=plan.model,
        labels=", ".join(labels),
        directions="bidirectional" if network.bidirectional else "unidirectional",
        vocabulary_size=f"{network.vocabulary_size:,}",
        temperature=str(results.temperature),
        calibration=_calibration(plan, len(split.validation)),
        recipe=plan.recipe_name,
        base=_base(plan) + _teachers(plan),
        description=plan.recipe.description,
        data_rows=_data_rows(dataset.fingerprints),
        num_train=f"{len(split.train):,}",
        added=f", and on {dataset.added}" if dataset.added else "",
        num_validation=f"{len(split.validation):,}",
        num_reserved=f"{split.num_reserved:,}",
        evaluation_rows=_evaluation_rows(results.evaluation),
        domains="".join(_domains(name, domains) for name, domains in results.domains.items()),
        confusions=_confusions(results.evaluation, labels),
        duplicate_rows=_duplicate_rows(results.caveats),
        runs=results.caveats,
        probes=_probes(results.probes),
        invariance=_invariance(results.invariance.figures),
    )


def _calibration(plan: Plan, num_validation: int) -> str:
    if plan.base and keeps_base_temperature(num_validation):
        return f"that of {plan.base}, since there are fewer than {MIN_REVIEWS} validation reviews to fit one"
    return "fitted on validation"


def _base(plan: Plan) -> str:
    if plan.base is None:
        return ""
    kept = {
        "base": "vocabulary and\nnetwork it has",
        "new": "network\nit has, with the vectors of the words that both know",
    }
    return (
        f"\n\nIt started from `{plan.base}` (SHA-256 of its weights `{plan.base.weights_sha256}`), whose "
        f"{kept[plan.recipe.vocabulary]}. The card of that version says what it was trained on."
    )


def _teachers(plan: Plan) -> str:
    if not plan.has_teachers:
        return ""
    config = plan.recipe.distillation
    rows = [f"* `{it}`, SHA-256 of its weights `{it.weights_sha256}`" for it in plan.teachers]
    rows += [
        f"* soft targets by {', '.join(it.teachers)} in `{it.path.name}`, SHA-256 `{it.sha256}`"
        for it in plan.soft_targets
    ]
    if plan.teachers and config.linear_teacher:
        rows.append("* a linear model of word sequences, fitted to the same train reviews")
    return (
        "\n\nIt learned from teachers as well, from the mean of what they say of a text: for texts without "
        "a label\n"
        f"that alone, for others {1 - config.label_weight:g} of it and {config.label_weight:g} of the "
        "label.\n\n" + "\n".join(rows)
    )


def _data_rows(data: Sequence[DataFingerprint]) -> str:
    return "\n".join(
        f"| {part.role} | {part.source} | {part.num_reviews:,} | {_counts(part)} | `{part.sha256[:16]}…` |"
        for part in data
    )


def _counts(part: DataFingerprint) -> str:
    return ", ".join(f"{label}: {count:,}" for label, count in part.label_counts.items()) or "none"


def _evaluation_rows(evaluation: Mapping[str, Evaluation]) -> str:
    columns = {name: figure for name, figure in FIGURES.items() if name not in STAR_FIGURES}
    rows = (
        f"| {name} | {figures.num_reviews:,} | "
        + " | ".join(figure.text(getattr(figures, field), missing="") for field, figure in columns.items())
        + " |"
        for name, figures in evaluation.items()
    )
    distances = (
        f"On {name}, labels are {figures.mae:.3f} off on average, {figures.within_one:.2%} at most one."
        for name, figures in evaluation.items()
        if figures.mae is not None
    )
    return "\n\n".join(["\n".join(rows), *distances])


def _domains(name: str, domains: Mapping[str, Evaluation]) -> str:
    """Return the table of a data set's figures by domain, with an empty line after it."""
    header = f"| {name}, by {' | '.join(DOMAIN_HEADER)} |\n|---{'|---' * (len(DOMAIN_HEADER) - 1)}|"
    rows = (f"| {' | '.join(cells)} |" for cells in domain_rows(domains))
    return "\n".join([header, *rows]) + "\n\n"


def _confusions(evaluation: Mapping[str, Evaluation], labels: Sequence[str]) -> str:
    return "\n\n".join(_confusion(name, figures, labels) for name, figures in evaluation.items())


def _confusion(name: str, figures: Evaluation, labels: Sequence[str]) -> str:
    header = f"| {name}: true \\ predicted | " + " | ".join(labels) + " |\n|---" + "|---" * len(labels) + "|"
    rows = (
        f"| {label} | " + " | ".join(f"{count:,}" for count in counts) + " |"
        for label, counts in zip(labels, figures.confusion, strict=True)
    )
    return "\n".join([header, *rows])


def _duplicate_rows(caveats: Caveats) -> str:
    return "\n".join(
        f"| {name} | {it.num_reviews:,} | {it.num_near:,} | {it.num_exact:,} |"
        for name, it in caveats.duplicates.items()
    )


def _probes(probes: Mapping[str, ProbeFigures]) -> str:
    if not probes:
        return f"Not run: {NOT_APPLICABLE}."
    rows = (f"| {name} | {it.num_cases:,} | {it.failure_ratio:.1%} |" for name, it in probes.items())
    return "\n".join(
        [f"{probe_summary(probes)}.", "", "| capability | cases | failed |", "|---|---|---|", *rows]
    )


def _invariance(figures: InvarianceFigures) -> str:
    spread = [
        f"| {name} | {it.num_words:,} | {it.num_frames:,} | {it.largest:.3f} | {it.mean:.3f} |"
        for name, it in figures.spread.items()
    ]
    changes = (
        f"| {name} | {it.num_reviews:,} | {it.change_ratio:.2%} |"
        for name, it in figures.label_changes.items()
    )
    spread_header = (
        "| words | number | sentences | largest difference of the probability | mean of the sentences' |"
    )
    parts = [
        [spread_header, "|---|---|---|---|---|", *spread] if spread else [f"Spread {LABELS_DO_NOT_SPREAD}."],
        ["| change | reviews | other label |", "|---|---|---|", *changes],
    ]
    return "\n\n".join("\n".join(part) for part in parts)
