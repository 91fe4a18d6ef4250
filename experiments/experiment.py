"""Runs of recipes on the same reviews, through the stages of `python -m training fit` without publishing."""

import shutil
import time
from collections.abc import Set
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from model_store import Store
from sentiment import Classifier, Engine, SentimentLSTM, Tokenizer
from training.augmentation.neutral_sentences import make_neutral_sentences
from training.learning.classification import Classification
from training.learning.examples import Examples, TextStream, TextTargets
from training.learning.trainer import Trainer
from training.learning.word_vectors import learn_vectors
from training.publishing.draft import draft_version
from training.publishing.results import Trained
from training.recipe.plan import PinnedVersion, Plan
from training.recipe.recipe import Recipe
from training.recipe.tables import LanguageModelling, Vectors
from training.run.dataset import Dataset
from training.run.distillation import distillation_targets, soft_targets
from training.run.initial_network import initial_network
from training.run.pinned_version import pin_version
from training.run.prepared import Prepared
from training.run.run import Run
from training.run.stage import run_stage

__all__ = ["Experiment", "RecipeResult", "TeacherKind"]

TeacherKind = Literal["linear", "itself"]
"""A linear model of the same reviews, or the version that the plan's recipe gives without a teacher."""

_CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeResult:
    """Accuracy and processor time of a run."""

    accuracy: float
    """The highest validation accuracy of an epoch, 0 to 1."""
    start_seconds: float
    """For the language model, 0 without one; word vectors are not counted."""
    fitting_seconds: float

    @property
    def seconds(self) -> float:
        """All processor time that is counted."""
        return self.start_seconds + self.fitting_seconds


class Experiment:
    """Runs on the same reviews, whose vocabulary, word vectors and language models are made once."""

    def __init__(self, plan: Plan, dataset: Dataset, folder: Path) -> None:
        """Take the reviews that `plan` names, or a part of them; all runs use the tokenizer of its recipe."""
        self._plan = plan
        self._dataset = dataset
        self._folder = folder
        self._tokenizer = Tokenizer.fit(dataset.texts, plan.recipe.tokenizer)
        self._validation = Examples.encode(dataset.split.validation, self._tokenizer, dataset.labels)
        self._texts = [self._tokenizer.encode(text) for text in dataset.texts]
        self._language_models: dict[tuple[LanguageModelling, Vectors | None, int], tuple[Run, float]] = {}
        self._vectors = cache(self._learn_vectors)
        self._itself = cache(self._publish)

    def run(self, name: str, recipe: Recipe, teachers: Set[TeacherKind] = frozenset()) -> RecipeResult:
        """Train a recipe, with teachers if there are any. Each run needs a name of its own."""
        run = self._new_run(name, recipe, self._itself() if "itself" in teachers else ())
        network, start_seconds = self._start(run)
        begun = time.process_time()
        best = self._fit(run, network, self._examples(run, teachers)).progress.best
        assert best  # noqa: S101  # it has run an epoch at least
        return RecipeResult(
            accuracy=best.validation_accuracy,
            start_seconds=start_seconds,
            fitting_seconds=time.process_time() - begun,
        )

    def classifier(self, name: str, recipe: Recipe) -> tuple[Classifier, float]:
        """Train a recipe without teachers; return the classifier, not calibrated, and its accuracy."""
        run = self._new_run(name, recipe)
        network, _ = self._start(run)
        trainer = self._fit(run, network, self._examples(run, frozenset()))
        best = trainer.progress.best
        assert best  # noqa: S101  # it has run an epoch at least
        engine = Engine(trainer.best_network(), device=_CPU.type)
        classifier = Classifier(labels=self._dataset.labels.names, tokenizer=self._tokenizer, engine=engine)
        return classifier, best.validation_accuracy

    def _examples(self, run: Run, teachers: Set[TeacherKind]) -> Examples:
        recipe = run.plan.recipe
        neutral = make_neutral_sentences(recipe.augmentation.num_neutral, seed=recipe.seed)
        texts = self._targets(run, teachers).with_neutral([sentence.text for sentence in neutral])
        return texts.encode(self._tokenizer, recipe.augmentation, seed=recipe.seed)

    def _targets(self, run: Run, teachers: Set[TeacherKind]) -> TextTargets:
        if not teachers:
            return TextTargets.of_labels(self._dataset.split.train, self._dataset.labels)
        targets = soft_targets(run, self._dataset, print)
        return distillation_targets(self._dataset, targets, run.plan.recipe.distillation.label_weight)

    def _new_run(self, name: str, recipe: Recipe, teachers: tuple[PinnedVersion, ...] = ()) -> Run:
        plan = replace(self._plan, recipe_name=name, recipe=recipe, teachers=teachers)
        run = Run.create(self._folder / name, plan)
        if recipe.vectors:
            run.save_vectors(self._vectors(recipe.vectors))
        return run

    def _learn_vectors(self, config: Vectors) -> NDArray[np.float32]:
        recipe = self._plan.recipe
        size = recipe.network_config(vocabulary_size=3, num_labels=2).embedding_size
        return learn_vectors(self._dataset.texts, self._tokenizer, config, size=size, seed=recipe.seed)

    def _start(self, run: Run) -> tuple[SentimentLSTM, float]:
        """Return the network to fit, and the seconds that its language model took, now or earlier."""
        recipe = run.plan.recipe
        begun = time.process_time()
        if recipe.language_model is None:
            return self._network(run), 0.0
        key = (recipe.language_model, recipe.vectors, recipe.seed)
        if key in self._language_models:
            like, seconds = self._language_models[key]
            shutil.copy(like.folder / "language_model.pt", run.folder)
            return self._network(run), seconds
        network = self._network(run)
        seconds = time.process_time() - begun
        self._language_models[key] = run, seconds
        return network, seconds

    def _network(self, run: Run) -> SentimentLSTM:
        prepared = Prepared(
            fingerprints=self._dataset.fingerprints,
            labels=self._dataset.labels,
            tokenizer=self._tokenizer,
            vectors=run.vectors() if run.plan.recipe.vectors else None,
        )
        return initial_network(run, self._dataset, prepared, print)

    def _fit(self, run: Run, network: SentimentLSTM, examples: Examples) -> Trainer[SentimentLSTM]:
        recipe = run.plan.recipe
        task = Classification(
            train=examples,
            validation=self._validation,
            objective=recipe.objective,
            device=_CPU,
            unlabelled=TextStream(self._texts, recipe.fitting.batch_reviews, seed=recipe.seed),
            domains=self._dataset.validation_domains,
        )
        trainer = Trainer(
            network, task, recipe.fitting, seed=recipe.seed, device=_CPU, selection=recipe.selection
        )
        run_stage(run, "classifier", trainer, print)
        return trainer

    def _publish(self) -> tuple[PinnedVersion, ...]:
        """Publish what the plan's recipe gives, and return it as a teacher."""
        run = self._new_run("teacher", self._plan.recipe)
        network, _ = self._start(run)
        trainer = self._fit(run, network, self._examples(run, frozenset()))
        trained = Trained(
            plan=run.plan,
            dataset=self._dataset,
            tokenizer=self._tokenizer,
            network=trainer.best_network(),
            progress=trainer.progress,
        )
        draft = draft_version(trained, print)
        store = Store(run.plan.store)
        reference = f"{draft.model}@{store.publish(draft)}"
        teacher, _ = pin_version(reference, store=store.root, own_store=store.root)
        return (teacher,)
