"""`python -m scoring`, installed as `sentiment-score`: score the reviews of files, however many there are."""

import sys
from collections.abc import Sequence

from scoring.exit_status import exit_status

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a job, or join its parts; return the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    return exit_status(lambda: _run(given), extras="scoring")


def _run(arguments: Sequence[str]) -> None:
    from scoring.cli import parse  # noqa: PLC0415 - these need libraries that may not be installed

    options = parse(arguments)
    from scoring.command import run  # noqa: PLC0415 - and `--help` needs nothing of this

    run(options)


if __name__ == "__main__":
    raise SystemExit(main())
