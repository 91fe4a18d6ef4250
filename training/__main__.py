"""`python -m training`: fit a model to labelled reviews, measure versions, download a data set."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from model_store import RELEASED
from sentiment import SentimentError
from training.comparison import Candidate, compare_versions, comparison_lines
from training.download import ARCHIVES, download
from training.evaluation import evaluate_version, report_lines
from training.fit import fit
from training.plan import Plan
from training.recipe import load_recipe, recipe_names
from training.reviews import Columns
from training.run import Run
from training.scalars import Scalars

__all__ = ["main"]

_STORE_VARIABLE = "SENTIMENT_MODEL_STORE"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0, 1 for an error told in one line, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except SentimentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: stopped", file=sys.stderr)
        return 130
    return 0


def _fit(options: argparse.Namespace) -> None:
    scalars = Scalars(options.tensorboard) if options.tensorboard else None
    if options.resume:
        run = Run.open(options.resume)
    else:
        run = Run.create(options.run_folder or _new_folder(options.recipe), _plan(options))
    print(f"run: {run.folder}", flush=True)
    reference = fit(run, report=lambda line: print(line, flush=True), scalars=scalars)
    print(f"published {reference} in {run.plan.store}")
    print(f"serve it with: {_STORE_VARIABLE}={run.plan.store} SENTIMENT_MODEL={reference} make serve")


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


def _store(options: argparse.Namespace) -> Path:
    return options.store or Path(os.environ.get(_STORE_VARIABLE, RELEASED))


def _download(options: argparse.Namespace) -> None:
    archive = ARCHIVES[options.name]
    path = download(
        options.url or archive.url,
        options.to / archive.file_name,
        md5=archive.md5,
        size_bytes=archive.size_bytes,
    )
    print(path)


def _plan(options: argparse.Namespace) -> Plan:
    # Absolute, so that the run can be resumed from any folder.
    return Plan(
        recipe_name=Path(options.recipe).stem,
        recipe=load_recipe(options.recipe),
        train=tuple(path.resolve() for path in options.train),
        unlabelled=tuple(path.resolve() for path in options.unlabelled),
        test=tuple(path.resolve() for path in options.test),
        reserved=options.reserved and options.reserved.resolve(),
        columns=_columns(options),
        skip_bad=options.skip_bad,
        store=options.store.resolve(),
        model=options.model,
        device=options.device,
    )


def _new_folder(recipe: str) -> Path:
    return Path("runs") / f"{Path(recipe).stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def _columns(options: argparse.Namespace) -> Columns:
    return Columns(
        text=options.text_column, label=options.label_column, id=options.id_column, group=options.group_column
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_fit(commands.add_parser("fit", help="train a model and publish it as the next version"))
    _add_evaluate(commands.add_parser("evaluate", help="measure a version on labelled reviews"))
    _add_compare(commands.add_parser("compare", help="measure two versions on the same labelled reviews"))
    _add_download(commands.add_parser("download", help="fetch a public data set and check it"))
    return parser


def _add_fit(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(recipe_names())
    parser.add_argument("--recipe", default="cpu", help=f"{names}, or a .toml file (default: %(default)s)")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--train", nargs="+", type=Path, metavar="PATH", help="labelled reviews")
    what.add_argument("--resume", type=Path, metavar="FOLDER", help="go on with a run that was stopped")
    parser.add_argument(
        "--unlabelled",
        nargs="+",
        type=Path,
        default=[],
        metavar="PATH",
        help="more texts to learn words from",
    )
    parser.add_argument(
        "--test",
        nargs="+",
        type=Path,
        default=[],
        metavar="PATH",
        help="labelled reviews to report on at the end",
    )
    parser.add_argument(
        "--reserved", type=Path, metavar="FILE", help="ids of train reviews to validate on only"
    )
    parser.add_argument("--run-folder", type=Path, metavar="FOLDER", help="default: runs/RECIPE-TIME")
    parser.add_argument(
        "--store", type=Path, default=Path("models"), help="model store to publish to (default: %(default)s)"
    )
    parser.add_argument("--model", default="reviews", help="name of the model (default: %(default)s)")
    parser.add_argument(
        "--tensorboard", type=Path, metavar="FOLDER", help="write curves for TensorBoard; also with --resume"
    )
    _add_reading(parser)
    parser.set_defaults(run=_fit)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    _add_measuring(parser)
    parser.add_argument(
        "--model",
        default="reviews",
        metavar="REFERENCE",
        help="such as reviews@3 (default: its production version)",
    )
    parser.set_defaults(run=_evaluate)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", metavar="A", help="such as reviews@1")
    parser.add_argument("b", metavar="B", help="such as reviews@2; differences are B - A")
    parser.add_argument("--other-store", type=Path, metavar="STORE", help="store of B (default: that of A)")
    _add_measuring(parser)
    parser.set_defaults(run=_compare)


def _add_measuring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--test", nargs="+", type=Path, required=True, metavar="PATH", help="labelled reviews"
    )
    parser.add_argument(
        "--store", type=Path, help=f"model store (default: ${_STORE_VARIABLE}, else the released one)"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    _add_reading(parser)


def _add_reading(parser: argparse.ArgumentParser) -> None:
    defaults = Columns()
    for name in ("text", "label", "id", "group"):
        parser.add_argument(
            f"--{name}-column",
            default=getattr(defaults, name),
            metavar="NAME",
            help=f"field that holds the {name} (default: %(default)s)",
        )
    parser.add_argument(
        "--skip-bad", action="store_true", help="count bad reviews instead of stopping at one"
    )
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: a GPU where there is one"
    )


def _add_download(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", choices=sorted(ARCHIVES))
    parser.add_argument(
        "--to", type=Path, default=Path("data"), metavar="FOLDER", help="default: %(default)s"
    )
    parser.add_argument("--url", help="fetch it from a mirror; it must be the same to the byte")
    parser.set_defaults(run=_download)


if __name__ == "__main__":
    raise SystemExit(main())
