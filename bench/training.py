"""Time training steps beside a plain PyTorch loop that pads every batch to the longest review allowed.

    python -m bench.training REVIEWS.jsonl.xz

Both train the network of the `cpu` recipe, without adversarial training, on the same reviews with the same
optimiser; this project in mixed precision, as the recipe says. They take turns. Prints real tokens a second,
which do not include padding, and their ratio.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.timing import median_seconds
from reviews import read_reviews
from sentiment import NetworkConfig, SentimentLSTM, Tokenizer
from training.data.labels import LabelSet
from training.learning.classification import Classification
from training.learning.examples import Examples
from training.learning.trainer import EpochMetrics, Trainer
from training.recipe.recipe import Recipe, load_recipe
from training.recipe.tables import Objective

NUM_BATCHES = 40


class PlainLSTM(nn.Module):
    """The network of tutorials: one bidirectional nn.LSTM over batches padded to a fixed length."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary_size, config.embedding_size, padding_idx=0)
        self.lstm = nn.LSTM(config.embedding_size, config.hidden_size, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * config.hidden_size, config.num_labels)

    def forward(self, ids_BT: Tensor) -> Tensor:
        """Return logits [B, L]."""
        x_BTE = functional.dropout(self.embedding(ids_BT), self.config.input_dropout, self.training)
        states_BTD, _ = self.lstm(x_BTE)
        pooled_BD = functional.dropout(states_BTD.amax(1), self.config.output_dropout, self.training)
        return self.output(pooled_BD)  # type: ignore[no-any-return]


def main() -> None:
    """Print the comparison for the file that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    recipe = load_recipe("cpu")
    examples, config = _prepare(recipe, options.reviews)
    num_tokens = sum(len(review.ids) for review in examples.reviews)
    runs = {
        "plain loop": plain_epoch(recipe, examples, config),
        "this project": our_epoch(recipe, examples, config),
    }
    seconds = median_seconds(runs, options.rounds)
    print(f"{len(examples.reviews):,} reviews, {num_tokens:,} tokens, {torch.get_num_threads()} threads")
    for name, median in seconds.items():
        rate, ratio = num_tokens / median, seconds["plain loop"] / median
        print(f"{name:<14} {rate:>9,.0f} tokens/s   {ratio:.2f} x the plain loop")


def plain_epoch(recipe: Recipe, examples: Examples, config: NetworkConfig) -> Callable[[], None]:
    """Return a function that trains the plain network on all examples once, in random order."""
    network = PlainLSTM(config)
    optimiser = torch.optim.Adam(network.parameters(), lr=recipe.fitting.learning_rate)
    ids_NT = torch.zeros(len(examples.reviews), recipe.tokenizer.max_tokens, dtype=torch.long)
    for row, review in zip(ids_NT, examples.reviews, strict=True):
        row[: len(review.ids)] = torch.tensor(review.ids)
    labels_N = torch.tensor(examples.classes)

    def run() -> None:
        order = torch.randperm(len(labels_N))
        for start in range(0, len(order), recipe.fitting.batch_reviews):
            rows = order[start : start + recipe.fitting.batch_reviews]
            optimiser.zero_grad()
            functional.cross_entropy(network(ids_NT[rows]), labels_N[rows]).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()

    return run


def our_epoch(recipe: Recipe, examples: Examples, config: NetworkConfig) -> Callable[[], None]:
    """Return a function that trains this project's network on all examples once."""
    fitting, device = replace(recipe.fitting, epochs=1), torch.device("cpu")
    few = Examples(examples.reviews[:8], examples.targets_NL[:8])  # validation is no part of what is timed
    task = Classification(train=examples, validation=few, objective=Objective(), device=device)

    def run() -> None:
        Trainer(SentimentLSTM(config), task, fitting, seed=1, device=device).run(_nothing, _ignore)

    return run


def _prepare(recipe: Recipe, path: Path) -> tuple[Examples, NetworkConfig]:
    reviews = read_reviews([path], split="train").reviews
    reviews = reviews[:: max(1, len(reviews) // (NUM_BATCHES * recipe.fitting.batch_reviews))]
    tokenizer = Tokenizer.fit((review.text for review in reviews), recipe.tokenizer)
    config = recipe.network_config(vocabulary_size=tokenizer.vocabulary_size, num_labels=2)
    return Examples.encode(reviews, tokenizer, LabelSet.infer(reviews)), config


def _nothing() -> None:
    pass


def _ignore(figures: EpochMetrics) -> None:
    pass


if __name__ == "__main__":
    main()
