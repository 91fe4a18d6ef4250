"""Distillation: a network learns what teachers say of texts, together with the labels.

Versions in a store are teachers, and a linear model with them if the recipe wants one; what any other teacher
says comes in files. A small network that learns from the average of large ones is more accurate than one that
learns from labels alone (Hinton et al. 2015, arXiv:1503.02531), above all since texts without labels count as
well. A network that learns from a copy of itself does self-training.

Shapes: N texts, L labels.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from reviews import Review
from training.data.labels import LabelSet
from training.errors import InvalidBase
from training.learning.examples import TextTargets
from training.run.dataset import Dataset
from training.run.linear_teacher import LinearTeacher
from training.run.pinned_version import load_pinned
from training.run.progress_lines import in_parts
from training.run.run import Run
from training.run.soft_targets import RunTargets, find_soft_targets
from training.run.stage import Report
from training.soft_targets.teacher import Teacher
from training.soft_targets.version import VersionTeacher

__all__ = ["distillation_targets", "probabilities_of_labels", "soft_targets"]


def soft_targets(run: Run, dataset: Dataset, report: Report) -> RunTargets:
    """Return what the plan's teachers say of a run's texts.

    Versions and the linear model are asked about the train reviews and the unlabelled texts; their answers
    are kept in the run, so that a resumed one does not ask again. Files of soft targets may have any text and
    sentences of it, and take precedence. Raises InvalidBase for a version with other labels, a StoreError for
    one that is damaged or gone, and InvalidSoftTargets for files that are about other texts.
    """
    reviews = _reviews(dataset)
    targets_NL = np.full((len(reviews), len(dataset.labels.names)), np.nan, dtype=np.float32)
    if run.plan.teachers:
        asked_NL = _ask_teachers(run, dataset, report)
        targets_NL[: len(asked_NL)] = asked_NL
    if not run.plan.soft_targets:
        return RunTargets(targets_NL=targets_NL, sentences=())
    found = find_soft_targets(run.plan.soft_targets, reviews, dataset, report)
    of_reviews_NL, of_sentences_NL = np.split(found.targets_NL, [len(reviews)])
    merged_NL = np.where(np.isnan(of_reviews_NL), targets_NL, of_reviews_NL)
    return RunTargets(targets_NL=np.concatenate([merged_NL, of_sentences_NL]), sentences=found.sentences)


def distillation_targets(dataset: Dataset, targets: RunTargets, label_weight: float) -> TextTargets:
    """Return all texts that something is known of, each with the probability that each label is to have.

    That is for a labelled text a mean of its label and of what teachers say, or its label alone where they
    say nothing, and for another text what they say. A text without both is left out.
    """
    reviews = [*_reviews(dataset), *targets.sentences]
    soft_NL = torch.from_numpy(targets.targets_NL)
    labels_NL = _labels(reviews, dataset.labels)
    has_soft_N1, has_label_N1 = (~each_NL[:, :1].isnan() for each_NL in (soft_NL, labels_NL))
    mixed_NL = torch.where(has_soft_N1, soft_NL.lerp(labels_NL, label_weight), labels_NL)
    targets_NL = torch.where(has_label_N1, mixed_NL, soft_NL)
    known = (has_soft_N1 | has_label_N1).squeeze(1).nonzero().squeeze(1).tolist()
    return TextTargets([reviews[index].text for index in known], targets_NL[known])


def probabilities_of_labels(
    teacher: Teacher, texts: Sequence[str], labels: Sequence[str]
) -> NDArray[np.float64]:
    """Return what a teacher says of texts, labels in the order given; raises InvalidBase if it has others."""
    if set(teacher.labels) != set(labels):
        raise InvalidBase(
            f"the reviews have the labels {', '.join(labels)}, but the teacher {teacher.name} has "
            f"{', '.join(teacher.labels)}: name another teacher"
        )
    columns = [list(teacher.labels).index(label) for label in labels]
    return teacher.probabilities(texts)[:, columns]


def _reviews(dataset: Dataset) -> list[Review]:
    """Return the texts that targets are for, in the order of their rows."""
    return [*dataset.split.train, *dataset.unlabelled, *dataset.additional]


def _labels(reviews: Sequence[Review], labels: LabelSet) -> Tensor:
    """Return the labels of reviews as probabilities [N, L], NaN for a review without one."""
    labels_NL = torch.full((len(reviews), len(labels.names)), torch.nan)
    labelled = [index for index, review in enumerate(reviews) if review.label is not None]
    classes = torch.tensor(labels.indices([reviews[index] for index in labelled]))
    labels_NL[labelled] = functional.one_hot(classes, len(labels.names)).float()
    return labels_NL


def _ask_teachers(run: Run, dataset: Dataset, report: Report) -> NDArray[np.float32]:
    """Return the mean of what they say [N, L] of the train reviews and then of the unlabelled texts."""
    targets_NL = run.soft_targets()
    if targets_NL is None:
        teachers, labels = _teachers(run, dataset), dataset.labels.names
        _report_teachers(teachers, dataset, report)
        texts = [review.text for review in (*dataset.split.train, *dataset.unlabelled)]
        said = [_ask_teacher(teacher, texts, labels, report) for teacher in teachers]
        targets_NL = np.mean(said, axis=0).astype(np.float32)
        run.save_soft_targets(targets_NL)
    return targets_NL


def _ask_teacher(
    teacher: Teacher, texts: Sequence[str], labels: Sequence[str], report: Report
) -> NDArray[np.float64]:
    parts = in_parts(texts, f"teacher {teacher.name}", report)
    return np.concatenate([probabilities_of_labels(teacher, part, labels) for part in parts])


def _teachers(run: Run, dataset: Dataset) -> list[Teacher]:
    teachers: list[Teacher] = [VersionTeacher(load_pinned(teacher)) for teacher in run.plan.teachers]
    if run.plan.recipe.distillation.linear_teacher:
        teachers.append(LinearTeacher(dataset.split, dataset.labels))
    return teachers


def _report_teachers(teachers: Sequence[Teacher], dataset: Dataset, report: Report) -> None:
    validation, labels = dataset.split.validation, dataset.labels
    texts = [review.text for review in validation]
    truth = np.array(labels.indices(validation))
    said = {teacher.name: _ask_teacher(teacher, texts, labels.names, report) for teacher in teachers}
    said["together"] = np.mean(list(said.values()), axis=0)
    accuracies = [f"{name} {(each.argmax(1) == truth).mean():.2%}" for name, each in said.items()]
    report(f"teachers on validation: {', '.join(accuracies)}")
