"""What limits the trust in a version's figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from model_store import DuplicateFigures
from reviews import Review
from training.data.near_duplicates import Duplicates, ShingledTexts, find_duplicates
from training.run.dataset import Dataset
from training.run.progress_lines import ReportedTexts

__all__ = ["Caveats", "find_in_dataset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveats:
    """What may make the figures of a version better than it is."""

    duplicates: Mapping[str, DuplicateFigures]
    """By parts of the data, as in "test in train"."""
    num_runs: int | None
    """Runs on the same train data in the ledger, this one included; None where it was not recorded."""

    def __str__(self) -> str:
        if self.num_runs is None:
            return "How many runs were made on these train reviews is not known: no ledger has this one."
        others = "no other run" if self.num_runs == 1 else f"{self.num_runs} runs, this one among them,"
        return (
            f"When this version was made, the ledger had {others} on these train reviews. Validation figures "
            "of the best of many runs are optimistic."
        )


def find_in_dataset(dataset: Dataset, report: Callable[[str], None]) -> dict[str, Duplicates]:
    """Return the duplicates between the parts of a run's data, by parts, as in "test in train".

    Train reviews are those that are trained on. IMDB with its unlabelled reviews takes about 25 seconds.
    `report` takes a line a minute.
    """

    def shingled(name: str, texts: Sequence[str]) -> ShingledTexts:
        return ShingledTexts.of(ReportedTexts(texts, f"near-duplicates, {name}", report))

    train = shingled("train", _texts(dataset.split.train))
    validation = shingled("validation", _texts(dataset.split.validation))
    found = {"validation in train": find_duplicates(validation, train)}
    if dataset.test:
        test = shingled("test", _texts(dataset.test))
        found["test in train"] = find_duplicates(test, train)
        if dataset.unlabelled_texts:
            unlabelled = shingled("unlabelled", dataset.unlabelled_texts)
            found["test in unlabelled"] = find_duplicates(test, unlabelled)
    return found


def _texts(reviews: Sequence[Review]) -> list[str]:
    return [review.text for review in reviews]
