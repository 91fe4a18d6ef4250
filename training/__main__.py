"""`python -m training`: fit a model to labelled reviews, measure versions, download a data set."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from model_store import RELEASED, Manifest, Store
from reviews import read_reviews
from reviews.review import Columns, Part, Review
from sentiment import SentimentError
from training.cli import STORE_VARIABLE, parser, recipe_name
from training.data.download import ARCHIVES, digest, download
from training.data.near_duplicates import ShingledTexts, find_duplicates, pair_lines
from training.data.near_duplicates import summary as duplicate_summary
from training.distributed.processes import from_first, in_each, is_first, joined
from training.errors import InvalidBase, ProbesDoNotApply
from training.evaluation.compare import Candidate, compare_versions, comparison_lines
from training.evaluation.evaluate import evaluate_version, report_lines
from training.evaluation.probing import (
    NOT_APPLICABLE,
    as_json,
    failure_lines,
    figures_by_name,
    run_probes,
    table_lines,
)
from training.fit import fit
from training.recipe.plan import Base, Plan
from training.recipe.recipe import load_recipe
from training.run.base_version import adapted_recipe, find_base
from training.run.run import Run
from training.run.tensorboard import Scalars
from training.teach.commands import teach, write_soft_targets

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0, 1 for an error told in one line, 130 after Ctrl-C."""
    options = parser(description=__doc__ or "").parse_args(arguments)
    try:
        _COMMANDS[options.command](options)
    except SentimentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: stopped", file=sys.stderr)
        return 130
    return 0


def _fit(options: argparse.Namespace) -> None:
    with joined():
        scalars, run = in_each(lambda: _scalars(options)), from_first(lambda: _run(options))
        _say(f"run: {run.folder}")
        reference = fit(run, report=_say, scalars=scalars)
        _say(f"published {reference} in {run.plan.store}")
        _say(f"serve it with: {STORE_VARIABLE}={run.plan.store} SENTIMENT_MODEL={reference} make serve")


def _run(options: argparse.Namespace) -> Run:
    if options.resume:
        return Run.open(options.resume)
    return Run.create(options.run_folder or _new_folder(recipe_name(options)), _plan(options))


def _scalars(options: argparse.Namespace) -> Scalars | None:
    return Scalars(options.tensorboard) if options.tensorboard and is_first() else None


def _say(line: str) -> None:
    if is_first():
        print(line, flush=True)


def _evaluate(options: argparse.Namespace) -> None:
    report = evaluate_version(
        store=_store(options),
        reference=options.model,
        test=options.test,
        columns=_columns(options),
        skip_bad=options.skip_bad,
        device=options.device,
    )
    print(json.dumps(asdict(report), indent=2) if options.json else "\n".join(report_lines(report)))


def _teach(options: argparse.Namespace) -> None:
    teach(options, _columns(options))


def _soft_targets(options: argparse.Namespace) -> None:
    write_soft_targets(options, _columns(options), _store(options))


def _probe(options: argparse.Namespace) -> None:
    version = Store(_store(options)).load(options.model, device=options.device)
    results = run_probes(version.classifier)
    if results is None:
        raise ProbesDoNotApply(f"{NOT_APPLICABLE}; {version} has {', '.join(version.classifier.labels)}")
    if options.json:
        print(json.dumps({"version": str(version), "probes": as_json(results, options.failures)}, indent=2))
    else:
        lines = [str(version), *table_lines(figures_by_name(results))]
        print("\n".join([*lines, *failure_lines(results, options.failures)]))


def _compare(options: argparse.Namespace) -> None:
    store = _store(options)
    comparison = compare_versions(
        Candidate(store=store, reference=options.a),
        Candidate(store=options.other_store or store, reference=options.b),
        test=options.test,
        columns=_columns(options),
        skip_bad=options.skip_bad,
        device=options.device,
    )
    print(
        json.dumps(comparison.fields(), indent=2) if options.json else "\n".join(comparison_lines(comparison))
    )


def _duplicates(options: argparse.Namespace) -> None:
    def read(paths: Sequence[Path], part: Part) -> tuple[tuple[Review, ...], ShingledTexts]:
        columns, skip_bad = _columns(options), options.skip_bad
        reviews = read_reviews(paths, split=part, columns=columns, skip_bad=skip_bad, labelled=False).reviews
        return reviews, ShingledTexts.of(review.text for review in reviews)

    tests, test_texts = read(options.test, "test")
    parts: dict[Part, list[Path]] = {"train": options.train, "unlabelled": options.unlabelled}
    for part, paths in parts.items():
        if paths:
            others, other_texts = read(paths, part)
            found = find_duplicates(test_texts, other_texts, least_similarity=options.least_similarity)
            print(f"test in {part}: {duplicate_summary(found.figures)}")
            if options.pairs:
                print("\n".join(pair_lines(found, tests, others)))


def _download(options: argparse.Namespace) -> None:
    archive = ARCHIVES[options.name]
    path = download(
        options.url or archive.url,
        options.to / archive.file_name,
        checksum=archive.checksum,
        size_bytes=archive.size_bytes,
    )
    print(path)
    if archive.checksum is None:
        note = f"no checksum is published for {path.name}, so it was not checked; its SHA-256 is"
        print(f"{note} {digest(path, 'sha256')}", file=sys.stderr)


def _plan(options: argparse.Namespace) -> Plan:
    name = recipe_name(options)
    recipe, base = load_recipe(name), None
    teachers = tuple(_pinned(options, reference)[0] for reference in options.teachers)
    if options.base:
        base, manifest = _pinned(options, options.base)
        recipe = adapted_recipe(recipe, manifest)
        if options.unlabelled and not teachers and not recipe.objective.uses_unlabelled:
            raise InvalidBase(f"{options.base} has its vocabulary already: leave out --unlabelled")
    # Absolute, so that the run can be resumed from any folder.
    return Plan(
        recipe_name=Path(name).stem,
        recipe=recipe,
        base=base,
        teachers=teachers,
        train=tuple(path.resolve() for path in options.train),
        also_train=tuple(path.resolve() for path in options.also_train),
        unlabelled=tuple(path.resolve() for path in options.unlabelled),
        test=tuple(path.resolve() for path in options.test),
        reserved=options.reserved and options.reserved.resolve(),
        columns=_columns(options),
        skip_bad=options.skip_bad,
        store=options.store.resolve(),
        model=options.model,
        device=options.device,
    )


def _pinned(options: argparse.Namespace, reference: str) -> tuple[Base, Manifest]:
    return find_base(reference, store=options.base_store, own_store=options.store)


def _store(options: argparse.Namespace) -> Path:
    return options.store or Path(os.environ.get(STORE_VARIABLE, RELEASED))


def _new_folder(recipe: str) -> Path:
    return Path("runs") / f"{Path(recipe).stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def _columns(options: argparse.Namespace) -> Columns:
    return Columns(
        text=options.text_column,
        label=options.label_column,
        id=options.id_column,
        group=options.group_column,
        stars=options.stars,
    )


_COMMANDS = {
    "fit": _fit,
    "evaluate": _evaluate,
    "teach": _teach,
    "soft-targets": _soft_targets,
    "probe": _probe,
    "compare": _compare,
    "duplicates": _duplicates,
    "download": _download,
}


if __name__ == "__main__":
    raise SystemExit(main())
