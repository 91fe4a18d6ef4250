"""The command line of the model store: `python -m model_store`, installed as `sentiment-models`."""

import argparse
import os
import sys
from collections.abc import Sequence

from model_store.commands import changing, looking
from model_store.commands.arguments import Command
from model_store.commands.output import fail
from model_store.store import RELEASED, Store
from sentiment import SentimentError

__all__ = ["main"]

# As shells report SIGINT and SIGPIPE.
_INTERRUPTED = 130
_BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0, or 1 for an error or a failed check.

    Wrong usage ends in SystemExit with 2.
    """
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(Store(arguments.store), arguments)
        sys.stdout.flush()
    except SentimentError as error:
        return fail(error)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes once more at its end: give it somewhere to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sentiment-models",
        description="List, compare, promote, roll back and remove the versions of models.",
    )
    parser.add_argument(
        "--store",
        default=os.environ.get("SENTIMENT_MODEL_STORE") or RELEASED,
        metavar="PATH",
        help="folder of the store (default: SENTIMENT_MODEL_STORE, else the store that ships with it)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, what: str, run: Command) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=what, description=what)
        command.set_defaults(run=run, parser=command)
        return command

    looking.add_commands(add)
    changing.add_commands(add)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
