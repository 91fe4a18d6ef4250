"""Compare on reviews of another kind: a version as it is, the same adapted, and a model from scratch.

    OMP_NUM_THREADS=1 python -m experiments.adaptation REVIEWS.jsonl.xz

REVIEWS has the fields `id`, `text`, `label` and `split`. Both ways train on the same N of its "train"
reviews; the figures are of its "test" reviews. Prints a Markdown table, a row as soon as a model is done:
accuracy, expected calibration error, processor seconds. The output of training goes to stderr.
"""

import argparse
import hashlib
import json
import lzma
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from model_store import RELEASED, Evaluation, Store
from training.__main__ import main as training
from training.data.review_files import ReviewFiles
from training.evaluation.compare import Candidate
from training.evaluation.evaluate import evaluate_version

Row = dict[str, object]
NUMBERS = (100, 1000, 10_000)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table for the file that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--base", default="reviews", help="version to adapt (default: the released one)")
    parser.add_argument("--store", type=Path, default=RELEASED, help="its store")
    for name in ("--adapt", "--scratch"):
        numbers = "100, 1,000 and 10,000"
        parser.add_argument(
            name, type=int, nargs="*", default=NUMBERS, metavar="N", help=f"reviews (default: {numbers})"
        )
    options = parser.parse_args(arguments)
    with lzma.open(options.reviews, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    with TemporaryDirectory() as folder:
        base = Candidate(store=options.store, reference=options.base)
        measure(rows, base, options.adapt, options.scratch, Path(folder))


def measure(
    rows: list[Row], base: Candidate, adapt: Sequence[int], scratch: Sequence[int], folder: Path
) -> None:
    """Print a row for the base as it is and for each number of reviews."""
    test = write(folder / "test.jsonl", (row for row in rows if row["split"] == "test"))
    train = sorted((row for row in rows if row["split"] == "train"), key=sort_key)
    report = evaluate_version(
        store=base.store,
        reference=base.reference,
        test=ReviewFiles(paths=[test]),
        device="cpu",
    )
    print("| model | own reviews | accuracy | ECE | processor time |\n|---|---|---|---|---|")
    print_row("the base as it is", 0, report.figures, None)
    ways = [("adapted", number) for number in adapt] + [("from scratch", number) for number in scratch]
    for way, number in ways:
        begun = time.process_time()
        reviews = write(folder / f"{number}.jsonl", train[:number])
        with redirect_stdout(sys.stderr):
            figures = fit(base if way == "adapted" else None, reviews, test, folder / f"{way}-{number}")
        print_row(way, number, figures, time.process_time() - begun)


def fit(base: Candidate | None, reviews: Path, test: Path, folder: Path) -> Evaluation:
    """Train on a file, from a base or from scratch, and return the figures on the test reviews."""
    start = ["--from", base.reference, "--base-store", str(base.store)] if base else []
    where = ["--run-folder", str(folder / "run"), "--store", str(folder / "store"), "--device", "cpu"]
    if training(["fit", *start, "--train", str(reviews), "--test", str(test), *where]) != 0:
        raise SystemExit(1)
    return Store(folder / "store").manifest("reviews", 1).evaluation["test"]


def print_row(way: str, number: int, figures: Evaluation, seconds: float | None) -> None:
    """Print one line of the table."""
    cells = [way, f"{number:,}", f"{figures.accuracy:.2%}", f"{figures.ece:.2%}"]
    print(f"| {' | '.join([*cells, '' if seconds is None else f'{seconds:.0f} s'])} |", flush=True)


def sort_key(row: Row) -> bytes:
    """Return a sort key that does not depend on the text of a review."""
    return hashlib.sha256(str(row["id"]).encode()).digest()


def write(path: Path, rows: Iterable[Row]) -> Path:
    """Write JSON Lines and return the path."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
