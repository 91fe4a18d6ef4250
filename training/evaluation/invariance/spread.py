"""How far words that say nothing move the probability of a label, in sentences without an opinion.

The sentences are those of counterfactual tests of fairness, as in the Equity Evaluation Corpus (Kiritchenko &
Mohammad 2018, arXiv:1805.04508), with the spread over all words in place of a difference of two groups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from model_store import SpreadFigures
from sentiment import Classifier
from training.evaluation.invariance.frames import WordGroup

__all__ = ["FrameSpread", "GroupSpread", "measure_spread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSpread:
    """The words with the lowest and the highest probability in one sentence, 0 to 1."""

    frame: str
    lowest_word: str
    lowest: float
    highest_word: str
    highest: float

    @property
    def difference(self) -> float:
        """The largest difference over the words."""
        return self.highest - self.lowest


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSpread:
    """The spread of one group of words in each of its sentences."""

    name: str
    num_words: int
    frames: tuple[FrameSpread, ...]

    @property
    def widest(self) -> FrameSpread:
        """The sentence in which the words make the largest difference."""
        return max(self.frames, key=lambda frame: frame.difference)

    @property
    def figures(self) -> SpreadFigures:
        """The spread as a manifest has it."""
        differences = [frame.difference for frame in self.frames]
        return SpreadFigures(
            num_frames=len(self.frames),
            num_words=self.num_words,
            largest=max(differences),
            mean=min(sum(differences) / len(differences), max(differences)),
        )


def measure_spread(
    classifier: Classifier, groups: Sequence[WordGroup], *, label: str
) -> tuple[GroupSpread, ...]:
    """Return the spread of the probability of `label`, one of the classifier's, for each group."""
    texts = list(dict.fromkeys(chain.from_iterable(_texts(group) for group in groups)))
    said = {
        text: prediction.probabilities[label]
        for text, prediction in zip(texts, classifier.predict(texts), strict=True)
    }
    return tuple(
        GroupSpread(
            name=group.name,
            num_words=len(group.words),
            frames=tuple(_frame(frame, by_word, said) for frame, by_word in group.texts().items()),
        )
        for group in groups
    )


def _texts(group: WordGroup) -> list[str]:
    return [text for by_word in group.texts().values() for text in by_word.values()]


def _frame(frame: str, by_word: Mapping[str, str], said: Mapping[str, float]) -> FrameSpread:
    of_words = {word: said[text] for word, text in by_word.items()}
    lowest, highest = min(of_words, key=of_words.__getitem__), max(of_words, key=of_words.__getitem__)
    return FrameSpread(
        frame=frame,
        lowest_word=lowest,
        lowest=of_words[lowest],
        highest_word=highest,
        highest=of_words[highest],
    )
