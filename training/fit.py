"""From a run's plan to a published version: read, learn, calibrate, evaluate, publish.

Each stage leaves its result in the run's folder, so a run that was stopped goes on where it was.
"""

from dataclasses import replace

import torch

from model_store import Draft, ModelVersion, Store
from sentiment import SentimentLSTM, Tokenizer, choose_device
from training.data.labels import LabelSet
from training.distributed.processes import from_first, in_each, is_first, take_device
from training.errors import InvalidReviews
from training.learning.classification import Classification
from training.learning.examples import Examples, TextStream
from training.learning.trainer import Trainer
from training.publishing.draft import draft_version
from training.recipe.recipe import Recipe
from training.run.base_version import adapted_labels, load_base
from training.run.dataset import Dataset, read_dataset
from training.run.distillation import taught_examples
from training.run.initial_network import new_network
from training.run.ledger import Ledger
from training.run.run import Run
from training.run.stage import Report, run_stage
from training.run.tensorboard import Scalars

__all__ = ["fit"]

_FIRST_ALIAS = "production"


def fit(run: Run, report: Report = print, scalars: Scalars | None = None) -> str:
    """Train what the run's plan asks for, and publish it; return its reference, such as "reviews@3".

    `report` takes lines for people, `scalars` what TensorBoard shows. Raises Interrupted, after saving, when
    SIGINT or SIGTERM arrives while the network is fitted, and any SentimentError that the data, the run or
    the store gives cause for.

    Where several processes train together, all of them call it and read the reviews; only the first uses the
    run's folder and the stores.
    """
    take_device(run.plan.device)
    _report_threads(run, report)
    base = in_each(lambda: load_base(run.plan.base) if run.plan.base and is_first() else None)
    dataset = _read_dataset(run, base)
    if base:
        report(f"starting from {base}")
    report(str(dataset))
    _check_data(run, dataset)
    ledger = Ledger(run, dataset.fingerprints, report)
    from_first(ledger.begin)
    tokenizer = from_first(lambda: base.classifier.tokenizer if base else _learn_tokenizer(run, dataset))
    network = new_network(run, dataset, tokenizer, base, report)
    trainer = _new_trainer(run, dataset, tokenizer, network, report)
    run_stage(run, "classifier", trainer, report, scalars)
    network = trainer.best_network()

    def publish() -> str:
        if best := trainer.progress.best:
            ledger.end(best.validation_accuracy)
        num_runs = ledger.num_runs()
        draft = draft_version(
            run.plan, dataset, tokenizer, network, trainer.progress, report, base=base, num_runs=num_runs
        )
        return _publish(Store(run.plan.store), draft)

    return from_first(publish)


def _report_threads(run: Run, report: Report) -> None:
    num_begun, num_now = from_first(lambda: run.num_threads), torch.get_num_threads()
    if num_begun not in (None, num_now):
        report(
            f"this run was begun with {num_begun} threads and goes on with {num_now}, so the bytes of its "
            f"version may differ: set OMP_NUM_THREADS={num_begun} to keep them"
        )


def _read_dataset(run: Run, base: ModelVersion | None) -> Dataset:
    dataset = in_each(lambda: read_dataset(run.plan))
    return replace(dataset, labels=from_first(lambda: _labels(dataset, base)))


def _labels(dataset: Dataset, base: ModelVersion | None) -> LabelSet:
    return adapted_labels(dataset.labels, str(base), base.classifier.labels) if base else dataset.labels


def _check_data(run: Run, dataset: Dataset) -> None:
    from_first(lambda: run.check_data(dataset.fingerprints))
    known = from_first(lambda: dataset.fingerprints)

    def compare() -> None:
        if dataset.fingerprints != known:
            raise InvalidReviews(
                "the reviews are not those of the first process: copy its files to this host"
            )

    in_each(compare)


def _publish(store: Store, draft: Draft) -> str:
    version = store.publish(draft)
    if not store.aliases(draft.model):
        store.set_alias(draft.model, _FIRST_ALIAS, version)
    return f"{draft.model}@{version}"


def _learn_tokenizer(run: Run, dataset: Dataset) -> Tokenizer:
    tokenizer = run.tokenizer()
    if tokenizer is None:
        tokenizer = Tokenizer.fit(dataset.texts, run.plan.recipe.tokenizer)
        run.save_tokenizer(tokenizer)
    return tokenizer


def _new_trainer(
    run: Run, dataset: Dataset, tokenizer: Tokenizer, network: SentimentLSTM, report: Report
) -> Trainer[SentimentLSTM]:
    recipe, device = run.plan.recipe, choose_device(run.plan.device)
    task = Classification(
        train=_train_examples(run, dataset, tokenizer, report),
        validation=Examples.encode(dataset.split.validation, tokenizer, dataset.labels),
        objective=recipe.objective,
        device=device,
        unlabelled=_unlabelled(recipe, dataset, tokenizer),
    )
    return Trainer(network, task, recipe.fitting, seed=recipe.seed, device=device)


def _train_examples(run: Run, dataset: Dataset, tokenizer: Tokenizer, report: Report) -> Examples:
    if run.plan.teachers or run.plan.soft_targets:
        return taught_examples(run, dataset, tokenizer, report)
    return Examples.encode(dataset.train, tokenizer, dataset.labels)


def _unlabelled(recipe: Recipe, dataset: Dataset, tokenizer: Tokenizer) -> TextStream | None:
    if not recipe.objective.uses_unlabelled:
        return None
    texts = [tokenizer.encode(text) for text in dataset.texts]
    return TextStream(texts, recipe.fitting.batch_reviews, seed=recipe.seed)
