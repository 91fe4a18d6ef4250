"""How a program that scores ends: one line for an error, and a status."""

import os
import sys
from collections.abc import Callable

from scoring.errors import TooManyRejects
from sentiment.errors import SentimentError

__all__ = ["exit_status"]

# As shells report SIGINT and SIGPIPE.
_INTERRUPTED = 130
_BROKEN_PIPE = 141
_TOO_MANY_REJECTS = 3


def exit_status(work: Callable[[], None], *, extras: str) -> int:
    """Do the work, say on standard error what is wrong, and return the program's status.

    0; 1 for an error said in one line; 3 for more rejects than --max-bad allows; 130 after Ctrl-C; 141 when
    nobody reads standard output any longer. `extras` are those of the distribution that the work needs. Wrong
    usage ends in SystemExit with 2.
    """
    try:
        work()
        sys.stdout.flush()
    except ModuleNotFoundError as error:
        return _fail(f"{error.name} is not installed: pip install 'sentiment-service[{extras}]'")
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
