"""Score files of reviews on a Ray cluster, in the parts of `python -m scoring`: see docs/bulk-scoring.md.

python -m deploy.ray.score reviews.csv.gz --text-column body -o scored.parquet
"""

import argparse
import sys
from collections.abc import Sequence

from scoring.exit_status import exit_status

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a job on a cluster; return the exit status, which is that of `python -m scoring`."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    return exit_status(lambda: _run(given), extras="ray,scoring")


def _run(arguments: Sequence[str]) -> None:
    options = _parser().parse_args(arguments)
    from deploy.ray.cluster_job import run  # noqa: PLC0415 - `--help` needs nothing of this

    run(options)


def _parser() -> argparse.ArgumentParser:
    from scoring import cli  # noqa: PLC0415 - it needs libraries that may not be installed

    parser = argparse.ArgumentParser(
        prog="python -m deploy.ray.score",
        description="Score the reviews of files on a Ray cluster, in parts that survive any stop.",
        epilog="Stopped in any way, the same command goes on where it was. All nodes must see the inputs and "
        "the folder of the output, at the same paths.",
        allow_abbrev=False,
    )
    cli.add_reading_options(parser)
    cli.add_writing_options(parser)
    cli.add_model_options(parser)
    parser.add_argument(
        "--address",
        default="auto",
        metavar="HOST:PORT",
        help="of the cluster, one of whose nodes this must be (default: the cluster of this machine)",
    )
    parser.add_argument(
        "--concurrency",
        type=cli.positive,
        metavar="N",
        help="processes that score (default: as many as the nodes have room for)",
    )
    parser.add_argument(
        "--threads",
        type=cli.positive,
        metavar="N",
        help="threads that score in each process, which reserves a CPU for each (default: 4, or those of the "
        "smallest node; 2 beside a GPU)",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
