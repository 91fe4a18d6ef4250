"""Count how many reviews are mixed, by the stars that their authors gave.

    python -m bench.mixed imdb_train.jsonl.xz

Authors of reviews with middling stars see both sides more often, so the share should be highest there.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from model_store import RELEASED, Store
from reviews import Columns, read_reviews
from reviews.columns import RATING
from sentiment.explanation import explain

_SEED = 1


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--model", default="reviews")
    parser.add_argument("--count", type=int, default=80, help="how many reviews of each number of stars")
    options = parser.parse_args()
    classifier = Store(RELEASED).load(options.model, device="cpu").classifier
    print("| stars | reviews | mixed |\n|---|---|---|")
    for stars, texts in sorted(sample(options.reviews, options.count).items()):
        explanations = [
            explain(text, classifier.tokenizer, classifier.score, unit="sentence") for text in texts
        ]
        num_mixed = sum(explanation.mixed for explanation in explanations)
        print(f"| {stars} | {len(texts)} | {num_mixed / len(texts):.0%} |", flush=True)


def sample(path: Path, count: int) -> Mapping[int, Sequence[str]]:
    """Return some texts of each number of stars, the same every time."""
    by_stars: dict[int, list[str]] = defaultdict(list)
    for review in read_reviews([path], columns=Columns(label=RATING), split="train").reviews:
        by_stars[int(review.label or 0)].append(review.text)
    generator = random.Random(_SEED)  # noqa: S311  # no secret
    return {
        stars: generator.sample(texts, min(count, len(texts))) for stars, texts in sorted(by_stars.items())
    }


if __name__ == "__main__":
    main()
