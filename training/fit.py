"""From a run's plan to a published version: read, prepare, learn, publish.

Each step leaves its result in the run's folder, so a run that was stopped goes on where it was.
"""

from model_store import Draft, Reason, Store
from sentiment import SentimentLSTM
from training.distributed.processes import from_first, in_each, take_device
from training.learning.trainer import Trainer
from training.publishing.draft import draft_version
from training.publishing.rehearsal import rehearse_publishing
from training.publishing.results import Trained
from training.run.dataset import Dataset, read_dataset
from training.run.initial_network import initial_network
from training.run.ledger import Ledger
from training.run.preparation import prepare
from training.run.prepared import Prepared
from training.run.run import Run
from training.run.stage import Report, run_stage
from training.run.tensorboard import Scalars
from training.run.trainer import classification_trainer

__all__ = ["fit"]

_FIRST_ALIAS = "production"


def fit(run: Run, report: Report = print, scalars: Scalars | None = None) -> str:
    """Train what the run's plan asks for, and publish it; return its reference, such as "reviews@3".

    `report` takes lines for people, `scalars` what TensorBoard shows. Raises Interrupted, after saving, when
    SIGINT or SIGTERM arrives while a network is fitted, and any SentimentError that the data, the run or the
    store gives cause for.

    Where several processes train together, all of them call it and read the reviews. The first alone uses the
    run's folder and the stores; the others receive from it what it has prepared.
    """
    take_device(run.plan.device)
    own = in_each(read_dataset, run.plan)
    from_first(rehearse_publishing, run.plan, own)
    prepared = from_first(prepare, run, own, report)
    dataset = in_each(prepared.dataset, own)
    network = initial_network(run, dataset, prepared, report)
    trainer = classification_trainer(run.plan, dataset, prepared, network)
    run_stage(run, "classifier", trainer, report, scalars)
    return from_first(_publish, run, dataset, prepared, trainer, report)


def _publish(
    run: Run, dataset: Dataset, prepared: Prepared, trainer: Trainer[SentimentLSTM], report: Report
) -> str:
    ledger = Ledger(run, dataset.fingerprints, report)
    if best := trainer.progress.best:
        ledger.end(best.validation_accuracy)
    trained = Trained(
        plan=run.plan,
        dataset=dataset,
        tokenizer=prepared.tokenizer,
        network=trainer.best_network(),
        progress=trainer.progress,
        base=prepared.base,
        num_runs=ledger.num_runs(),
    )
    return _add_to_store(Store(run.plan.store), draft_version(trained, report))


def _add_to_store(store: Store, draft: Draft) -> str:
    version = store.publish(draft)
    if not store.aliases(draft.model):
        store.set_alias(draft.model, _FIRST_ALIAS, version, Reason(action="fit"))
    return f"{draft.model}@{version}"
