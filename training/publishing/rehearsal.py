"""Asking before training what publishing will ask for after it: names, labels, the store."""

from collections.abc import Iterator

from model_store import Draft, Evaluation, Store
from model_store.manifest import REQUIRED_FILES
from training.publishing.draft import libraries
from training.recipe.plan import Plan
from training.run.dataset import Dataset

__all__ = ["rehearse_publishing"]


def rehearse_publishing(plan: Plan, dataset: Dataset) -> None:
    """Raise what publishing the run's version would raise that depends on neither network nor figures.

    That is InvalidDraft for a label or a file's name that no manifest can have, or another StoreError.
    """
    recipe, labels = plan.recipe, dataset.labels.names
    Store(plan.store).rehearse(
        Draft(
            model=plan.model,
            labels=labels,
            network=recipe.network_config(vocabulary_size=recipe.tokenizer.num_words, num_labels=len(labels)),
            tokenizer=recipe.tokenizer,
            temperature=1.0,
            recipe=plan.recipe_fields(),
            data=dataset.fingerprints,
            evaluation={name: _figures(len(labels)) for name in _names(dataset)},
            reference={},
            libraries=libraries(),
            payload=dict.fromkeys(REQUIRED_FILES, b""),
        )
    )


def _names(dataset: Dataset) -> Iterator[str]:
    yield from ("validation", *(f"validation {domain}" for domain in dataset.validation_domains))
    yield from ("test", *(f"test {domain}" for domain in dataset.test_domains))


def _figures(num_labels: int) -> Evaluation:
    """Return figures of one review, in place of those that there will be."""
    diagonal = range(num_labels)
    return Evaluation(
        num_reviews=1,
        accuracy=0.0,
        f1=0.0,
        auc=None,
        ece=0.0,
        nll=0.0,
        brier=0.0,
        confusion=tuple(tuple(int(true == predicted == 0) for predicted in diagonal) for true in diagonal),
    )
