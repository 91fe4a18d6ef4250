"""Time what varying texts adds to a training step.

    python -m bench.augmentation REVIEWS.jsonl.xz

Trains the network of `distilled-256`, whose tokenizer gets rules 2 and pieces, on a part of the reviews and
on one thread. Prints the processor time of a step, and what making its batch takes more than without any
variation: for each of them alone and for all of them at a rate of 1, and for all of them at one of 0.1.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from reviews import read_reviews
from sentiment import SentimentLSTM, Tokenizer, set_num_threads
from training.data.labels import LabelSet
from training.learning.classification import Classification
from training.learning.examples import Examples, TextTargets, shuffled_batches
from training.learning.trainer import EpochMetrics, Trainer
from training.recipe.recipe import Recipe, load_recipe, recipe_from_fields
from training.recipe.tables import Augmentation

NUM_BATCHES = 20


def main() -> None:
    """Print the table for the file that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    options = parser.parse_args()
    set_num_threads(1)
    recipe = load_recipe("distilled-256")
    recipe = replace(recipe, tokenizer=replace(recipe.tokenizer, text_rules=2, num_pieces=6_000, min_texts=5))
    texts, tokenizer = _prepare(recipe, options.reviews)
    batches = _batches(recipe, texts.encode(tokenizer, Augmentation(), seed=1))
    step_seconds = _step_seconds(recipe, texts, tokenizer)
    num_reviews = sum(map(len, batches))
    print(f"a step of {recipe.fitting.batch_reviews} reviews: {1000 * step_seconds:.0f} ms")
    plain = _batch_seconds(texts.encode(tokenizer, Augmentation(), seed=1), batches)
    for name, augmentation in _augmentations(recipe).items():
        more = _batch_seconds(texts.encode(tokenizer, augmentation, seed=1), batches) - plain
        share = more / (step_seconds * len(batches))
        print(f"{name:<14} {1e6 * more / num_reviews:>6.0f} us a review   {share:>6.2%} of a step")


def _prepare(recipe: Recipe, path: Path) -> tuple[TextTargets, Tokenizer]:
    reviews = read_reviews([path], split="train").reviews
    tokenizer = Tokenizer.fit((review.text for review in reviews[::8]), recipe.tokenizer)
    few = reviews[:: max(1, len(reviews) // (NUM_BATCHES * recipe.fitting.batch_reviews))]
    return TextTargets.of_labels(few, LabelSet.infer(reviews)), tokenizer


def _augmentations(recipe: Recipe) -> dict[str, Augmentation]:
    names = recipe.augmentation.rates
    rates = {name: {name: 1.0} for name in names}
    rates |= {f"all, {rate}": dict.fromkeys(names, rate) for rate in (1.0, 0.1)}
    return {
        name: recipe_from_fields({**recipe.fields(), "augmentation": table}, source=name).augmentation
        for name, table in rates.items()
    }


def _batches(recipe: Recipe, examples: Examples) -> list[list[int]]:
    return shuffled_batches(examples.lengths, recipe.fitting.batch_reviews, seed=1, epoch=0)


def _batch_seconds(examples: Examples, batches: Sequence[Sequence[int]]) -> float:
    begun = time.process_time()
    for step, indices in enumerate(batches):
        examples.batch(indices, step)
    return time.process_time() - begun


def _step_seconds(recipe: Recipe, texts: TextTargets, tokenizer: Tokenizer) -> float:
    """Return the processor time of a step without variations."""
    examples, device = texts.encode(tokenizer, Augmentation(), seed=1), torch.device("cpu")
    config = recipe.network_config(vocabulary_size=tokenizer.vocabulary_size, num_labels=2)
    few = Examples(examples.reviews[:8], examples.targets_NL[:8])  # validation is no part of what is timed
    task = Classification(train=examples, validation=few, objective=recipe.objective, device=device)
    trainer = Trainer(SentimentLSTM(config), task, replace(recipe.fitting, epochs=1), seed=1, device=device)
    begun = time.process_time()
    ended: list[float] = []
    trainer.run(lambda: ended.append(time.process_time()), _ignore)
    return (ended[-1] - begun) / len(ended)


def _ignore(figures: EpochMetrics) -> None:
    pass


if __name__ == "__main__":
    main()
