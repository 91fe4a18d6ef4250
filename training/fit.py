"""From a run's plan to a published version: read, learn, calibrate, evaluate, publish.

Each stage leaves its result in the run's folder, so a run that was stopped goes on where it was.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace

import torch

from model_store import ModelVersion, Store
from sentiment import NetworkConfig, SentimentLSTM, Tokenizer, choose_device
from training.base import adapted_labels, load_base, start_network
from training.dataset import Dataset, read_dataset
from training.errors import Interrupted
from training.examples import Examples
from training.initialisation import initialise
from training.interruption import Interruption
from training.release import draft_version
from training.run import Run
from training.scalars import Scalars
from training.trainer import EpochFigures, Trainer
from training.vectors import learn_vectors

__all__ = ["fit"]

_CHECKPOINT_STEPS = 200
_FIRST_ALIAS = "production"

Report = Callable[[str], None]


def fit(run: Run, report: Report = print, scalars: Scalars | None = None) -> str:
    """Train what the run's plan asks for, and publish it; return its reference, such as "reviews@3".

    `report` takes lines for people, `scalars` what TensorBoard shows. Raises Interrupted, after saving, when
    SIGINT or SIGTERM arrives while the network is fitted, and any SentimentError that the data, the run or
    the store gives cause for.
    """
    base = load_base(run.plan.base) if run.plan.base else None
    dataset = _read_dataset(run, base)
    if base:
        report(f"starting from {base}")
    report(str(dataset))
    run.check_data(dataset.fingerprints)
    tokenizer = base.classifier.tokenizer if base else _learn_tokenizer(run, dataset)
    network = _start_network(run, dataset, tokenizer, base)
    trainer = _new_trainer(run, dataset, tokenizer, network)
    _go_on(run, trainer, report)
    _run_trainer(run, trainer, report, scalars)
    draft = draft_version(
        run.plan, dataset, tokenizer, trainer.best_network(), trainer.progress, report, base=base
    )
    store = Store(run.plan.store)
    version = store.publish(draft)
    if not store.aliases(draft.model):
        store.set_alias(draft.model, _FIRST_ALIAS, version)
    return f"{draft.model}@{version}"


def _read_dataset(run: Run, base: ModelVersion | None) -> Dataset:
    dataset = read_dataset(run.plan)
    if base is None:
        return dataset
    return replace(dataset, labels=adapted_labels(dataset.labels, str(base), base.classifier.labels))


def _learn_tokenizer(run: Run, dataset: Dataset) -> Tokenizer:
    tokenizer = run.tokenizer()
    if tokenizer is None:
        tokenizer = Tokenizer.fit(dataset.texts, run.plan.recipe.tokenizer)
        run.save_tokenizer(tokenizer)
    return tokenizer


def _start_network(
    run: Run, dataset: Dataset, tokenizer: Tokenizer, base: ModelVersion | None
) -> SentimentLSTM:
    recipe = run.plan.recipe
    torch.manual_seed(recipe.seed)
    config = recipe.network_config(
        vocabulary_size=tokenizer.vocabulary_size, num_labels=len(dataset.labels.names)
    )
    if base:
        return start_network(config, base)
    network = SentimentLSTM(config)
    initialise(network, recipe.initialisation)
    _start_embedding(network, config, run, dataset.texts, tokenizer)
    return network


@torch.no_grad()
def _start_embedding(
    network: SentimentLSTM, config: NetworkConfig, run: Run, texts: Sequence[str], tokenizer: Tokenizer
) -> None:
    recipe = run.plan.recipe
    if recipe.vectors is None:
        return
    vectors = run.vectors()
    if vectors is None:
        size = config.embedding_size
        vectors = learn_vectors(texts, tokenizer, recipe.vectors, size=size, seed=recipe.seed)
        run.save_vectors(vectors)
    network.embedding.weight.copy_(torch.from_numpy(vectors))


def _new_trainer(run: Run, dataset: Dataset, tokenizer: Tokenizer, network: SentimentLSTM) -> Trainer:
    return Trainer(
        network,
        run.plan.recipe.fitting,
        train=Examples.encode(dataset.train, tokenizer, dataset.labels),
        validation=Examples.encode(dataset.split.validation, tokenizer, dataset.labels),
        seed=run.plan.recipe.seed,
        device=choose_device(run.plan.device),
    )


def _go_on(run: Run, trainer: Trainer, report: Report) -> None:
    if state := run.checkpoint():
        trainer.restore(state)
        report(f"going on from epoch {trainer.progress.epoch + 1}, step {trainer.progress.step + 1}")


def _run_trainer(run: Run, trainer: Trainer, report: Report, scalars: Scalars | None) -> None:
    def after_step() -> None:
        if scalars:
            scalars.write_step(trainer)
        if interruption.requested:
            run.save_checkpoint(trainer.state())
            raise Interrupted(f"stopped; go on with: python -m training fit --resume {run.folder}")
        if trainer.progress.step % _CHECKPOINT_STEPS == 0:
            run.save_checkpoint(trainer.state())

    def after_epoch(figures: EpochFigures) -> None:
        run.save_checkpoint(trainer.state())
        if scalars:
            scalars.write_epoch(trainer, figures)
        report(
            f"epoch {figures.epoch}: loss {figures.train_loss:.4f}, validation loss "
            f"{figures.validation_loss:.4f}, validation accuracy {figures.validation_accuracy:.2%}"
        )

    with Interruption() as interruption, scalars or nullcontext():
        trainer.run(after_step, after_epoch)
