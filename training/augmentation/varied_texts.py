"""The token ids of texts that are varied each time that they are asked for."""

from collections.abc import Sequence
from random import Random

from sentiment import TokenizedReview, Tokenizer
from training.augmentation.augmenter import Augmenter
from training.augmentation.cut_words import WordCutter
from training.recipe.tables import Augmentation

__all__ = ["VariedTexts"]


class VariedTexts:
    """Texts with their tokens, and their variations by step."""

    def __init__(
        self,
        texts: Sequence[str],
        reviews: Sequence[TokenizedReview],
        tokenizer: Tokenizer,
        augmentation: Augmentation,
        *,
        seed: int,
    ) -> None:
        """Take raw texts, and the same texts tokenized."""
        self._texts = texts
        self._reviews = reviews
        self._tokenizer = tokenizer
        self._augmenter = Augmenter(augmentation, seed=seed, known_words=frozenset(tokenizer.words))
        self._cutter = WordCutter(tokenizer, augmentation.pieces) if augmentation.pieces else None
        self._seed = seed

    def ids(self, index: int, step: int) -> list[int]:
        """Return the token ids of a text as a step of training is to see it.

        They follow from seed, step and index alone: a resumed run sees the same, in however many processes.
        """
        text = self._texts[index]
        varied = self._augmenter.vary(text, index=index, step=step)
        # Most texts of a recipe with low rates stay, and their tokens are known.
        ids = self._reviews[index].ids if varied == text else self._tokenizer.encode(varied).ids
        if self._cutter is None:
            return ids
        return self._cutter.cut(ids, Random(f"{self._seed} {step} {index} pieces"))  # noqa: S311  # no secret
