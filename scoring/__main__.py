"""`python -m scoring`, installed as `sentiment-score`: score the reviews of files, however many there are."""

import os
import sys
from collections.abc import Sequence

from scoring.errors import TooManyRejects
from sentiment.errors import SentimentError

__all__ = ["main"]

# As shells report SIGINT and SIGPIPE.
_INTERRUPTED = 130
_BROKEN_PIPE = 141
_TOO_MANY_REJECTS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a job, or join its parts; return the exit code.

    0; 1 for an error said in one line; 3 for more rejects than --max-bad allows; 130 after Ctrl-C; 141 when
    nobody reads standard output any longer. Wrong usage ends in SystemExit with 2.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        from scoring.cli import parse  # noqa: PLC0415 - these need libraries that may not be installed

        options = parse(given)
        from scoring.command import run  # noqa: PLC0415 - and `--help` needs nothing of this
    except ModuleNotFoundError as error:
        return _fail(f"{error.name} is not installed: pip install 'sentiment-service[scoring]'")
    try:
        run(options)
        sys.stdout.flush()
    except TooManyRejects as error:
        _fail(str(error))
        return _TOO_MANY_REJECTS
    except SentimentError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        _fail("stopped; the same command goes on where it was")
        return _INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes once more at its end: give it somewhere to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    return 0


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
