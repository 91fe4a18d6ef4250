"""Time versions on the same reviews, beside their accuracy: what a larger network costs and brings.

    python -m bench.sizes REVIEWS.jsonl.xz reviews-small reviews [--store STORE]

The versions take turns. Each scores the reviews one at a time, as a quiet service does, and all together, as
a busy one does. Prints milliseconds a review on one thread, and ratios to the last version named.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.timing import median_seconds
from model_store import RELEASED, ModelVersion, Store
from reviews import read_reviews
from sentiment import TokenizedReview, set_num_threads


def main() -> None:
    """Print the table for the versions that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("references", nargs="+", metavar="REFERENCE", help="such as reviews@2")
    parser.add_argument("--store", type=Path, default=RELEASED)
    parser.add_argument("--num-reviews", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    set_num_threads(1)
    reviews = read_reviews([options.reviews], split="test").reviews
    texts = [review.text for review in reviews[:: max(1, len(reviews) // options.num_reviews)]]
    versions = [Store(options.store).load(reference, device="cpu") for reference in options.references]
    alone, together = measure(versions, texts, options.rounds)
    print_table(versions, alone, together)


def measure(
    versions: Sequence[ModelVersion], texts: Sequence[str], rounds: int
) -> tuple[list[float], list[float]]:
    """Return milliseconds a review for each version, without tokenizing: one by one, and all together."""
    runs: dict[str, Callable[[], None]] = {}
    for version in versions:
        tokenized = version.classifier.tokenize(texts)
        runs[f"{version} alone"] = _one_by_one(version, tokenized)
        runs[f"{version} together"] = _together(version, tokenized)
    seconds = list(median_seconds(runs, rounds).values())
    milliseconds = [1000 * each / len(texts) for each in seconds]
    return milliseconds[::2], milliseconds[1::2]


def print_table(versions: Sequence[ModelVersion], alone: Sequence[float], together: Sequence[float]) -> None:
    """Print a Markdown table."""
    print("| version | units a direction | accuracy | ms alone | ratio | ms in batches | ratio |")
    print("|---|---|---|---|---|---|---|")
    for version, single, batched in zip(versions, alone, together, strict=True):
        evaluation = version.manifest.evaluation
        figures = evaluation.get("test", evaluation["validation"])
        print(
            f"| {version} | {version.manifest.network.hidden_size} | {figures.accuracy:.2%} "
            f"| {single:.2f} | {single / alone[-1]:.2f} | {batched:.2f} | {batched / together[-1]:.2f} |"
        )


def _one_by_one(version: ModelVersion, tokenized: Sequence[TokenizedReview]) -> Callable[[], None]:
    def run() -> None:
        for review in tokenized:
            version.classifier.score([review])

    return run


def _together(version: ModelVersion, tokenized: Sequence[TokenizedReview]) -> Callable[[], None]:
    def run() -> None:
        version.classifier.score(tokenized)

    return run


if __name__ == "__main__":
    main()
