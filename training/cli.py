"""The command line of `python -m training`: its commands and their options."""

import argparse
import math
from pathlib import Path
from typing import Any

from model_store.reference import DEFAULT_ALIAS
from reviews import Columns, add_layout_options
from training.data.archives import ARCHIVES
from training.data.similarity import MIN_SIMILARITY
from training.recipe.shipped import recipe_names

__all__ = ["LINEAR_TEACHER", "STORE_VARIABLE", "parser", "recipe_name"]

LINEAR_TEACHER = "linear"
"""What `soft-targets --teacher` calls the linear model of `--train`; `linear@1` is a version."""
STORE_VARIABLE = "SENTIMENT_MODEL_STORE"

_RECIPE = "cpu"
_ADAPTING_RECIPE = "adapt"
_PATHS: dict[str, Any] = {"nargs": "+", "type": Path, "metavar": "PATH"}


def parser(description: str) -> argparse.ArgumentParser:
    """Return the parser; its result has the name of the command in `command`."""
    whole = argparse.ArgumentParser(prog="python -m training", description=description)
    commands = whole.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _add_fit(commands.add_parser("fit", help="train a model and publish it as the next version"))
    _add_evaluate(commands.add_parser("evaluate", help="measure a version on labelled reviews"))
    _add_teach(commands.add_parser("teach", help="fine-tune a transformer to be a teacher"))
    _add_soft_targets(commands.add_parser("soft-targets", help="write what a teacher says of texts"))
    _add_probe(commands.add_parser("probe", help="measure a version on short texts with a known answer"))
    _add_compare(commands.add_parser("compare", help="measure two versions on the same labelled reviews"))
    _add_promote(
        commands.add_parser("promote", help="compare a version with the live one, and let it go live")
    )
    _add_duplicates(commands.add_parser("duplicates", help="count test reviews that are in train as well"))
    _add_download(commands.add_parser("download", help="fetch a public data set and check it"))
    return whole


def recipe_name(options: argparse.Namespace) -> str:
    """Return the recipe that a `fit` command names, or the default."""
    return options.recipe or (_ADAPTING_RECIPE if options.base else _RECIPE)


def _add_fit(command: argparse.ArgumentParser) -> None:
    names = ", ".join(recipe_names())
    command.add_argument(
        "--recipe", help=f"{names}, or a .toml file (default: {_RECIPE}, or {_ADAPTING_RECIPE} with --from)"
    )
    command.add_argument(
        "--from", dest="base", metavar="REFERENCE", help="version to start from, such as reviews@production"
    )
    command.add_argument(
        "--base-store",
        type=Path,
        metavar="STORE",
        help="store of --from and --teacher (default: --store if that has the model, else the released one)",
    )
    command.add_argument(
        "--teacher",
        dest="teachers",
        nargs="+",
        default=[],
        metavar="REFERENCE",
        help="versions to learn from in addition to the labels, looked up as --from is",
    )
    command.add_argument(
        "--soft-targets", **_PATHS, default=[], help="files of what teachers say of texts and their sentences"
    )
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("--train", **_PATHS, help="labelled reviews")
    what.add_argument("--resume", type=Path, metavar="FOLDER", help="continue a run that was stopped")
    command.add_argument(
        "--also-train", **_PATHS, default=[], help="more labelled reviews, never held out for validation"
    )
    command.add_argument("--unlabelled", **_PATHS, default=[], help="more texts, whose labels are not read")
    command.add_argument("--test", **_PATHS, default=[], help="labelled reviews to report on at the end")
    command.add_argument(
        "--reserved", type=Path, metavar="FILE", help="ids of train reviews for validation alone"
    )
    command.add_argument("--run-folder", type=Path, metavar="FOLDER", help="default: runs/RECIPE-TIME")
    command.add_argument(
        "--store", type=Path, default=Path("models"), help="model store to publish to (default: %(default)s)"
    )
    command.add_argument("--model", default="reviews", help="name of the model (default: %(default)s)")
    command.add_argument(
        "--tensorboard", type=Path, metavar="FOLDER", help="write curves for TensorBoard; also with --resume"
    )
    _add_reading(command)
    _add_device(command)


def _add_evaluate(command: argparse.ArgumentParser) -> None:
    command.add_argument("--test", **_PATHS, required=True, help="labelled reviews")
    _add_version(command)
    _add_measuring(command)
    _add_reading(command)


def _add_teach(command: argparse.ArgumentParser) -> None:
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--transformer", type=Path, metavar="FOLDER", help="a Hugging Face encoder to fine-tune"
    )
    what.add_argument("--resume", type=Path, metavar="FOLDER", help="continue a teacher that was stopped")
    command.add_argument("--train", **_PATHS, default=[], help="labelled reviews")
    command.add_argument(
        "--neutral", **_PATHS, default=[], help="texts without an opinion: every label is equally probable"
    )
    command.add_argument("--reserved", type=Path, metavar="FILE", help="ids of reviews for validation alone")
    command.add_argument(
        "--run-folder",
        type=Path,
        metavar="FOLDER",
        help="where the teacher goes (default: runs/teacher-TIME)",
    )
    command.add_argument("--epochs", type=int, default=1, metavar="N", help="default: %(default)s")
    command.add_argument(
        "--frozen-layers",
        type=int,
        default=4,
        metavar="N",
        help="number of lowest layers that stay fixed (default: %(default)s)",
    )
    command.add_argument(
        "--learning-rate", type=float, default=4e-5, metavar="R", help="default: %(default)s"
    )
    command.add_argument(
        "--train-tokens",
        type=int,
        default=96,
        metavar="N",
        help="tokens to learn of a text (default: %(default)s)",
    )
    command.add_argument(
        "--max-file-tokens",
        type=int,
        nargs="+",
        default=[],
        metavar="N",
        help="tokens to learn of a file, its texts drawn at random: for all files or for each",
    )
    _add_reading(command)


def _add_soft_targets(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--teacher",
        required=True,
        metavar="TEACHER",
        help=f"a folder that `teach` made, a version such as reviews@2, or {LINEAR_TEACHER}",
    )
    command.add_argument(
        "--train", **_PATHS, default=[], help=f"labelled reviews for {LINEAR_TEACHER} to learn from"
    )
    command.add_argument(
        "--reserved",
        type=Path,
        metavar="FILE",
        help=f"ids of reviews that {LINEAR_TEACHER} does not learn from",
    )
    command.add_argument("--texts", **_PATHS, default=[], help="texts to ask about")
    command.add_argument(
        "--sentences-of", **_PATHS, default=[], help="reviews to cut into sentences to ask about"
    )
    command.add_argument(
        "--max-sentences", type=int, metavar="N", help="maximum number for one review, drawn at random"
    )
    command.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="a .jsonl, .jsonl.gz or .jsonl.xz file"
    )
    command.add_argument(
        "--store", type=Path, help=f"store of a version (default: ${STORE_VARIABLE}, else the released one)"
    )
    _add_reading(command)


def _add_probe(command: argparse.ArgumentParser) -> None:
    _add_version(command)
    command.add_argument(
        "--failures",
        type=_count,
        default=0,
        metavar="N",
        help="also show N failing texts of each capability, each with the probability of its label",
    )
    command.add_argument(
        "--reviews",
        **_PATHS,
        default=[],
        help="reviews, whose labels are not read, to vary by typos, names and web addresses",
    )
    _add_measuring(command)
    _add_reading(command)


def _add_compare(command: argparse.ArgumentParser) -> None:
    command.add_argument("a", metavar="A", help="such as reviews@1")
    command.add_argument("b", metavar="B", help="such as reviews@2; differences are B - A")
    command.add_argument("--test", **_PATHS, required=True, help="labelled reviews")
    command.add_argument("--other-store", type=Path, metavar="STORE", help="store of B (default: that of A)")
    _add_measuring(command)
    _add_reading(command)


def _add_promote(command: argparse.ArgumentParser) -> None:
    command.set_defaults(parser=command)
    command.add_argument("version", metavar="REFERENCE", help="such as reviews@4")
    command.add_argument("--test", **_PATHS, required=True, help="labelled reviews to compare on")
    command.add_argument(
        "--max-drop",
        type=_ratio,
        default=0.002,
        metavar="R",
        help="how much lower its accuracy may be than that of the live version (default: %(default)s)",
    )
    command.add_argument(
        "--alias", default=DEFAULT_ALIAS, metavar="ALIAS", help="the alias to move (default: %(default)s)"
    )
    command.add_argument(
        "--force", action="store_true", help="promote it in spite of the figures; needs --why"
    )
    command.add_argument("--why", default="", metavar="TEXT", help="the reason, for the history")
    _add_measuring(command)
    _add_reading(command)


def _add_duplicates(command: argparse.ArgumentParser) -> None:
    command.add_argument("--train", **_PATHS, required=True, help="reviews to look in")
    command.add_argument("--test", **_PATHS, required=True, help="reviews to look for, without their labels")
    command.add_argument(
        "--unlabelled", **_PATHS, default=[], help="more texts to look in, counted separately"
    )
    command.add_argument(
        "--min-similarity",
        type=_similarity,
        default=MIN_SIMILARITY,
        metavar="S",
        help="Jaccard similarity from which two reviews are near-duplicates (default: %(default)s)",
    )
    command.add_argument(
        "--pairs", action="store_true", help="also show the ids of each pair, with its similarity"
    )
    _add_reading(command)


def _add_download(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", choices=sorted(ARCHIVES), help="docs/data.md says what they are")
    command.add_argument(
        "--to", type=Path, default=Path("data"), metavar="FOLDER", help="default: %(default)s"
    )
    command.add_argument(
        "--url", help="fetch it from a mirror; it must be the same to the byte where a checksum is published"
    )


def _add_version(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model",
        default="reviews",
        metavar="REFERENCE",
        help="such as reviews@3 (default: its production version)",
    )


def _add_measuring(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--store", type=Path, help=f"model store (default: ${STORE_VARIABLE}, else the released one)"
    )
    command.add_argument("--json", action="store_true", help="print the figures as JSON")
    _add_device(command)


def _add_reading(command: argparse.ArgumentParser) -> None:
    defaults = Columns()
    for name in ("text", "label", "id", "group", "domain"):
        command.add_argument(
            f"--{name}-column",
            default=getattr(defaults, name),
            metavar="NAME",
            help=f"field with the {name} (default: %(default)s)",
        )
    command.add_argument(
        "--stars",
        type=int,
        choices=(5, 10),
        help="labels are ratings from 1 to 5 or from 1 to 10; read them as five classes, 1 to 5",
    )
    command.add_argument(
        "--skip-bad", action="store_true", help="count bad reviews instead of stopping at one"
    )
    add_layout_options(command)


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: a GPU where there is one"
    )


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number, 0 or more, not {text!r}")
    return int(text)


def _ratio(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, not {text!r}")
    return value


def _similarity(text: str) -> float:
    try:
        similarity = float(text)
    except ValueError:
        similarity = math.nan
    if not 0 < similarity <= 1:
        raise argparse.ArgumentTypeError(f"must be a number over 0 and at most 1, not {text!r}")
    return similarity
