"""The weights that a run's network starts from: a base version's, a language model's, or random ones."""

import torch

from sentiment import SentimentLSTM, Tokenizer, choose_device
from sentiment.tokenizer import FIRST_WORD_ID
from training.data.proper_nouns import proper_nouns
from training.learning.initialisation import initialise
from training.learning.language_model import LanguageModel, WordPrediction, start_from
from training.learning.tied_rows import tie_rows
from training.learning.trainer import Trainer
from training.recipe.tables import LanguageModelling
from training.run.dataset import Dataset
from training.run.prepared import Prepared
from training.run.run import Run
from training.run.stage import Report, run_stage

__all__ = ["initial_network"]

_MAX_VALIDATION_REVIEWS = 200
"""Held-out reviews that the language model is measured on: scoring a whole vocabulary is slow."""


def initial_network(run: Run, dataset: Dataset, prepared: Prepared, report: Report) -> SentimentLSTM:
    """Return the network that the run's plan starts from.

    A language model, if the recipe asks for one, is fitted here, by all processes together.
    """
    network = _start(run, dataset, prepared, report)
    if run.plan.recipe.one_name_vector:
        _tie_names(network, dataset, prepared.tokenizer, report)
    return network


def _tie_names(network: SentimentLSTM, dataset: Dataset, tokenizer: Tokenizer, report: Report) -> None:
    found = proper_nouns(dataset.texts)
    ids = [token_id for token_id, word in enumerate(tokenizer.words, start=FIRST_WORD_ID) if word in found]
    report(f"{len(ids):,} words of the vocabulary are proper nouns and have one vector")
    if ids:
        tie_rows(network.embedding, ids)


def _start(run: Run, dataset: Dataset, prepared: Prepared, report: Report) -> SentimentLSTM:
    recipe = run.plan.recipe
    torch.manual_seed(recipe.seed)
    network = SentimentLSTM(
        recipe.network_config(
            vocabulary_size=prepared.tokenizer.vocabulary_size, num_labels=len(dataset.labels.names)
        )
    )
    if prepared.base:
        network.load_state_dict(prepared.base.weights_for(prepared.tokenizer))
        return network
    initialise(network, recipe.initialisation)
    if prepared.vectors is not None:
        network.embedding.weight.data.copy_(torch.from_numpy(prepared.vectors))
    if recipe.language_model:
        task = _word_prediction(run, dataset, prepared.tokenizer, recipe.language_model)
        _take_language_model(run, network, task, report)
    return network


def _word_prediction(
    run: Run, dataset: Dataset, tokenizer: Tokenizer, config: LanguageModelling
) -> WordPrediction:
    held_out = dataset.split.validation
    measured = held_out[:: max(1, len(held_out) // _MAX_VALIDATION_REVIEWS)]
    return WordPrediction(
        train=[tokenizer.encode(text) for text in dataset.texts],
        validation=[tokenizer.encode(review.text) for review in measured],
        config=config,
        device=choose_device(run.plan.device),
    )


def _take_language_model(run: Run, network: SentimentLSTM, task: WordPrediction, report: Report) -> None:
    config = task.config
    trainer = Trainer(
        LanguageModel(network, config.dropout),
        task,
        config.fitting,
        seed=run.plan.recipe.seed,
        device=task.device,
    )
    run_stage(run, "language_model", trainer, report)
    start_from(network.cpu(), trainer.best_network().cpu())
