"""`python -m training`: fit a model to labelled reviews, measure versions, download a data set."""

import sys
from collections.abc import Sequence
from importlib import import_module

from sentiment.errors import SentimentError
from training.cli import parser

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0, 1 for an error said in one line, 130 after Ctrl-C."""
    options = parser(description=__doc__ or "").parse_args(arguments)
    try:
        # PyTorch and the rest take seconds to import, and `--help` needs none of them.
        import_module(f"training.commands.{options.command.replace('-', '_')}").run(options)
    except SentimentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
