"""`python -m training download`: fetch a public data set and check it."""

import argparse
import sys

from training.data.archives import ARCHIVES
from training.data.download import digest, download

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Print where the file is, and its SHA-256 where no checksum is published to compare it with."""
    archive = ARCHIVES[options.name]
    path = download(
        options.url or archive.url,
        options.to / archive.file_name,
        checksum=archive.checksum,
        size_bytes=archive.size_bytes,
    )
    print(path)
    if archive.checksum is None:
        note = f"no checksum is published for {path.name}, so it was not checked; its SHA-256 is"
        print(f"{note} {digest(path, 'sha256')}", file=sys.stderr)
