"""Versions as text for people: a row of the list, and the page of one version."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from model_store.evaluation import Evaluation, defined_figures
from model_store.manifest import (
    DataFingerprint,
    DuplicateFigures,
    InvarianceFigures,
    Manifest,
    ProbeFigures,
)
from sentiment.lengths import REFERENCE_TOKENS

__all__ = ["HEADINGS", "describe", "format_size", "row", "table"]

HEADINGS = ("MODEL", "VERSION", "ALIASES", "CREATED", "ACCURACY", "SIZE")


def row(manifest: Manifest, aliases: Mapping[str, int]) -> tuple[str, ...]:
    """Return a version's cells under `HEADINGS`."""
    return (
        manifest.model,
        str(manifest.version),
        _names(aliases, manifest.version),
        manifest.created_at,
        _accuracy(manifest.evaluation),
        format_size(manifest.size_bytes),
    )


def table(rows: Iterable[Sequence[str]], headings: Sequence[str] = HEADINGS) -> str:
    """Return rows under their headings, columns in line."""
    lines = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def describe(manifest: Manifest, aliases: Mapping[str, int]) -> str:
    """Return a page on a version; the training recipe is left to the JSON."""
    facts = {
        "created": manifest.created_at,
        "aliases": _names(aliases, manifest.version),
        "labels": ", ".join(manifest.labels),
        "network": _pairs(asdict(manifest.network)),
        "tokenizer": _pairs(asdict(manifest.tokenizer)),
        "temperature": _temperature(manifest),
        "libraries": _pairs(dict(sorted(manifest.libraries.items()))),
    }
    if manifest.num_runs is not None:
        facts["runs"] = f"{manifest.num_runs} on these train reviews by then, this one included"
    lines = [f"{manifest.model}@{manifest.version}", *_block(facts)]
    lines += ["", "evaluation", *_block({name: _figures(it) for name, it in manifest.evaluation.items()})]
    if manifest.probes:
        lines += ["", "probes", *_block({name: _failed(it) for name, it in manifest.probes.items()})]
    if manifest.invariance:
        lines += ["", "invariance", *_block(_invariance(manifest.invariance))]
    if manifest.duplicates:
        lines += ["", "duplicates", *_block({name: _found(it) for name, it in manifest.duplicates.items()})]
    lines += ["", "data", *(f"  {_fingerprint(data)}" for data in manifest.data)]
    sizes = {name: format_size(entry.size_bytes) for name, entry in sorted(manifest.files.items())}
    return "\n".join([*lines, "", "files", *_block(sizes)])


def _temperature(manifest: Manifest) -> str:
    slope = manifest.temperature_slope
    return f"{manifest.temperature:g}" + (f" * (tokens / {REFERENCE_TOKENS})^{slope:g}" if slope else "")


def _invariance(figures: InvarianceFigures) -> dict[str, str]:
    spread = {
        f"spread over {name}": f"at most {it.largest:.3f}, mean {it.mean:.3f} in {it.num_frames} sentences"
        for name, it in figures.spread.items()
    }
    changes = {
        f"labels changed by {name}": f"{it.change_ratio:.2%} of {it.num_reviews:,} reviews"
        for name, it in figures.label_changes.items()
    }
    return spread | changes


def format_size(size_bytes: int) -> str:
    """Return a size as people read it, as in "12.3 MiB"."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def _names(aliases: Mapping[str, int], version: int) -> str:
    return ", ".join(alias for alias, target in aliases.items() if target == version) or "-"


def _accuracy(evaluation: Mapping[str, Evaluation]) -> str:
    """Return the most telling accuracy: on test reviews if there is one, else on validation reviews."""
    for name in ("test", "validation", *sorted(evaluation)):
        if name in evaluation:
            return f"{evaluation[name].accuracy:.4f} ({name})"
    return "-"


def _figures(evaluation: Evaluation) -> str:
    figures = ", ".join(f"{figure.title} {value:.4f}" for figure, value in defined_figures(evaluation))
    return f"{figures} on {evaluation.num_reviews} reviews"


def _failed(probe: ProbeFigures) -> str:
    return f"{probe.failure_ratio:.1%} of {probe.num_cases} cases failed"


def _found(duplicates: DuplicateFigures) -> str:
    return (
        f"{duplicates.num_near} of {duplicates.num_reviews} reviews have a near-duplicate, "
        f"{duplicates.num_exact} of them an exact copy"
    )


def _fingerprint(data: DataFingerprint) -> str:
    labels = _pairs(dict(sorted(data.label_counts.items())))
    labelled = f" ({labels})" if labels else ""
    return f"{data.role}: {data.source}, {data.num_reviews} reviews{labelled}, SHA-256 {data.sha256}"


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _block(facts: Mapping[str, str]) -> list[str]:
    width = max(map(len, facts), default=0)
    return [f"  {name.ljust(width)}  {text}" for name, text in facts.items()]
