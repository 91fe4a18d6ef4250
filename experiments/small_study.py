"""What the studies of a recipe's ingredients have in common: options, plan, and fewer reviews."""

import argparse
from dataclasses import replace
from pathlib import Path

from training.recipe.plan import Plan
from training.recipe.recipe import Recipe
from training.run.dataset import Dataset, read_dataset

__all__ = ["read_few", "study_parser", "study_plan"]


def study_parser(
    description: str | None, *, recipe: Path, num_reviews: int, num_texts: int
) -> argparse.ArgumentParser:
    """Return a parser of the reviews, the small recipe, and how much is done, with these defaults."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--unlabelled", type=Path, required=True, help="texts without labels")
    parser.add_argument("--reserved", type=Path, help="ids of reviews to hold out, one a line")
    parser.add_argument("--recipe", default=str(recipe), help="the small recipe")
    parser.add_argument("--num-reviews", type=int, default=num_reviews, help="to train on, about")
    parser.add_argument("--num-texts", type=int, default=num_texts, help="without labels, about")
    parser.add_argument("--num-seeds", type=int, default=4, help="runs of a reference, at least 2")
    parser.add_argument("--results", type=Path, help="file that saves results for a second call of the same")
    return parser


def study_plan(options: argparse.Namespace, name: str, recipe: Recipe, folder: Path) -> Plan:
    """Return the plan of a run with these options, whose store is in the folder."""
    return Plan(
        recipe_name=name,
        recipe=recipe,
        train=(options.reviews,),
        unlabelled=(options.unlabelled,),
        reserved=options.reserved,
        store=folder / "store",
        model="reviews",
        device="cpu",
    )


def read_few(plan: Plan, options: argparse.Namespace) -> Dataset:
    """Read a part of the train reviews and the other texts, evenly picked, and all of validation."""
    dataset = read_dataset(plan)
    train, texts = dataset.split.train, dataset.unlabelled
    return replace(
        dataset,
        split=replace(dataset.split, train=train[:: max(1, len(train) // options.num_reviews)]),
        unlabelled=texts[:: max(1, len(texts) // options.num_texts)],
    )
