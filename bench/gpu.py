"""Time the network on a GPU as the service runs it, beside plainer ways and one CPU thread.

    python -m bench.gpu REVIEWS.jsonl.xz [--model reviews-small]

Uses reviews of the file in their own mix of lengths. Prints reviews a second by the number of reviews that
are scored at once, with ratios to the service's own way, and the largest difference to a probability of the
CPU.
"""

import argparse
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import torch

from bench.timing import median_seconds
from model_store import RELEASED, Store
from reviews import read_reviews
from sentiment import Engine, TokenizedReview, set_num_threads
from sentiment.network import SentimentLSTM
from sentiment.padding import pad

HANDED_OVER = (1, 32, 128, 1024)
MAX_ROWS = 128
OURS = "as served"


def main() -> None:
    """Print the table for the file that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--model", default="reviews")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("error: PyTorch finds no usable GPU")
    set_num_threads(1)
    classifier = Store(RELEASED).load(options.model, device="cpu").classifier
    texts = [review.text for review in read_reviews([options.reviews], split="test").reviews[:1024]]
    reviews = classifier.tokenize(texts)
    on_cpu = Engine(deepcopy(classifier.network), device="cpu")
    on_gpu = Engine(deepcopy(classifier.network), device="cuda")
    print_table(on_gpu, on_cpu, reviews, options.rounds)
    found, expected = on_gpu.probabilities(reviews), on_cpu.probabilities(reviews)
    difference = (torch.tensor(found) - torch.tensor(expected)).abs().max()
    print(f"\nlargest difference to the CPU: {difference:.1e}")


def print_table(on_gpu: Engine, on_cpu: Engine, reviews: list[TokenizedReview], rounds: int) -> None:
    """Print a row for each number of reviews that is handed over at once."""
    names = [OURS, "single precision, in order of arrival", "one CPU thread"]
    print("| handed over at once | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 1) + "|")
    plain = deepcopy(on_gpu.network)
    for num_reviews in HANDED_OVER:
        some = reviews[:num_reviews]
        ways: list[Callable[[], object]] = [
            lambda some=some: on_gpu.probabilities(some),  # type: ignore[misc]
            lambda some=some: _plainly(plain, some),  # type: ignore[misc]
            lambda some=some: on_cpu.probabilities(some),  # type: ignore[misc]
        ]
        seconds = median_seconds(dict(zip(names, ways, strict=True)), rounds)
        cells = [f"{num_reviews / each:,.0f}/s ({seconds[OURS] / each:.2f})" for each in seconds.values()]
        print(f"| {num_reviews} | " + " | ".join(cells) + " |")


@torch.inference_mode()
def _plainly(network: SentimentLSTM, reviews: list[TokenizedReview]) -> None:
    for start in range(0, len(reviews), MAX_ROWS):
        ids = [review.ids for review in reviews[start : start + MAX_ROWS]]
        ids_TB, lengths_B = pad(ids, num_rows=len(ids), num_steps=max(map(len, ids)))
        network(ids_TB.cuda(), lengths_B.cuda()).softmax(-1).tolist()


if __name__ == "__main__":
    main()
