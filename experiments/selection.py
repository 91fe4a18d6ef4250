"""Measure whether labelling the reviews that a version is least sure of beats labelling random ones.

    OMP_NUM_THREADS=1 python -m experiments.selection TRAIN --test TEST --base films@1 --store STORE

The version adapts, by the recipe `adapt`, to the reviews that each way chooses from TRAIN, whose labels the
choice does not see. Each seed decides the half of TRAIN that both ways choose from, the random choice, which
of the chosen reviews `fit` holds out, and the order of training. 3,000 reviews of TRAIN are left out of it:
`--validation` measures on them in place of TEST. Prints a Markdown table and the differences of the pairs.
"""

import argparse
import hashlib
import json
import math
import shutil
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.stats import t as student

from experiments.result_cache import ResultCache
from model_store import Evaluation, Manifest
from reviews import Review, read_reviews
from sentiment import Engine, Prediction, SentimentLSTM, TokenizedReview, set_num_threads
from training.data.labels import LabelSet
from training.data.near_duplicates import shingles
from training.data.similarity import MIN_SIMILARITY
from training.evaluation.calibration import fit_temperature, keeps_base_temperature
from training.evaluation.metrics import evaluate
from training.recipe.plan import PinnedVersion, Plan
from training.recipe.recipe import load_recipe
from training.run.base_version import adapted_recipe
from training.run.dataset import Dataset, read_dataset
from training.run.initial_network import initial_network
from training.run.pinned_version import load_pinned, pin_version
from training.run.preparation import prepare
from training.run.prepared import Prepared
from training.run.run import Run
from training.run.stage import run_stage
from training.run.trainer import classification_trainer


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedReview:
    """A review, and what the base says of it."""

    review: Review
    prediction: Prediction

    @property
    def margin(self) -> float:
        """How much more probable the predicted label is than the next one, 0 to 1."""
        *_, second, first = sorted(self.prediction.probabilities.values())
        return first - second


Strategy = Callable[[Sequence[PredictedReview], int, np.random.Generator], Sequence[PredictedReview]]
"""Chooses a number of reviews of a pool, without a look at their labels."""

RANDOM, SELECTED = "random", "selected"
_NUM_HELD_OUT = 3_000


def at_random(
    pool: Sequence[PredictedReview], budget: int, rng: np.random.Generator
) -> list[PredictedReview]:
    """Choose reviews at random."""
    return [pool[index] for index in rng.permutation(len(pool))[:budget]]


def least_sure(pool: Sequence[PredictedReview], budget: int, _: np.random.Generator) -> list[PredictedReview]:
    """Choose the reviews with the smallest margins, and of near-duplicates the first.

    Near-duplicates are those of `training.data.near_duplicates`.
    """
    chosen: list[PredictedReview] = []
    by_shingle: dict[str, list[int]] = defaultdict(list)
    sizes: list[int] = []
    for each in sorted(pool, key=attrgetter("margin")):
        ours = set(shingles(each.review.text))
        common = Counter(index for shingle in ours for index in by_shingle[shingle])
        if any(num / (len(ours) + sizes[index] - num) >= MIN_SIMILARITY for index, num in common.items()):
            continue
        for shingle in ours:
            by_shingle[shingle].append(len(chosen))
        chosen.append(each)
        sizes.append(len(ours))
        if len(chosen) == budget:
            break
    return chosen


STRATEGIES: Mapping[str, Strategy] = {RANDOM: at_random, SELECTED: least_sure}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptedFigures:
    """What an adaptation gave."""

    accuracy: float
    ece: float
    base_accuracy: float
    """That of the base on the reviews that were chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanInterval:
    """The mean of some differences, and the 95% interval of their expectation (Student's t)."""

    mean: float
    margin: float

    @classmethod
    def of(cls, differences: Sequence[float]) -> "MeanInterval":
        """Return those of at least two differences."""
        num = len(differences)
        quantile = float(student.ppf(0.975, num - 1))
        margin = quantile * statistics.stdev(differences) / math.sqrt(num)
        return cls(mean=statistics.mean(differences), margin=margin)

    def __str__(self) -> str:
        low, high = self.mean - self.margin, self.mean + self.margin
        return f"{100 * self.mean:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"


class AdaptationTrials:
    """Adaptations of one version, measured on the same reviews."""

    def __init__(self, base: PinnedVersion, manifest: Manifest, test: Sequence[Review], folder: Path) -> None:
        self._base = base
        self._manifest = manifest
        self._labels = LabelSet(manifest.labels)
        self._classifier = load_pinned(base).classifier
        self._test = self._classifier.tokenize([review.text for review in test])
        self._truth = self._labels.indices(test)
        self._folder = folder

    def predict(self, reviews: Sequence[Review]) -> list[PredictedReview]:
        """Return what the base says of reviews."""
        predictions = self._classifier.predict([review.text for review in reviews])
        return [
            PredictedReview(review=review, prediction=prediction)
            for review, prediction in zip(reviews, predictions, strict=True)
        ]

    def base_figures(self) -> Evaluation:
        """Return the figures of the base as it is."""
        engine = _engine(
            self._classifier.network, self._manifest.temperature, self._manifest.temperature_slope
        )
        return self._evaluate(engine)

    def adapt(self, chosen: Sequence[PredictedReview], seed: int) -> AdaptedFigures:
        """Adapt the base to reviews with their labels, and return the figures."""
        folder = self._folder / "run"
        train = write(self._folder / "chosen.jsonl", [each.review for each in chosen])
        run = Run.create(folder, self._plan(train, seed))
        own = read_dataset(run.plan)
        prepared = prepare(run, own, _silent)
        dataset = prepared.dataset(own)
        network = initial_network(run, dataset, prepared, _silent)
        trainer = classification_trainer(run.plan, dataset, prepared, network)
        run_stage(run, "classifier", trainer, _silent)
        figures = self._evaluate(calibrated(trainer.best_network(), dataset, prepared))
        shutil.rmtree(folder)
        return AdaptedFigures(
            accuracy=figures.accuracy, ece=figures.ece, base_accuracy=self._base_accuracy(chosen)
        )

    def _plan(self, train: Path, seed: int) -> Plan:
        return Plan(
            recipe_name="adapt",
            recipe=adapted_recipe(replace(load_recipe("adapt"), seed=seed), self._manifest),
            base=self._base,
            train=(train,),
            store=self._folder / "store",
            model="reviews",
            device="cpu",
        )

    def _evaluate(self, engine: Engine) -> Evaluation:
        return evaluate(np.array(engine.probabilities(self._test)), self._truth, self._labels.names)

    def _base_accuracy(self, chosen: Sequence[PredictedReview]) -> float:
        truth = self._labels.indices(each.review for each in chosen)
        names = [self._labels.names[index] for index in truth]
        hits = [each.prediction.label == name for each, name in zip(chosen, names, strict=True)]
        return statistics.mean(hits)


def calibrated(network: SentimentLSTM, dataset: Dataset, prepared: Prepared) -> Engine:
    """Return the network with the temperature that `fit` would publish it with."""
    held_out, base = dataset.split.validation, prepared.base
    if base and keeps_base_temperature(len(held_out)):
        return _engine(network, base.temperature, base.temperature_slope)
    tokenized: list[TokenizedReview] = [prepared.tokenizer.encode(review.text) for review in held_out]
    uncalibrated = np.array(_engine(network).probabilities(tokenized))
    return _engine(network, fit_temperature(uncalibrated, dataset.labels.indices(held_out)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table for the files and the version that the command line names."""
    options = _parser().parse_args(arguments)
    set_num_threads(1)
    run(options, STRATEGIES)


def run(options: argparse.Namespace, strategies: Mapping[str, Strategy]) -> None:
    """Measure all strategies at all budgets with all seeds, and print what came out."""
    held_out, train = divided(read_reviews([options.train], split="train").reviews)
    test = held_out if options.validation else read_reviews([options.test], split="test").reviews
    base, manifest = pin_version(options.base, store=options.store, own_store=options.store)
    cache = ResultCache(options.results, AdaptedFigures)
    with TemporaryDirectory() as folder:
        trials = AdaptationTrials(base, manifest, test, Path(folder))
        figures = trials.base_figures()
        print(f"{base} on {len(test):,} reviews: {figures.accuracy:.2%}, ECE {figures.ece:.2%}", flush=True)
        pool = trials.predict(train)
        seeds = range(1, options.num_seeds + 1)
        # Seed by seed, so that a run that is stopped has whole pairs at all budgets.
        for seed, budget, name in product(seeds, options.budgets, strategies):
            key = f"{name}, {budget}, {seed}"
            measured = cache.get(key, partial(_measure, trials, pool, strategies[name], budget, seed))
            print(f"{key}: {measured}", flush=True)
    others = [name for name in strategies if name != RANDOM]
    for name in others:
        print_table(cache, name, options.budgets, seeds)


def _measure(
    trials: AdaptationTrials, pool: Sequence[PredictedReview], strategy: Strategy, budget: int, seed: int
) -> AdaptedFigures:
    rng = np.random.default_rng(seed)
    half = at_random(pool, len(pool) // 2, rng)
    return trials.adapt(strategy(half, budget, rng), seed)


def print_table(
    cache: ResultCache[AdaptedFigures], name: str, budgets: Sequence[int], seeds: Sequence[int]
) -> None:
    """Print a row for each budget, and the interval of the difference over all pairs."""
    print(f"\n| budget | {RANDOM} | {name} | difference, points | ECE, {RANDOM} | ECE, {name} |")
    print("|---|---|---|---|---|---|")
    every: list[float] = []
    for budget in budgets:
        at_random_, selected = (
            [cache.get(f"{way}, {budget}, {seed}", _missing) for seed in seeds] for way in (RANDOM, name)
        )
        pairs = zip(selected, at_random_, strict=True)
        differences = [ours.accuracy - theirs.accuracy for ours, theirs in pairs]
        every += differences
        accuracies = [f"{_mean(each.accuracy for each in way):.2%}" for way in (at_random_, selected)]
        errors = [f"{_mean(each.ece for each in way):.2%}" for way in (at_random_, selected)]
        cells = [f"{budget:,}", *accuracies, str(MeanInterval.of(differences)), *errors]
        print(f"| {' | '.join(cells)} |")
    print(f"all {len(every)} pairs: {MeanInterval.of(every)}", flush=True)


def divided(reviews: Sequence[Review]) -> tuple[Sequence[Review], Sequence[Review]]:
    """Return the reviews that are held out of all choices, and the others, by the digests of their texts."""
    ordered = sorted(reviews, key=lambda review: hashlib.sha256(review.text.encode()).digest())
    num_held_out = min(_NUM_HELD_OUT, len(ordered) // 5)
    return ordered[:num_held_out], ordered[num_held_out:]


def write(path: Path, reviews: Iterable[Review]) -> Path:
    """Write labelled reviews as JSON Lines, and return the path."""
    rows = ({"id": review.id, "text": review.text, "label": review.label} for review in reviews)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _engine(network: SentimentLSTM, temperature: float = 1.0, slope: float = 0.0) -> Engine:
    return Engine(network, temperature=temperature, temperature_slope=slope, device="cpu")


def _mean(values: Iterable[float]) -> float:
    return statistics.mean(values)


def _missing() -> AdaptedFigures:
    raise AssertionError("every pair has been measured")


def _silent(line: str) -> None:
    """Take no notice of what `fit` would say."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path, help="labelled reviews to choose from")
    measured = parser.add_mutually_exclusive_group(required=True)
    measured.add_argument("--test", type=Path, help="labelled reviews to measure on")
    measured.add_argument("--validation", action="store_true", help="measure on reviews held out of TRAIN")
    parser.add_argument("--base", required=True, help="version to adapt")
    parser.add_argument("--store", type=Path, required=True, help="its store")
    parser.add_argument("--budgets", type=int, nargs="+", default=[500, 1_000, 2_000], metavar="N")
    parser.add_argument("--num-seeds", type=int, default=5, help="pairs at each budget, at least 2")
    parser.add_argument("--results", type=Path, help="file that saves results for a second call of the same")
    return parser


if __name__ == "__main__":
    main()
