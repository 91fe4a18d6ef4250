"""What a network's weights are before it is fitted: a base version's, a language model's, or random."""

import numpy as np
import torch
from numpy.typing import NDArray

from model_store import ModelVersion
from sentiment import NetworkConfig, SentimentLSTM, Tokenizer, choose_device
from training.distributed.processes import from_first
from training.learning.initialisation import initialise
from training.learning.language_model import LanguageModel, WordPrediction, start_from
from training.learning.trainer import Trainer
from training.learning.word_vectors import learn_vectors
from training.recipe.tables import LanguageModelling
from training.run.base_version import start_network
from training.run.dataset import Dataset
from training.run.run import Run
from training.run.stage import Report, run_stage

__all__ = ["new_network"]

_MAX_VALIDATION_REVIEWS = 200
"""The language model is measured on so many of the reviews held out: scoring a whole vocabulary is slow."""


def new_network(
    run: Run, dataset: Dataset, tokenizer: Tokenizer, base: ModelVersion | None, report: Report
) -> SentimentLSTM:
    """Return the network that the run's plan starts from; what is learned for it is kept in the run.

    The base, if the plan has one, is only needed in the first process.
    """
    recipe = run.plan.recipe
    torch.manual_seed(recipe.seed)
    config = recipe.network_config(
        vocabulary_size=tokenizer.vocabulary_size, num_labels=len(dataset.labels.names)
    )
    if run.plan.base:
        return from_first(lambda: _of_base(config, base))
    network = SentimentLSTM(config)
    initialise(network, recipe.initialisation)
    if recipe.vectors:
        vectors = from_first(lambda: _vectors(run, dataset, tokenizer, config.embedding_size))
        network.embedding.weight.data.copy_(torch.from_numpy(vectors))
    if recipe.language_model:
        _take_language_model(run, dataset, tokenizer, network, recipe.language_model, report)
    return network


def _of_base(config: NetworkConfig, base: ModelVersion | None) -> SentimentLSTM:
    assert base  # noqa: S101  # the first process has it
    return start_network(config, base)


def _vectors(run: Run, dataset: Dataset, tokenizer: Tokenizer, size: int) -> NDArray[np.float32]:
    recipe = run.plan.recipe
    assert recipe.vectors  # noqa: S101  # the caller has looked
    vectors = run.vectors()
    if vectors is None:
        vectors = learn_vectors(dataset.texts, tokenizer, recipe.vectors, size=size, seed=recipe.seed)
        run.save_vectors(vectors)
    return vectors


def _take_language_model(
    run: Run,
    dataset: Dataset,
    tokenizer: Tokenizer,
    network: SentimentLSTM,
    config: LanguageModelling,
    report: Report,
) -> None:
    held_out = dataset.split.validation
    device = choose_device(run.plan.device)
    task = WordPrediction(
        train=[tokenizer.encode(text) for text in dataset.texts],
        validation=[
            tokenizer.encode(review.text)
            for review in held_out[:: max(1, len(held_out) // _MAX_VALIDATION_REVIEWS)]
        ],
        config=config,
        device=device,
    )
    trainer = Trainer(
        LanguageModel(network, config.dropout), task, config.fitting, seed=run.plan.recipe.seed, device=device
    )
    run_stage(run, "language_model", trainer, report)
    start_from(network.cpu(), trainer.best_network().cpu())
