"""Learning from teachers: what they say of texts becomes what a network is trained to say of them.

Versions in a store teach, and a linear model beside them if the recipe wants one. A small network that learns
from the average of large ones is more accurate than one that learns from labels alone (Hinton et al. 2015,
arXiv:1503.02531), above all since texts without labels count as well. A network that is its own teacher's
copy learns so too: self-training.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model_store import ModelVersion
from sentiment import Tokenizer
from training.distributed.processes import from_first
from training.errors import InvalidBase
from training.evaluation.calibration import fit_temperature, soften
from training.learning.examples import Examples
from training.run.base_version import load_base
from training.run.dataset import Dataset
from training.run.nb_svm import LinearModel
from training.run.run import Run
from training.run.stage import Report

__all__ = ["Teacher", "linear_teacher", "taught_examples", "version_teacher"]


@dataclass(frozen=True, slots=True)
class Teacher:
    """Something that has an opinion on texts: a function from N texts to probabilities [N, L]."""

    name: str
    probabilities: Callable[[Sequence[str]], NDArray[np.float64]]


def taught_examples(run: Run, dataset: Dataset, tokenizer: Tokenizer, report: Report) -> Examples:
    """Return the train reviews, each with a mean of its label and what the teachers say, and all other texts.

    The reviews come first, then the unlabelled texts, of which the teachers alone speak, then what is trained
    on beside the reviews, with labels alone: of other domains and of single sentences teachers may know less
    than the labels do. What they say is kept in the run, so that a resumed one does not ask again. Raises
    InvalidBase for a teacher with other labels, and a StoreError for one that is damaged or gone.
    """
    reviews, others = dataset.split.train, dataset.unlabelled_texts
    lessons_NL = torch.from_numpy(from_first(_lessons, run, dataset, report))
    own = Examples.encode(reviews, tokenizer, dataset.labels)
    beside = Examples.encode(dataset.train[len(reviews) :], tokenizer, dataset.labels)
    lessons_NL[: len(reviews)].lerp_(own.targets_NL, run.plan.recipe.distillation.label_weight)
    taught = Examples([*own.reviews, *map(tokenizer.encode, others)], lessons_NL)
    return Examples([*taught.reviews, *beside.reviews], torch.cat([lessons_NL, beside.targets_NL]))


def version_teacher(version: ModelVersion, labels: Sequence[str]) -> Teacher:
    """Return a version as a teacher of labels in this order; raises InvalidBase when it has others."""
    if set(version.classifier.labels) != set(labels):
        raise InvalidBase(
            f"the reviews have the labels {', '.join(labels)}, but the teacher {version} has "
            f"{', '.join(version.classifier.labels)}: name another teacher"
        )

    def probabilities(texts: Sequence[str]) -> NDArray[np.float64]:
        said = [prediction.probabilities for prediction in version.classifier.predict(texts)]
        return np.array([[of_text[name] for name in labels] for of_text in said])

    return Teacher(str(version), probabilities)


def linear_teacher(dataset: Dataset) -> Teacher:
    """Return a linear model of the train reviews as a teacher, calibrated on validation."""
    train, validation = dataset.split.train, dataset.split.validation
    model = LinearModel(
        [review.text for review in train],
        dataset.labels.indices(train),
        num_labels=len(dataset.labels.names),
    )
    on_validation = model.probabilities([review.text for review in validation])
    temperature = fit_temperature(on_validation, dataset.labels.indices(validation))
    return Teacher("linear", lambda texts: soften(model.probabilities(texts), temperature))


def _lessons(run: Run, dataset: Dataset, report: Report) -> NDArray[np.float32]:
    """Return what the teachers say of the train reviews and then of the unlabelled texts, [N, L]."""
    lessons_NL = run.lessons()
    if lessons_NL is None:
        names = dataset.labels.names
        teachers = [version_teacher(load_base(teacher), names) for teacher in run.plan.teachers]
        if run.plan.recipe.distillation.linear_teacher:
            teachers.append(linear_teacher(dataset))
        _report_teachers(teachers, dataset, report)
        texts = [*(review.text for review in dataset.split.train), *dataset.unlabelled_texts]
        lessons_NL = _average(teachers, texts).astype(np.float32)
        run.save_lessons(lessons_NL)
    return lessons_NL


def _report_teachers(teachers: Sequence[Teacher], dataset: Dataset, report: Report) -> None:
    texts = [review.text for review in dataset.split.validation]
    truth = np.array(dataset.labels.indices(dataset.split.validation))
    said = {teacher.name: teacher.probabilities(texts) for teacher in teachers}
    said["together"] = np.mean(list(said.values()), axis=0)
    accuracies = [f"{name} {(each.argmax(1) == truth).mean():.2%}" for name, each in said.items()]
    report(f"teachers on validation: {', '.join(accuracies)}")


def _average(teachers: Sequence[Teacher], texts: Sequence[str]) -> NDArray[np.float64]:
    return np.asarray(np.mean([teacher.probabilities(texts) for teacher in teachers], axis=0))
