"""Test explanations by deletion: what a prediction loses without the words that are said to matter most.

    python -m bench.deletion imdb_test.jsonl.xz

Of each review, the tenth of its words with the highest contributions is left out at once, and the log-odds of
the predicted label that are lost are compared with those lost without as many words drawn at random: the mean
of several draws. This is the comprehensiveness of DeYoung et al. (2020, arXiv:1911.03429) in log-odds. Give a
file that nothing was tuned on.
"""

import argparse
import math
import random
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.serving.workload import Workload
from model_store import RELEASED, Store
from sentiment import Classifier, Prediction, TokenizedReview
from sentiment.explanation import Reading, explain
from sentiment.explanation.occlusion import log_odds
from sentiment.explanation.reading import ReadWord
from sentiment.tokenizer import UNKNOWN_ID

SHARE = 0.1
NUM_DRAWS = 20
_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionResult:
    """What one review's prediction loses, in log-odds of its label."""

    top: float
    random: float
    top_changes_label: bool
    random_changes_label: float
    """Share of the draws."""


def main() -> None:
    """Print the table for each model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--model", nargs="+", default=["reviews", "reviews-small"])
    parser.add_argument("--count", type=int, default=200, help="how many reviews")
    options = parser.parse_args()
    texts = Workload.read(options.reviews).mixed[: options.count]
    print("| model | reviews | without the top tenth | without a random tenth | ratio | label changes |")
    print("|---|---|---|---|---|---|")
    for name in options.model:
        version = Store(RELEASED).load(name, device="cpu")
        print(row(str(version), list(delete(texts, version.classifier))), flush=True)


def delete(texts: Iterable[str], classifier: Classifier) -> Iterable[DeletionResult]:
    """Yield the result of each review; the same draws every time."""
    generator = random.Random(_SEED)  # noqa: S311  # no secret
    for text in texts:
        reading = Reading.of(text, classifier.tokenizer)
        explanation = explain(text, classifier.tokenizer, classifier.score, unit="token")
        contributions = [token.contribution or 0.0 for token in explanation.tokens]
        by_contribution = sorted(range(len(contributions)), key=contributions.__getitem__, reverse=True)
        num_left_out = math.ceil(SHARE * len(by_contribution))
        draws = [generator.sample(by_contribution, num_left_out) for _ in range(NUM_DRAWS)]
        inputs = [without(reading, indices) for indices in (by_contribution[:num_left_out], *draws)]
        yield compare(explanation.prediction, classifier.score(inputs))


def without(reading: Reading, indices: Sequence[int]) -> TokenizedReview:
    """Return a review without some of its words."""
    left_out = {reading.words[index] for index in indices}
    words: list[ReadWord] = [word for word in reading.words if word not in left_out]
    ids = [token_id for word in words for token_id in reading.only(word)] or [UNKNOWN_ID]
    return TokenizedReview(ids=ids, num_tokens=len(ids), truncated=False, unknown_ratio=0.0)


def compare(whole: Prediction, rests: Sequence[Prediction]) -> DeletionResult:
    """Take what is left without the top words first, and then of each draw."""
    top, *draws = [log_odds(whole, whole.label) - log_odds(rest, whole.label) for rest in rests]
    top_changes, *draws_change = [rest.label != whole.label for rest in rests]
    return DeletionResult(
        top=top,
        random=statistics.fmean(draws),
        top_changes_label=top_changes,
        random_changes_label=statistics.fmean(draws_change),
    )


def row(name: str, results: Sequence[DeletionResult]) -> str:
    """Return a row of the table; behind ± stands the standard error over reviews."""
    tops, randoms = [each.top for each in results], [each.random for each in results]
    changes = statistics.fmean(each.top_changes_label for each in results)
    random_changes = statistics.fmean(each.random_changes_label for each in results)
    return (
        f"| {name} | {len(results)} | {_mean(tops)} | {_mean(randoms)} "
        f"| {statistics.fmean(tops) / statistics.fmean(randoms):.0f} "
        f"| {changes:.1%}, {random_changes:.1%} at random |"
    )


def _mean(values: Sequence[float]) -> str:
    return f"{statistics.fmean(values):.2f} ± {statistics.stdev(values) / math.sqrt(len(values)):.2f}"


if __name__ == "__main__":
    main()
