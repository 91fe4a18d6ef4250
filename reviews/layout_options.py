"""The options of a command that say how text tables are laid out."""

import argparse
from typing import get_args

from reviews.layout import Quoting

__all__ = ["add_layout_options"]


def add_layout_options(command: argparse.ArgumentParser) -> None:
    """Add `--encoding`, `--separator` and `--quoting`, which are None where they are left out."""
    command.add_argument(
        "--encoding",
        metavar="NAME",
        help="encoding of text tables, such as windows-1252 (default: detected)",
    )
    command.add_argument(
        "--separator",
        type=_separator,
        metavar="CHARACTER",
        help="separator of the fields of CSV and TSV, tab for a tab (default: detected)",
    )
    command.add_argument(
        "--quoting",
        choices=get_args(Quoting),
        help='how CSV and TSV quote: "" or \\" in a field in quotes, or not at all (default: detected)',
    )


def _separator(text: str) -> str:
    separator = "\t" if text in ("tab", "\\t") else text
    if len(separator) != 1 or separator in '"\r\n':
        raise argparse.ArgumentTypeError(f"must be one character, no quote and no line break, not {text!r}")
    return separator
