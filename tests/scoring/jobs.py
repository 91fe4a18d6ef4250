"""Inputs to score, and jobs that score them."""

import csv
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from scoring.__main__ import main
from tests.sample_reviews import made_up_reviews

__all__ = ["command", "read_jsonl", "score", "sha256", "start", "texts", "write_csv"]


def texts(num: int) -> Iterator[str]:
    """Yield made-up reviews of different lengths, all different."""
    made_up = [str(review["text"]) for review in made_up_reviews()]
    for index in range(num):
        yield f"{' '.join(made_up[index % 50 : index % 50 + 1 + index % 3])} {index}"


def write_csv(path: Path, bodies: Iterable[str]) -> Path:
    """Write a table with the columns id and body."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id", "body"))
        rows.writerows((f"r{index}", body) for index, body in enumerate(bodies))
    return path


def score(store: Path, source: Path | str, output: Path | str, *flags: str) -> int:
    """Score a file in this process, and return the exit code."""
    return main([str(source), "-o", str(output), "--store", str(store), "--device", "cpu", *flags])


def command(store: Path, source: Path | str, output: Path | str, *flags: str) -> list[str]:
    """Return the command that does the same as a program."""
    words = (str(source), "-o", str(output), "--store", str(store), "--device", "cpu", *flags)
    return [sys.executable, "-W", "error", "-m", "scoring", *words]


def start(words: list[str]) -> subprocess.Popen[bytes]:
    """Start such a program; what it says can be read from its standard error."""
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ)


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def sha256(path: Path) -> str:
    """Return what the bytes of a file are known by."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
