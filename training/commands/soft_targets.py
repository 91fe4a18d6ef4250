"""`python -m training soft-targets`: write what a teacher says of texts."""

import argparse

from training.commands.arguments import columns, store_path
from training.teach.commands import write_soft_targets

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Write the file, part by part."""
    write_soft_targets(options, columns(options), store_path(options))
