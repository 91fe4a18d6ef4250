"""`python -m training`: fit a model to labelled reviews, measure versions, download a data set."""

import sys
from collections.abc import Sequence
from importlib import import_module

from sentiment.errors import SentimentError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0, 1 for an error said in one line, 130 after Ctrl-C."""
    try:
        from training.cli import parser  # noqa: PLC0415 - it needs libraries that may not be installed

        options = parser(description=__doc__ or "").parse_args(arguments)
        # PyTorch and the rest take seconds to import, and `--help` needs none of them.
        command = import_module(f"training.commands.{options.command.replace('-', '_')}")
    except ModuleNotFoundError as error:
        print(
            f"error: {error.name} is not installed: pip install 'sentiment-service[training]'",
            file=sys.stderr,
        )
        return 1
    try:
        command.run(options)
    except SentimentError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        print("error: stopped", file=sys.stderr)
        return 130
    return 0


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
