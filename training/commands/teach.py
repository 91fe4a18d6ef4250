"""`python -m training teach`: fine-tune a transformer to be a teacher."""

import argparse

from training.commands.arguments import columns
from training.teach.commands import teach

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Fine-tune it, or go on where that was stopped."""
    teach(options, columns(options))
