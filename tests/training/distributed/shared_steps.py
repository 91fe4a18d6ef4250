"""Trainings that any number of processes do alike; as a program, what several processes make of them.

    torchrun --nproc-per-node 2 -m tests.training.distributed.shared_steps FILE

writes to FILE for each training the outcome in each process.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from sentiment import NetworkConfig, SentimentLSTM
from tests.training.learning.tiny_examples import VOCABULARY_SIZE, examples
from training.distributed.processes import from_each, is_first, joined, rank
from training.learning.classification import Classification
from training.learning.examples import TextStream
from training.learning.language_model import LanguageModel, WordPrediction
from training.learning.trainer import Trainer
from training.recipe.tables import Fitting, LanguageModelling, Objective

__all__ = ["TRAININGS", "outcome"]

CPU = torch.device("cpu")
# 57 reviews are eight batches of seven, which two processes cannot share evenly, and one of a single review.
NUM_REVIEWS = 57
FITTING = Fitting(
    epochs=2,
    batch_reviews=7,
    learning_rate=1e-2,
    schedule="linear",
    warmup_ratio=0.1,
    clip_norm=0.5,
    ema_decay=0.9,
)
NETWORK = NetworkConfig(vocabulary_size=VOCABULARY_SIZE, num_labels=2, embedding_size=8, hidden_size=8)


class Stopped(Exception):
    pass


def classifier(objective: Objective, *, network: NetworkConfig = NETWORK, seed: int = 3) -> Trainer[Any]:
    """A classifier's trainer, with texts without labels for objectives that use them."""
    torch.manual_seed(seed)
    task = Classification(
        train=examples(NUM_REVIEWS),
        validation=examples(20),
        objective=objective,
        device=CPU,
        unlabelled=TextStream(examples(NUM_REVIEWS).reviews, 5, seed=2),
    )
    return Trainer(SentimentLSTM(network), task, FITTING, seed=1, device=CPU)


def language_model() -> Trainer[Any]:
    """A language model's trainer, with all words as noise and none left out."""
    torch.manual_seed(3)
    reviews = examples(NUM_REVIEWS).reviews
    short = replace(reviews[0], ids=reviews[0].ids[:1])  # has no word to predict
    config = LanguageModelling(fitting=FITTING, num_noise=1000, dropout=0.0)
    task = WordPrediction(train=[*reviews, short, short], validation=reviews[:9], config=config, device=CPU)
    return Trainer(LanguageModel(SentimentLSTM(NETWORK)), task, FITTING, seed=1, device=CPU)


def with_dropout() -> Trainer[Any]:
    """A classifier's trainer whose steps depend on random numbers."""
    network = replace(NETWORK, input_dropout=0.3, output_dropout=0.3)
    return classifier(Objective(virtual_norm=1.0, word_dropout=0.1), network=network)


def resumed() -> Trainer[Any]:
    """The trainer with dropout, stopped after eleven steps; another one continues."""
    first, second = with_dropout(), with_dropout()

    def after_step() -> None:
        if len(first.progress.step_losses) == 11:
            raise Stopped

    try:
        first.run(after_step, lambda _: None)
    except Stopped:
        second.restore(first.state())
    return second


TRAININGS: dict[str, Callable[[], Trainer[Any]]] = {
    "plain": lambda: classifier(Objective()),
    "from other weights in each process": lambda: classifier(Objective(), seed=3 + rank()),
    "adversarial": lambda: classifier(Objective(adversarial_norm=1.0)),
    "entropy": lambda: classifier(Objective(entropy_weight=0.5)),
    "adversarial and entropy": lambda: classifier(Objective(adversarial_norm=1.0, entropy_weight=0.5)),
    "language model": language_model,
    "with dropout": with_dropout,
    "resumed": resumed,
}


def outcome(new_trainer: Callable[[], Trainer[Any]]) -> dict[str, Any]:
    """Train to the end; return what came of it."""
    trainer = new_trainer()
    trainer.run(lambda: None, lambda _: None)
    return {
        "losses": trainer.progress.step_losses,
        "validation": [figures.validation_loss for figures in trainer.progress.history],
        "weights": trainer.state()["network"],
        "best": trainer.best_network().state_dict(),
    }


if __name__ == "__main__":
    with joined():
        outcomes = {name: from_each(outcome(training)) for name, training in TRAININGS.items()}
        if is_first():
            torch.save(outcomes, Path(sys.argv[1]))
