"""Measure the bulk job: its speed beside the engine alone, and its memory over a million rows.

    python -m bench.bulk imdb_test.jsonl.xz [--rounds 2] [--rows 1000000]

1. The test reviews as CSV, read, scored and written as Parquet by `python -m scoring`, its start and end
   included; in turn with the engine offline, tokenizing included (`bench.serving.offline`), on as many cores.
   Printed is the first speed as a ratio to the second.
2. A CSV of that many short rows is scored by the small model, and the job's memory is read all along. Printed
   is the slope of the resident memory over the second half, in MiB for 100,000 rows.
"""

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from itertools import cycle, islice
from pathlib import Path

from bench.process import ROOT, ServerEnded, ServerProcess
from bench.serving.workload import Workload
from reviews import read_reviews

POLL_SECONDS = 0.5


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print_speed(options.reviews, Path(folder), num_rounds=options.rounds)
        if options.rows:
            print_memory(options.reviews, Path(folder), num_rows=options.rows)


def print_speed(reviews: Path, folder: Path, *, num_rounds: int) -> None:
    """Print the job's reviews/s as a ratio to those of the engine alone, the median over the rounds."""
    texts = [review.text for review in read_reviews([reviews], split="test").reviews]
    source = _write_csv(folder / "reviews.csv", texts)
    ratios = []
    for number in range(num_rounds):
        before = _offline_per_second(reviews)
        seconds, _ = score(source, folder / f"speed-{number}", model="reviews")
        offline = statistics.mean([before, _offline_per_second(reviews)])
        ratios.append(len(texts) / seconds / offline)
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"bulk job, {len(texts):,} reviews: {statistics.median(ratios):.2f} of the engine alone ({shown})")


def print_memory(reviews: Path, folder: Path, *, num_rows: int) -> None:
    """Print the slope of the job's memory over its second half."""
    source = _write_csv(folder / "short.csv", islice(cycle(Workload.read(reviews).short), num_rows))
    seconds, mib = score(source, folder / "memory", model="reviews-small")
    half = mib[len(mib) // 2 :]
    rows_between_readings = num_rows / len(mib)
    slope = 100_000 / rows_between_readings * statistics.linear_regression(range(len(half)), half).slope
    print(
        f"bulk job, {num_rows:,} rows: {slope:+.2f} MiB for 100,000 rows over the second half, "
        f"at most {max(mib):.0f} MiB, {num_rows / seconds:,.0f} rows/s"
    )


def score(source: Path, folder: Path, *, model: str) -> tuple[float, list[float]]:
    """Score a CSV; returns the seconds that it took and its memory in MiB, read at equal intervals."""
    words: list[str | Path] = ["--text-column", "text", "--model", model, "-o", folder / "scored.parquet"]
    begun = time.perf_counter()
    job = ServerProcess([sys.executable, "-m", "scoring", source, *words], folder)
    mib = []
    while job.status() is None:
        mib.append(job.usage().rss_mib)
        time.sleep(POLL_SECONDS)
    seconds = time.perf_counter() - begun
    if job.status() != 0:
        raise ServerEnded(job.errors())
    return seconds, mib[:-1]


def _offline_per_second(reviews: Path) -> float:
    command = [sys.executable, "-m", "bench.serving.offline", str(reviews), "--model", "reviews"]
    output = subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout  # noqa: S603  # our own
    return float(json.loads(output)["predict"])


def _write_csv(path: Path, texts: Iterable[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows: Iterable[Sequence[str]] = ([text] for text in texts)
        csv.writer(file).writerows([["text"], *rows])
    return path


if __name__ == "__main__":
    main()
