"""The command line of `python -m scoring`, and the options that it shares with other programs that score."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from reviews import Columns, add_layout_options

__all__ = [
    "KEY_VARIABLE",
    "STANDARD",
    "STORE_VARIABLE",
    "add_model_options",
    "add_reading_options",
    "add_writing_options",
    "parse",
    "positive",
]

STANDARD = "-"
"""Standard input or output."""
STORE_VARIABLE = "SENTIMENT_MODEL_STORE"
KEY_VARIABLE = "SENTIMENT_API_KEY"

_JOIN = "join"
_PART_ROWS = 65_536


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a job, or of joining if `is_join` is true; wrong usage ends in SystemExit."""
    if arguments and arguments[0] == _JOIN:
        return _join_parser().parse_args(arguments[1:])
    return _score_parser().parse_args(arguments)


def _score_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scoring",
        description="Score the reviews of files, however many there are, in parts that survive any stop.",
        epilog="Stopped in any way, the same command goes on where it was. "
        "`python -m scoring join OUTPUT` joins the parts of shards.",
        allow_abbrev=False,
    )
    add_reading_options(parser)
    add_writing_options(parser)
    _add_streams(parser)
    add_model_options(parser)
    _add_scorer(parser)
    _add_sharing(parser)
    parser.set_defaults(is_join=False)
    return parser


def _join_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scoring join", description="Join the parts that shards have written beside an output."
    )
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="the --output of the shards")
    parser.set_defaults(is_join=True)
    return parser


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Add the inputs, and how they are read."""
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help='CSV, TSV, JSONL (also .gz, .xz, .zst) or Parquet, or a pattern such as "reviews-*.csv"',
    )
    parser.add_argument(
        "--text-column",
        default=Columns().text,
        metavar="NAME",
        help="column or field with the review (default: %(default)s)",
    )
    add_layout_options(parser)


def add_writing_options(parser: argparse.ArgumentParser) -> None:
    """Add the output, and what is in it."""
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUTPUT", help="a file whose name has such an ending"
    )
    parser.add_argument(
        "--keep",
        type=_names,
        metavar="NAME,NAME",
        help="the columns of the input to copy, separated by commas (default: all)",
    )
    parser.add_argument(
        "--prefix",
        default="",
        metavar="TEXT",
        help="put before the names of the columns that scoring adds, such as predicted_",
    )
    parser.add_argument(
        "--max-bad",
        type=_count,
        metavar="N",
        help="stop with status 3 when more rows than this cannot be scored (default: never)",
    )
    parser.add_argument(
        "--part-rows",
        type=positive,
        default=_PART_ROWS,
        metavar="N",
        help="rows of a part, which is what a stop can lose (default: %(default)s)",
    )


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add which version scores, and on what."""
    parser.add_argument(
        "--model", metavar="REFERENCE", help="such as reviews@3 (default: reviews@production)"
    )
    parser.add_argument(
        "--store", type=Path, help=f"model store (default: ${STORE_VARIABLE}, else the released one)"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), help="default: a GPU where there is one")


def _add_streams(parser: argparse.ArgumentParser) -> None:
    streams = parser.add_argument_group(
        "standard streams", "An INPUT of - is standard input, an OUTPUT of - standard output."
    )
    streams.add_argument(
        "--input-format",
        default="jsonl",
        metavar="FORMAT",
        help="of standard input, such as csv or jsonl.gz (default: %(default)s)",
    )
    streams.add_argument(
        "--output-format",
        default="jsonl",
        metavar="FORMAT",
        help="of standard output, such as csv or parquet (default: %(default)s)",
    )


def _add_scorer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url",
        help="ask a running service, such as http://127.0.0.1:8000, in place of loading a model; its key is "
        f"read from {KEY_VARIABLE}",
    )
    parser.add_argument(
        "--threads",
        type=positive,
        metavar="N",
        help="threads that score (default: one for each CPU), or connections to a service (default: 4)",
    )


def _add_sharing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="score every Nth part only, from the Ith on, without joining; all shards name the same output",
    )
    parser.add_argument(
        "--allow-other-hardware",
        action="store_true",
        help="go on with parts of another processor or number of threads; scores are equal within 1e-6",
    )


def positive(text: str) -> int:
    """Return the whole number, at least 1, that an option has; for argparse."""
    number = _count(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(",")) if text else ()
    if len(set(names)) < len(names):
        raise argparse.ArgumentTypeError(f"names a column twice: {text!r}")
    return names


def _shard(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"must be such as 3/16, not {text!r}")
    return int(match[1]), int(match[2])


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number, 0 or more, not {text!r}")
    return int(text)
