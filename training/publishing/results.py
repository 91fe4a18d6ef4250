"""What a version is made of: what training gave, and what measuring it gave."""

from collections.abc import Mapping
from dataclasses import dataclass

from model_store import Evaluation, Histogram, ProbeFigures
from sentiment import SentimentLSTM, Tokenizer
from training.evaluation.calibration import Temperature
from training.evaluation.invariance import InvarianceReport
from training.learning.trainer import Progress
from training.publishing.caveats import Caveats
from training.publishing.validation_predictions import ValidationPredictions
from training.recipe.plan import Plan
from training.run.base_version import BaseVersion
from training.run.dataset import Dataset

__all__ = ["Results", "Trained"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A network, and what it was made from."""

    plan: Plan
    dataset: Dataset
    tokenizer: Tokenizer
    network: SentimentLSTM
    progress: Progress
    """Of the training that gave the network, for the report's curves."""
    base: BaseVersion | None = None
    """What it started from: with few validation reviews its temperature is kept."""
    num_runs: int | None = None
    """Runs on the same train data in the ledger, this one included; None where it was not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """How good the network is, calibrated and in the precision in which it is published."""

    temperature: Temperature
    evaluation: Mapping[str, Evaluation]
    """By data set, "validation" among them."""
    domains: Mapping[str, Mapping[str, Evaluation]]
    """By data set and domain; data sets of a single domain are left out."""
    probes: Mapping[str, ProbeFigures]
    """By capability; empty where the probes do not apply."""
    invariance: InvarianceReport
    caveats: Caveats
    predictions: ValidationPredictions
    reference: Mapping[str, Histogram]
    """What its inputs and scores look like, by quantity."""

    @property
    def all_evaluations(self) -> dict[str, Evaluation]:
        """The figures on each data set, and those on each domain by the names of both: "test books"."""
        of_domains = {
            f"{name} {domain}": figures
            for name, domains in self.domains.items()
            for domain, figures in domains.items()
        }
        return {**self.evaluation, **of_domains}
