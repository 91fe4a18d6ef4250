"""Time ways of running one network on a CPU, beside how far their scores are from PyTorch's own.

    python -m pip install onnx onnxruntime openvino
    python -m bench.engine REVIEWS.jsonl.xz [--model reviews-small] [--accuracy 25000]

Reviews of the file's own length mix, in batches as they come, on one thread but where a row says so. Prints
milliseconds a review by the size of the batch, and speed as a ratio to this project's engine. `--accuracy`
scores that many reviews by those that are not exact, and prints how many labels and how much accuracy that
costs.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from bench.timing import median_seconds
from model_store import RELEASED, Store
from reviews import Review, read_reviews
from sentiment import TOLERANCE, Classifier, set_num_threads
from training.data.labels import LabelSet

if TYPE_CHECKING:  # the other engines' packages may not be installed
    from bench.engines import Logits

OURS = "this engine"
BATCH_SIZES = (1, 4, 8, 32, 64)
NUM_REVIEWS = 256

Ids = list[list[int]]


def main() -> None:
    """Print the tables for the file that the command line names."""
    options = _parser().parse_args()
    from bench.engines import engines  # noqa: PLC0415  # no dependencies of this project

    set_num_threads(1)
    classifier = Store(RELEASED).load(options.model, device="cpu").classifier
    reviews = read_reviews([options.reviews], split="test").reviews
    by_name = engines(classifier.network)
    some = reviews[:: max(1, len(reviews) // NUM_REVIEWS)][:NUM_REVIEWS]
    ids = [review.ids for review in classifier.tokenize([review.text for review in some])]
    errors = {name: largest_difference(run, by_name["padded, oneDNN"], ids) for name, run in by_name.items()}
    print_speed(by_name, errors, ids, options.rounds)
    if options.accuracy:
        chosen = reviews[:: max(1, len(reviews) // options.accuracy)]
        inexact = {name: run for name, run in by_name.items() if errors[name] > TOLERANCE}
        print_accuracy({OURS: by_name[OURS]} | inexact, classifier, chosen)


def largest_difference(run: "Logits", reference: "Logits", ids: Ids) -> float:
    """Return by how much a probability differs at most, each in batches of its own making."""
    return float((_scores(run, ids, 32) - _scores(reference, ids, 1)).abs().max())


def print_speed(by_name: "Mapping[str, Logits]", errors: Mapping[str, float], ids: Ids, rounds: int) -> None:
    """Print milliseconds a review for each size of batch, and speed as a ratio to ours."""
    print("| engine | largest difference | " + " | ".join(f"{size} at a time" for size in BATCH_SIZES) + " |")
    print("|---|---|" + "---|" * len(BATCH_SIZES))
    rows: dict[str, list[str]] = {name: [] for name in by_name}
    for size in BATCH_SIZES:
        part = ids if size > 4 else ids[:: 8 // size]
        runs: dict[str, Callable[[], object]] = {
            name: partial(_scores, run, part, size) for name, run in by_name.items()
        }
        seconds = median_seconds(runs, rounds)
        for name, total in seconds.items():
            ratio = seconds[OURS] / total
            rows[name].append(f"{1000 * total / len(part):.2f} ms ({ratio:.2f})")
    for name, cells in rows.items():
        print(f"| {name} | {errors[name]:.0e} | " + " | ".join(cells) + " |")


def print_accuracy(
    by_name: "Mapping[str, Logits]", classifier: Classifier, reviews: Sequence[Review]
) -> None:
    """Print how often each is right, and how often its label is not that of the first.

    The file may write labels in any way that training reads, such as 0 and 1; raises InvalidReviews for
    others.
    """
    truth = torch.tensor(LabelSet(classifier.labels).indices(reviews))
    ids = [review.ids for review in classifier.tokenize([review.text for review in reviews])]
    first: Tensor | None = None
    print("\n| engine | accuracy | labels changed |\n|---|---|---|")
    for name, run in by_name.items():
        guesses = _scores(run, ids, 32).argmax(-1)
        first = guesses if first is None else first
        correct, changed = (guesses == truth).double().mean(), (guesses != first).double().mean()
        print(f"| {name} | {correct:.2%} | {changed:.2%} |")


def _scores(run: "Logits", ids: Ids, size: int) -> Tensor:
    batches = [ids[start : start + size] for start in range(0, len(ids), size)]
    return torch.cat([run(batch).softmax(-1) for batch in batches])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--model", default="reviews")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--accuracy", type=int, default=0, metavar="REVIEWS")
    return parser


if __name__ == "__main__":
    main()
