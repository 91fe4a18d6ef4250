"""Draw what each option does to the loss curve of the `article` recipe, one option at a time.

    python -m experiments.options REVIEWS.jsonl.xz --reserved IDS.txt --pictures experiments/images

Prints a table and draws the curves. All is measured on reviews held out of those given, never on a test
split. "Outside" is a variant beyond the 95% prediction interval for one more run of the recipe as it is, from
several seeds: of twenty options without effect, about one is outside by chance.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.result_cache import ResultCache
from experiments.seed_spread import SeedSpread
from experiments.variants import Overrides, changed
from reviews import read_reviews
from sentiment import SentimentLSTM, Tokenizer, TokenizerConfig, set_num_threads
from training.data.labels import LabelSet
from training.data.split import Split, read_reserved_ids, split_validation
from training.learning.classification import Classification
from training.learning.examples import Examples
from training.learning.initialisation import initialise
from training.learning.trainer import EpochMetrics, Trainer
from training.publishing.report.drawing import COLOURS, FAINT, look, new_figure, to_png
from training.publishing.report.learning import smoothed
from training.recipe.recipe import Recipe, load_recipe

# In the order of the table; a panel for each group, a picture for each four of them.
GROUPS: Final[Mapping[str, Mapping[str, Overrides]]] = {
    "initial weights": {
        name: {"initialisation": {"weights": name}}
        for name in ("zeros", "normal", "xavier", "normalized", "orthogonal")
    },
    "initial biases": {"zeros": {"initialisation": {"biases": "zeros"}}},
    "layers": {"2": {"network": {"num_layers": 2}}, "3": {"network": {"num_layers": 3}}},
    "tokens": {"100": {"tokenizer": {"max_tokens": 100}}},
    "input dropout": {
        "0": {"network": {"input_dropout": 0.0}},
        "0.5": {"network": {"input_dropout": 0.5}},
    },
    "recurrent dropout": {"0": {"network": {"recurrent_dropout": 0.0}}},
    "output dropout": {"0.5": {"network": {"output_dropout": 0.5}}},
    "truncation": {
        "head": {"tokenizer": {"truncation": "head"}},
        "head and tail": {"tokenizer": {"truncation": "head_tail"}},
    },
    "weight decay": {"1": {"fitting": {"weight_decay": 1.0}}},
    "gradient clipping": {"norm 0.1": {"fitting": {"clip_norm": 0.1}}},
    "learning rate": {
        "linear": {"fitting": {"schedule": "linear"}},
        "warm-up, linear": {"fitting": {"schedule": "linear", "warmup_ratio": 0.2}},
        "exponential": {"fitting": {"schedule": "exponential", "decay_ratio": 0.3}},
    },
    "early stopping": {"patience 1": {"fitting": {"epochs": 9, "patience_epochs": 1}}},
}
BASELINE: Final = "as it is"
# Twice that of the recipe: a comparison is as sharp as its validation reviews are many.
VALIDATION_RATIO: Final = 0.2
PANELS_A_PICTURE: Final = 4
LOSS_RANGE: Final = (0.35, 0.75)
SMOOTHING_EPOCHS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Curve:
    """Losses and figures of one run."""

    step_losses: list[float]
    history: list[EpochMetrics]

    @property
    def best_accuracy(self) -> float:
        """The highest validation accuracy of an epoch, 0 to 1."""
        return max(figures.validation_accuracy for figures in self.history)


Results = dict[str, Curve]


def main() -> None:
    """Train what is not in the results yet, print the table, and draw the pictures on request."""
    options = _parser().parse_args()
    set_num_threads(1)
    experiment = OptionExperiment(_read(options))
    print(experiment)
    cache = ResultCache(options.results, Curve)
    results = {
        name: cache.get(name, partial(experiment.train, recipe))
        for name, recipe in recipes(options.epochs, options.num_seeds)
    }
    print_table(results, baselines(results))
    if options.pictures:
        write_pictures(results, options.pictures)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--reserved", type=Path, help="ids of reviews to hold out, one a line")
    parser.add_argument("--num-reviews", type=int, default=8_000, help="about, evenly picked")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--num-seeds", type=int, default=6, help="runs of the recipe as it is, at least 2")
    parser.add_argument(
        "--results", type=Path, help="file that saves the curves for a second call of the same"
    )
    parser.add_argument("--pictures", type=Path, help="folder for the pictures")
    return parser


def _read(options: argparse.Namespace) -> Split:
    reviews = read_reviews([options.reviews], split="train").reviews
    return split_validation(
        reviews[:: max(1, len(reviews) // options.num_reviews)],
        ratio=VALIDATION_RATIO,
        reserved_ids=read_reserved_ids(options.reserved) if options.reserved else frozenset(),
        seed=1,
    )


def recipes(epochs: int, num_seeds: int) -> Iterator[tuple[str, Recipe]]:
    """Yield the recipe as it is with each seed, then each variant with the first, by name."""
    base = changed(load_recipe("article"), {"fitting": {"epochs": epochs}})
    for seed in range(1, num_seeds + 1):
        yield f"{BASELINE}, seed {seed}", replace(base, seed=seed)
    for group, variants in GROUPS.items():
        for name, overrides in variants.items():
            yield f"{group}: {name}", changed(base, overrides)


class OptionExperiment:
    """Trains recipes on the same reviews, and holds out the same ones whatever the seed."""

    def __init__(self, split: Split) -> None:
        self._split = split
        self._labels = LabelSet.infer([*split.train, *split.validation])
        self._encoded: dict[TokenizerConfig, tuple[int, Examples, Examples]] = {}

    def __str__(self) -> str:
        return (
            f"{len(self._split.train):,} reviews to train on, {len(self._split.validation):,} to validate on"
        )

    def train(self, recipe: Recipe) -> Curve:
        """Train the recipe and return its curve; the run begins as one of `python -m training fit` does."""
        vocabulary_size, train, validation = self._encode(recipe.tokenizer)
        torch.manual_seed(recipe.seed)
        num_labels = len(self._labels.names)
        network = SentimentLSTM(recipe.network_config(vocabulary_size=vocabulary_size, num_labels=num_labels))
        initialise(network, recipe.initialisation)
        device = torch.device("cpu")
        task = Classification(train=train, validation=validation, objective=recipe.objective, device=device)
        trainer = Trainer(network, task, recipe.fitting, seed=recipe.seed, device=device)
        trainer.run(lambda: None, lambda _: None)
        return Curve(trainer.progress.step_losses, trainer.progress.history)

    def _encode(self, config: TokenizerConfig) -> tuple[int, Examples, Examples]:
        if config not in self._encoded:
            tokenizer = Tokenizer.fit([review.text for review in self._split.train], config)
            self._encoded[config] = (
                tokenizer.vocabulary_size,
                Examples.encode(self._split.train, tokenizer, self._labels),
                Examples.encode(self._split.validation, tokenizer, self._labels),
            )
        return self._encoded[config]


def baselines(results: Results) -> list[Curve]:
    """Return the runs of the recipe as it is."""
    return [curve for name, curve in results.items() if name.startswith(BASELINE)]


def print_table(results: Results, base: Sequence[Curve]) -> None:
    """Print a row for each run, and how it differs from the mean of the recipe as it is."""
    spread = SeedSpread.of([curve.best_accuracy for curve in base])
    print(f"as it is, {len(base)} seeds: {spread.mean:.2%}; ", end="")
    print(f"one more run would lie within {spread.margin:.2%} of that\n")
    print(f"{'variant':<32} {'train loss':>10} {'best accuracy':>14} {'difference':>11}  outside")
    for name, curve in results.items():
        difference = spread.difference(curve.best_accuracy)
        outside = "-" if curve in base else "yes" if spread.outside(curve.best_accuracy) else "no"
        loss = f"{curve.history[-1].train_loss:.4f}"
        print(f"{name:<32} {loss:>10} {curve.best_accuracy:>14.2%} {100 * difference:>+11.2f}  {outside}")


def write_pictures(results: Results, folder: Path) -> None:
    """Draw the panels of all groups, four a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    groups = list(GROUPS)
    with look():
        for number, start in enumerate(range(0, len(groups), PANELS_A_PICTURE), start=1):
            figure = draw_panels(results, groups[start : start + PANELS_A_PICTURE])
            (folder / f"options-{number}.png").write_bytes(to_png(figure))


def draw_panels(results: Results, groups: Sequence[str]) -> Figure:
    """Draw one panel for each group, all with the same axes."""
    figure = new_figure(height_inches=5.6)
    panels = figure.subplots(2, 2, sharey=True)
    for axes, group in zip(panels.flat, groups, strict=True):
        _draw_panel(axes, results, group)
    figure.supylabel("cross entropy, nats", fontsize=9)
    figure.supxlabel("epochs; lines: train, smoothed; points: validation", fontsize=9)
    return figure


def _draw_panel(axes: Axes, results: Results, group: str) -> None:
    for curve in baselines(results):
        _draw_curve(axes, curve, FAINT, width=1.0)
    axes.plot([], [], color=FAINT, linewidth=1.0, label=BASELINE)
    for colour, name in zip(COLOURS, GROUPS[group], strict=False):
        _draw_curve(axes, results[f"{group}: {name}"], colour, width=1.6, label=name)
    axes.set_title(group.capitalize(), fontsize=10, pad=5)
    axes.set_ylim(*LOSS_RANGE)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=7.5, loc="lower left", handlelength=1.2, labelspacing=0.25)


def _draw_curve(axes: Axes, curve: Curve, colour: str, *, width: float, label: str | None = None) -> None:
    losses = np.array(curve.step_losses)
    steps_per_epoch = len(losses) / len(curve.history)
    epochs = np.arange(1, len(losses) + 1) / steps_per_epoch
    smooth = smoothed(losses, num_neighbours=round(steps_per_epoch * SMOOTHING_EPOCHS))
    axes.plot(epochs, smooth, color=colour, linewidth=width, label=label)
    validation = [figures.validation_loss for figures in curve.history]
    axes.plot([figures.epoch for figures in curve.history], validation, "o", color=colour, markersize=3.5)


if __name__ == "__main__":
    main()
