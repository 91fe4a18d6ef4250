"""The soft targets of a run, read from files, for its texts and for sentences of them.

Shapes: N texts, L labels.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reviews import Review
from training.errors import InvalidCheckpoint
from training.recipe.plan import SoftTargetSource
from training.run.dataset import Dataset
from training.soft_targets.lookup import FoundTargets, SoftTargetLookup
from training.soft_targets.reader import SoftTargetFile
from training.soft_targets.texts import cut_sentences
from training.soft_targets.writer import IdentifiedText

__all__ = ["RunTargets", "find_soft_targets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTargets:
    """Targets of reviews, with rows of NaN for those without, and then of sentences."""

    targets_NL: NDArray[np.float32]
    sentences: tuple[Review, ...]


def find_soft_targets(
    sources: Sequence[SoftTargetSource],
    reviews: Sequence[Review],
    dataset: Dataset,
    report: Callable[[str], None],
) -> RunTargets:
    """Return what the files say of the reviews, and of their sentences that are not held out.

    `report` takes the numbers of what was found and what was not. Raises InvalidSoftTargets when most of a
    file cannot be used, and InvalidCheckpoint when a file has changed since the run began.
    """
    lookup = SoftTargetLookup.read([source.path for source in sources], dataset.labels.names)
    for source, file in zip(sources, lookup.files, strict=True):
        if file.sha256 != source.sha256:
            raise InvalidCheckpoint(f"{source.path} is not what this run began with: start a new run")
        report(_summary(file))
    sentences = list(_sentences(reviews, dataset))
    texts = [IdentifiedText(review.id, review.text) for review in [*reviews, *sentences]]
    found = lookup.find(texts)
    first = len(reviews)
    whole = FoundTargets(targets_NL=found.targets_NL[:first], num_unused=found.num_unused)
    has_target = found.known[first:]
    report(f"{whole}; {int(has_target.sum()):,} sentences of these texts have one")
    return RunTargets(
        targets_NL=np.concatenate([whole.targets_NL, found.targets_NL[first:][has_target]]),
        sentences=tuple(each for each, known in zip(sentences, has_target, strict=True) if known),
    )


def _sentences(reviews: Sequence[Review], dataset: Dataset) -> Iterator[Review]:
    """Yield each sentence once, except those that are a whole review or held out."""
    seen = {review.text for review in reviews} | {review.text for review in dataset.split.validation}
    for review in reviews:
        for sentence in cut_sentences(review.id, review.text):
            if sentence.text not in seen:
                seen.add(sentence.text)
                yield Review(id=sentence.id, text=sentence.text, label=None, group=review.group)


def _summary(file: SoftTargetFile) -> str:
    teachers = ", ".join(file.teachers)
    unusable = [f"{count:,} rows {reason} left out" for reason, count in file.num_unusable.items()]
    return "; ".join([f"{file.path.name}: {len(file.targets):,} soft targets by {teachers}", *unusable])
