"""What several commands make of their arguments."""

import argparse
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

from model_store import RELEASED
from reviews import Columns
from training.cli import STORE_VARIABLE
from training.data.review_files import ReviewFiles
from training.errors import InvalidTransformer

__all__ = ["columns", "require_transformers", "review_files", "store_path"]


def columns(options: argparse.Namespace) -> Columns:
    """Return how to read a table of reviews."""
    return Columns(
        text=options.text_column,
        label=options.label_column,
        id=options.id_column,
        group=options.group_column,
        domain=options.domain_column,
        stars=options.stars,
        encoding=options.encoding,
        separator=options.separator,
        quoting=options.quoting,
    )


def review_files(options: argparse.Namespace, paths: Sequence[Path]) -> ReviewFiles:
    """Return files of reviews that are read as the options say."""
    return ReviewFiles(paths=paths, columns=columns(options), skip_bad=options.skip_bad)


def store_path(options: argparse.Namespace) -> Path:
    """Return the model store to read: that of `--store`, of the environment, or the released one."""
    return options.store or Path(os.environ.get(STORE_VARIABLE, RELEASED))


def require_transformers() -> None:
    """Raise InvalidTransformer, saying how to install it, where the optional package is missing."""
    if importlib.util.find_spec("transformers") is None:
        raise InvalidTransformer(
            "transformers is not installed: pip install 'sentiment-service[transformer]'"
        )
