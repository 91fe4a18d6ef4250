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
from torch import Tensor
from torch.nn import functional

from model_store import ModelVersion
from reviews.review import Review
from sentiment import Tokenizer
from training.distributed.processes import from_first
from training.errors import InvalidBase
from training.evaluation.calibration import fit_temperature, soften
from training.learning.examples import Examples
from training.recipe.tables import Distillation
from training.run.base_version import load_base
from training.run.dataset import Dataset
from training.run.nb_svm import LinearModel
from training.run.run import Run
from training.run.soft_targets import find_soft_targets
from training.run.stage import Report

__all__ = ["Teacher", "linear_teacher", "taught_examples", "version_teacher"]


@dataclass(frozen=True, slots=True)
class Teacher:
    """Something that has an opinion on texts: a function from N texts to probabilities [N, L]."""

    name: str
    probabilities: Callable[[Sequence[str]], NDArray[np.float64]]


def taught_examples(run: Run, dataset: Dataset, tokenizer: Tokenizer, report: Report) -> Examples:
    """Return all texts that something is known of, each with the probability that each label is to have.

    Versions speak of the train reviews and of the unlabelled texts. Files of soft targets speak of any text
    and of its sentences, and go before versions. A labelled text is to have a mean of its label and of what
    teachers say, another text what they say; a text without a label of which none speaks is left out. What
    versions say is kept in the run, so that a resumed one does not ask again.

    Raises InvalidBase for a version with other labels, a StoreError for one that is damaged or gone, and
    InvalidSoftTargets for files that are about other texts.
    """
    reviews = [*dataset.split.train, *dataset.unlabelled, *dataset.labelled_beside]
    said_NL = np.full((len(reviews), len(dataset.labels.names)), np.nan, dtype=np.float32)
    if run.plan.teachers:
        lessons_NL = from_first(_lessons, run, dataset, report)
        said_NL[: len(lessons_NL)] = lessons_NL
    if run.plan.soft_targets:
        found = from_first(find_soft_targets, run.plan.soft_targets, reviews, dataset, report)
        soft_NL = found.targets_NL[: len(reviews)]
        said_NL = np.where(np.isnan(soft_NL), said_NL, soft_NL)
        said_NL = np.concatenate([said_NL, found.targets_NL[len(reviews) :]])
        reviews += found.sentences
    return _examples(reviews, torch.from_numpy(said_NL), dataset, tokenizer, run.plan.recipe.distillation)


def _examples(
    reviews: Sequence[Review],
    said_NL: Tensor,
    dataset: Dataset,
    tokenizer: Tokenizer,
    distillation: Distillation,
) -> Examples:
    """Mix what is said with labels, and leave out texts of which nothing is known."""
    known_N = ~said_NL[:, 0].isnan()
    labelled_N = torch.tensor([review.label is not None for review in reviews])
    classes = dataset.labels.indices([review for review in reviews if review.label is not None])
    labels_NL = torch.zeros_like(said_NL)
    labels_NL[labelled_N] = functional.one_hot(torch.tensor(classes), said_NL.size(1)).float()
    mixed_NL = said_NL.lerp(labels_NL, distillation.label_weight)
    targets_NL = torch.where(labelled_N[:, None], torch.where(known_N[:, None], mixed_NL, labels_NL), said_NL)
    kept = (known_N | labelled_N).nonzero().flatten().tolist()
    return Examples([tokenizer.encode(reviews[index].text) for index in kept], targets_NL[kept])


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
