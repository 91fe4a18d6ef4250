"""Measure each ingredient of a recipe: alone on top of a small recipe, and left out of a full one.

    python -m experiments.ablation REVIEWS.jsonl.xz --unlabelled TEXTS.jsonl.xz --reserved IDS.txt

The small recipe is `experiments/ablation.toml`. Prints a table in Markdown for each of the two settings. All
is measured on the reviews that `python -m training fit` holds out, the same whatever the seed, and never on a
test split. "Outside" is a run beyond the 95% prediction interval for one more run of the recipe that it is
compared with, from several seeds: of twenty ingredients without effect, about one is outside by chance.
"""

import argparse
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from experiments.dot_plot import DotPlot, draw
from experiments.experiment import Experiment, RecipeResult, TeacherKind
from experiments.result_cache import ResultCache
from experiments.seed_spread import SeedSpread
from experiments.small_study import read_few, study_parser, study_plan
from experiments.variants import Fields, Overrides, changed
from sentiment import SentimentError, set_num_threads
from training.errors import Interrupted
from training.recipe.plan import Plan
from training.recipe.recipe import Recipe, load_recipe


@dataclass(frozen=True, slots=True)
class Variant:
    """Changes of a recipe, and the teachers of the run."""

    overrides: Overrides
    teachers: Set[TeacherKind] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationSetting:
    """The recipe that variants change and are compared with: the small one with some fields changed."""

    overrides: Overrides
    variants: Mapping[str, Variant]


_LANGUAGE_MODEL: Final[Overrides] = {
    "language_model": {
        "num_noise": 512,
        "predicted_ratio": 0.33,
        "fitting": {
            "epochs": 2,
            "batch_reviews": 32,
            "learning_rate": 3e-3,
            "schedule": "linear",
            "warmup_ratio": 0.05,
            "clip_norm": 1.0,
            "mixed_precision": True,
        },
    }
}
_SLANTED: Final[Fields] = {"schedule": "linear", "warmup_ratio": 0.1}
_DISCRIMINATIVE: Final[Fields] = {"layer_decay": 1 / 2.6}
_UNFREEZING: Final[Fields] = {"unfreeze_epochs": 1}
_LINEAR: Final[Overrides] = {"distillation": {"linear_teacher": True}}
_NOT_LINEAR: Final[Overrides] = {"distillation": {"linear_teacher": False}}

SETTINGS: Final[Mapping[str, AblationSetting]] = {
    "base": AblationSetting(
        overrides={},
        variants={
            "without word vectors": Variant({"vectors": None}),
            "adversarial, norm 2": Variant({"objective": {"adversarial_norm": 2.0}}),
            "virtual adversarial, norm 2": Variant({"objective": {"virtual_norm": 2.0}}),
            "entropy, weight 1": Variant({"objective": {"entropy_weight": 1.0}}),
            "linear teacher": Variant(_LINEAR, {"linear"}),
            "its own teacher": Variant(_NOT_LINEAR, {"itself"}),
            "embedding dropout 0.1": Variant({"network": {"embedding_dropout": 0.1}}),
            "input dropout 0.3": Variant({"network": {"input_dropout": 0.3}}),
            "weight drop 0.3": Variant({"network": {"weight_drop": 0.3}}),
            "output dropout 0.4": Variant({"network": {"output_dropout": 0.4}}),
            "word dropout 0.1": Variant({"objective": {"word_dropout": 0.1}}),
            "warm-up, linear rate": Variant({"fitting": _SLANTED}),
            "moving average 0.998": Variant({"fitting": {"ema_decay": 0.998}}),
            "gradient clipping 1": Variant({"fitting": {"clip_norm": 1.0}}),
            "single precision": Variant({"fitting": {"mixed_precision": False}}),
            "language model": Variant(_LANGUAGE_MODEL),
            "language model, linear rate": Variant({**_LANGUAGE_MODEL, "fitting": _SLANTED}),
            "language model, discriminative": Variant({**_LANGUAGE_MODEL, "fitting": _DISCRIMINATIVE}),
            "language model, unfreezing": Variant({**_LANGUAGE_MODEL, "fitting": _UNFREEZING}),
            "language model, all three": Variant(
                {**_LANGUAGE_MODEL, "fitting": {**_SLANTED, **_DISCRIMINATIVE, **_UNFREEZING}}
            ),
        },
    ),
    "full": AblationSetting(
        overrides={
            "network": {"input_dropout": 0.3, "output_dropout": 0.4},
            "fitting": {**_SLANTED, "clip_norm": 1.0, "ema_decay": 0.998},
            "objective": {"adversarial_norm": 2.0},
        },
        variants={
            "without word vectors": Variant({"vectors": None}),
            "without adversarial": Variant({"objective": {"adversarial_norm": None}}),
            "without input dropout": Variant({"network": {"input_dropout": 0.0}}),
            "without output dropout": Variant({"network": {"output_dropout": 0.0}}),
            "without linear rate": Variant({"fitting": {"schedule": "constant", "warmup_ratio": 0.0}}),
            "without moving average": Variant({"fitting": {"ema_decay": None}}),
            "without clipping": Variant({"fitting": {"clip_norm": None}}),
            "with language model": Variant(_LANGUAGE_MODEL),
        },
    ),
}


def main() -> None:
    """Run what is not in the results yet, print a table as each setting is done, and draw the picture."""
    options = _parser().parse_args()
    set_num_threads(1)
    try:
        dots = _tables(options)
    except Interrupted:
        raise SystemExit("stopped; with --results, the same command goes on") from None
    except SentimentError as error:
        raise SystemExit(f"error: {error}") from None
    if options.picture:
        options.picture.parent.mkdir(parents=True, exist_ok=True)
        options.picture.write_bytes(draw(dots))


def _tables(options: argparse.Namespace) -> dict[str, DotPlot]:
    dots: dict[str, DotPlot] = {}
    base_seconds = 0.0
    with TemporaryDirectory() as folder:
        plan = _plan(options, Path(folder))
        dataset = read_few(plan, options)
        print(dataset)
        experiment = Experiment(plan, dataset, Path(folder))
        cache = ResultCache(options.results, RecipeResult)
        for name, setting in SETTINGS.items():
            references, variants = measure(experiment, cache, name, setting, plan.recipe, options.num_seeds)
            base_seconds = base_seconds or median(outcome.seconds for outcome in references)
            print_table(name, references, variants, base_seconds)
            dots[name] = _dots(references, variants)
    return dots


def _parser() -> argparse.ArgumentParser:
    recipe = Path(__file__).with_suffix(".toml")
    parser = study_parser(__doc__, recipe=recipe, num_reviews=4_300, num_texts=5_000)
    parser.add_argument("--epochs", type=int, help="in place of those of the small recipe")
    parser.add_argument("--picture", type=Path, help="file for the picture")
    return parser


def _plan(options: argparse.Namespace, folder: Path) -> Plan:
    recipe = load_recipe(options.recipe)
    epochs = options.epochs or recipe.fitting.epochs
    return study_plan(options, "ablation", changed(recipe, {"fitting": {"epochs": epochs}}), folder)


def measure(
    experiment: Experiment,
    cache: ResultCache[RecipeResult],
    name: str,
    setting: AblationSetting,
    base: Recipe,
    num_seeds: int,
) -> tuple[list[RecipeResult], dict[str, RecipeResult]]:
    """Return the results of the reference with each seed, and of each variant with the first seed."""
    recipe = changed(base, setting.overrides)

    def outcome(of: str, changed_recipe: Recipe, teachers: Set[TeacherKind] = frozenset()) -> RecipeResult:
        key = f"{name}; {of}"
        return cache.get(key, partial(experiment.run, key, changed_recipe, teachers))

    references = [outcome(f"seed {seed}", replace(recipe, seed=seed)) for seed in range(1, num_seeds + 1)]
    variants = {
        of: outcome(of, changed(recipe, variant.overrides), variant.teachers)
        for of, variant in setting.variants.items()
    }
    return references, variants


def print_table(
    name: str, references: list[RecipeResult], variants: Mapping[str, RecipeResult], base_seconds: float
) -> None:
    """Print a row for each run with its difference from the mean of the references."""
    spread = _spread(references)
    print(f"\n{name}: {spread.mean:.2%} over {len(references)} seeds; ", end="")
    print(f"one more run would lie within {spread.margin:.2%} of that\n")
    print(f"| {name} | accuracy | difference, points | outside | processor time |\n|---|---|---|---|---|")
    for of, outcome, outside in _rows(references, variants, spread):
        difference = 100 * spread.difference(outcome.accuracy)
        ratio = outcome.seconds / base_seconds
        print(f"| {of} | {outcome.accuracy:.2%} | {difference:+.2f} | {outside} | {ratio:.1f} |")


def _rows(
    references: list[RecipeResult], variants: Mapping[str, RecipeResult], spread: SeedSpread
) -> Iterator[tuple[str, RecipeResult, str]]:
    for seed, outcome in enumerate(references, start=1):
        yield f"seed {seed}", outcome, ""
    for name, outcome in variants.items():
        yield name, outcome, "yes" if spread.outside(outcome.accuracy) else "no"


def _dots(references: list[RecipeResult], variants: Mapping[str, RecipeResult]) -> DotPlot:
    spread = _spread(references)
    return DotPlot(
        references=[spread.difference(outcome.accuracy) for outcome in references],
        variants={name: spread.difference(outcome.accuracy) for name, outcome in variants.items()},
        margin=spread.margin,
    )


def _spread(references: list[RecipeResult]) -> SeedSpread:
    return SeedSpread.of([outcome.accuracy for outcome in references])


if __name__ == "__main__":
    main()
