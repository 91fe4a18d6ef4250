"""`python -m training duplicates`: count test reviews that are in train as well."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from reviews import Part, Review
from training.commands.arguments import review_files
from training.data.near_duplicates import ShingledTexts, find_duplicates, pair_lines, summary

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Print how many test reviews have a near-duplicate in each of the other parts."""
    tests, test_texts = _read(options, options.test, "test")
    parts: dict[Part, list[Path]] = {"train": options.train, "unlabelled": options.unlabelled}
    for part, paths in parts.items():
        if paths:
            others, other_texts = _read(options, paths, part)
            found = find_duplicates(test_texts, other_texts, min_similarity=options.min_similarity)
            print(f"test in {part}: {summary(found.figures)}")
            if options.pairs:
                print("\n".join(pair_lines(found, tests, others)))


def _read(
    options: argparse.Namespace, paths: Sequence[Path], part: Part
) -> tuple[tuple[Review, ...], ShingledTexts]:
    reviews = review_files(options, paths).read(part, labelled=False).reviews
    return reviews, ShingledTexts.of([review.text for review in reviews])
