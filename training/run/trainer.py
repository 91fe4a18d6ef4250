"""The trainer that fits a run's classifier."""

from sentiment import SentimentLSTM, Tokenizer, choose_device
from training.learning.classification import Classification
from training.learning.examples import Examples, TextStream, TextTargets
from training.learning.trainer import Trainer
from training.recipe.plan import Plan
from training.recipe.recipe import Recipe
from training.run.dataset import Dataset
from training.run.distillation import distillation_targets
from training.run.prepared import Prepared

__all__ = ["classification_trainer"]


def classification_trainer(
    plan: Plan, dataset: Dataset, prepared: Prepared, network: SentimentLSTM
) -> Trainer[SentimentLSTM]:
    """Return a trainer that fits the network to the reviews, or to what teachers say of them as well."""
    recipe, device = plan.recipe, choose_device(plan.device)
    task = Classification(
        train=_train_examples(recipe, dataset, prepared),
        validation=Examples.encode(dataset.split.validation, prepared.tokenizer, dataset.labels),
        objective=recipe.objective,
        device=device,
        unlabelled=_unlabelled(recipe, dataset, prepared.tokenizer),
        domains=dataset.validation_domains,
    )
    return Trainer(network, task, recipe.fitting, seed=recipe.seed, device=device, selection=recipe.selection)


def _train_examples(recipe: Recipe, dataset: Dataset, prepared: Prepared) -> Examples:
    texts = _texts(recipe, dataset, prepared).with_neutral([review.text for review in dataset.neutral])
    return texts.encode(prepared.tokenizer, recipe.augmentation, seed=recipe.seed)


def _texts(recipe: Recipe, dataset: Dataset, prepared: Prepared) -> TextTargets:
    if prepared.soft_targets is None:
        return TextTargets.of_labels(dataset.train, dataset.labels)
    return distillation_targets(dataset, prepared.soft_targets, recipe.distillation.label_weight)


def _unlabelled(recipe: Recipe, dataset: Dataset, tokenizer: Tokenizer) -> TextStream | None:
    if not recipe.objective.uses_unlabelled:
        return None
    texts = [tokenizer.encode(text) for text in dataset.texts]
    return TextStream(texts, recipe.fitting.batch_reviews, seed=recipe.seed)
