"""`python -m service`, installed as `sentiment-serve`: serve a model over HTTP until SIGTERM or SIGINT.

With `doctor` and the same flags, it checks whether that would work here.

A start takes seconds, most of them for imports. So both signals are obeyed before anything large is imported.
"""

import os
import signal
import sys
from collections.abc import Sequence

__all__ = ["main"]

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
HANGUP_SIGNALS = (signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()  # Windows has none


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service and return the exit status: 0 after a signal, 1 on failure, 2 for a wrong setting."""
    for number in STOP_SIGNALS:
        signal.signal(number, _exit)  # until the server has handlers of its own
    for number in HANGUP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # it asks for a look at the store, which a start takes anyway
    try:
        given = sys.argv[1:] if arguments is None else arguments
        if given[:1] == ["doctor"]:
            from service.doctor.command import examine  # noqa: PLC0415  # see above

            return examine(given[1:])
        from service.command import run  # noqa: PLC0415  # see above

        return run(given)
    finally:
        # At its end, the interpreter takes handlers away, and then one more signal would count as a failure.
        for number in (*STOP_SIGNALS, *HANGUP_SIGNALS):
            signal.signal(number, signal.SIG_IGN)


def _exit(number: int, frame: object) -> None:  # noqa: ARG001  # a signal handler's arguments
    """Exit at once: nothing has been accepted, and an exception could be lost in the middle of an import."""
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
