"""Measure each ingredient of a recipe's `[augmentation]` table: alone on a small recipe, and all together.

    python -m experiments.augmentation REVIEWS.jsonl.xz --unlabelled TEXTS.jsonl.xz --reserved IDS.txt

The small recipe is `experiments/augmentation.toml`. Prints a table in Markdown: accuracy on the reviews that
`python -m training fit` holds out, what changes that say nothing do to their sentences, and how far neutral
words move the probability. The words and changes are those of `training.evaluation.invariance`, which no
ingredient knows. A star marks a figure outside the 95% prediction interval for one more run of the base.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Final

from experiments.experiment import Experiment
from experiments.result_cache import ResultCache
from experiments.seed_spread import SeedSpread
from experiments.small_study import read_few, study_parser, study_plan
from experiments.variants import Fields, changed
from sentiment import Classifier, SentimentError, set_num_threads
from sentiment.sentences import sentence_spans
from training.errors import Interrupted
from training.evaluation.invariance.invariance import measure_invariance
from training.recipe.recipe import Recipe, load_recipe

NEUTRAL: Final = "num_neutral"
ALONE: Final[Fields] = {
    "end_mark": 0.3,
    "name": 0.3,
    "place": 0.3,
    "number": 0.3,
    "identity_word": 0.3,
    "typo": 0.3,
    "handle": 0.3,
    "web_address": 0.3,
    "pieces": 0.05,
    NEUTRAL: 1_000,
}
_NUM_WORDS = range(4, 31)
_MAX_SENTENCES = 2_000


@dataclass(frozen=True, slots=True)
class AugmentationResult:
    """The figures of a run by their names, as shares or probabilities, 0 to 1."""

    figures: Mapping[str, float]


def main() -> None:
    """Run what is not in the results yet, and print the table."""
    options = _parser().parse_args()
    set_num_threads(1)
    try:
        with TemporaryDirectory() as folder:
            base, ingredients = _results(options, Path(folder))
    except Interrupted:
        raise SystemExit("stopped; with --results, the same command goes on") from None
    except SentimentError as error:
        raise SystemExit(f"error: {error}") from None
    print("\n".join(table(base, ingredients)))


def table(base: Sequence[AugmentationResult], ingredients: Mapping[str, AugmentationResult]) -> Iterator[str]:
    """Yield the lines of the table: the base with its margins, and each ingredient."""
    names = list(base[0].figures)
    spreads = {name: SeedSpread.of([result.figures[name] for result in base]) for name in names}
    yield f"| ingredient | {' | '.join(names)} |"
    yield "|---" * (1 + len(names)) + "|"
    yield f"| base | {' | '.join(f'{100 * spreads[name].mean:.1f}' for name in names)} |"
    yield f"| one more run, ± | {' | '.join(f'{100 * spreads[name].margin:.1f}' for name in names)} |"
    for of, result in ingredients.items():
        cells = (_cell(result.figures[name], spreads[name]) for name in names)
        yield f"| {of} | {' | '.join(cells)} |"


def _cell(figure: float, spread: SeedSpread) -> str:
    return f"{100 * figure:.1f}{' *' if spread.outside(figure) else ''}"


def _parser() -> argparse.ArgumentParser:
    recipe = Path(__file__).with_suffix(".toml")
    return study_parser(__doc__, recipe=recipe, num_reviews=2_800, num_texts=3_000)


def _results(
    options: argparse.Namespace, folder: Path
) -> tuple[list[AugmentationResult], dict[str, AugmentationResult]]:
    """Return the results of the base with each seed, and of each ingredient with the first seed."""
    plan = study_plan(options, "augmentation", load_recipe(options.recipe), folder)
    dataset = read_few(plan, options)
    experiment = Experiment(plan, dataset, folder)
    cache = ResultCache(options.results, AugmentationResult)
    reviews = [review.text for review in dataset.split.validation]

    def result(name: str, recipe: Recipe) -> AugmentationResult:
        return cache.get(name, partial(_measured, experiment, name, recipe, reviews))

    seeds = range(1, options.num_seeds + 1)
    base = [result(f"base, seed {seed}", replace(plan.recipe, seed=seed)) for seed in seeds]
    tables = {f"{name} = {value}": {name: value} for name, value in ALONE.items()} | {"all of them": ALONE}
    ingredients = {
        name: result(name, changed(plan.recipe, {"augmentation": fields})) for name, fields in tables.items()
    }
    return base, ingredients


def _measured(
    experiment: Experiment, name: str, recipe: Recipe, reviews: Sequence[str]
) -> AugmentationResult:
    classifier, accuracy = experiment.classifier(name, recipe)
    sentences = _sentences(reviews)
    of_sentences = measure_invariance(classifier, sentences)
    changes = {
        "end mark": _end_mark_changes(classifier, sentences),
        "typo": of_sentences.label_changes["typo"].change_ratio,
        "web address": of_sentences.label_changes["web address"].change_ratio,
    }
    spread = {group.name: group.figures.mean for group in of_sentences.spread}
    return AugmentationResult({"accuracy": accuracy, **changes, **spread})


def _sentences(reviews: Sequence[str]) -> list[str]:
    """Return the first sentence of each review that is short and ends with a full stop."""
    found = []
    for review in reviews:
        sentences = (review[start:end] for start, end in sentence_spans(review))
        short = (
            it for it in sentences if it[-1] == "." and it[-2:] != ".." and len(it.split()) in _NUM_WORDS
        )
        found += [sentence for sentence in [next(short, None)] if sentence]
    return found[:_MAX_SENTENCES]


def _end_mark_changes(classifier: Classifier, sentences: Sequence[str]) -> float:
    """Return the share of the sentences whose label is another one without the full stop."""
    before, after = (
        classifier.predict([change(sentence) for sentence in sentences])
        for change in (str, lambda sentence: sentence.removesuffix("."))
    )
    return mean(one.label != other.label for one, other in zip(before, after, strict=True))


if __name__ == "__main__":
    main()
