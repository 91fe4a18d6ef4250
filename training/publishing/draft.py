"""A trained network as the draft of a version: calibrated, evaluated, with golden examples, card, report."""

import platform
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version as installed_version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model_store import Draft, Evaluation, GoldenExample, ModelVersion, golden
from reviews.review import Review
from sentiment import Classifier, Prediction, SentimentLSTM, Tokenizer, weights_to_bytes
from training.data.labels import LabelSet
from training.data.near_duplicates import Duplicates
from training.data.near_duplicates import summary as duplicate_summary
from training.evaluation.calibration import LEAST_REVIEWS, fit_temperature, keeps_base_temperature
from training.evaluation.metrics import evaluate, evaluate_sources, probabilities_of, summary
from training.evaluation.probing import figures_by_name, run_probes
from training.evaluation.probing import summary as probe_summary
from training.learning.trainer import Progress
from training.publishing.caveats import Selection, find_in_dataset
from training.publishing.histograms import profile
from training.publishing.model_card import model_card
from training.publishing.report import Outcome, report_files
from training.recipe.plan import Plan
from training.run.dataset import Dataset

__all__ = ["draft_version"]

_GOLDEN_TEXTS = Path(__file__).parent / "golden_texts.txt"
_LIBRARIES = ("numpy", "safetensors", "sentiment-service", "torch")


def draft_version(
    plan: Plan,
    dataset: Dataset,
    tokenizer: Tokenizer,
    network: SentimentLSTM,
    progress: Progress,
    report: Callable[[str], None],
    *,
    base: ModelVersion | None = None,
    num_runs: int | None = None,
) -> Draft:
    """Return the draft; its figures are of the very bytes that are published, not of what was trained.

    `progress` is that of the training which gave the network, for the report's curves. `base` is what it
    started from: with few validation reviews its temperature is kept. `num_runs` is what the ledger of runs
    says.
    """
    weights, vocabulary = weights_to_bytes(network, plan.recipe.precision), tokenizer.to_json().encode()
    build = partial(
        Classifier.build,
        labels=dataset.labels.names,
        network=network.config,
        weights=weights,
        tokenizer=vocabulary,
        device=plan.device,
    )
    texts = [review.text for review in dataset.split.validation]
    uncalibrated = probabilities_of(build(temperature=1.0).predict(texts))
    temperature = _temperature(dataset, uncalibrated, base, report)
    classifier = build(temperature=temperature)
    on_validation = classifier.predict(texts)
    duplicates = find_in_dataset(dataset)
    evaluation = _evaluations(classifier, dataset, on_validation, duplicates)
    for name, figures in evaluation.items():
        report(f"{name}: {summary(figures)}")
    selection = Selection(
        duplicates={name: found.figures for name, found in duplicates.items()}, num_runs=num_runs
    )
    for name, num_found in selection.duplicates.items():
        report(f"{name}: {duplicate_summary(num_found)}")
    probes = figures_by_name(run_probes(classifier))
    report(f"probes: {probe_summary(probes)}")
    card = model_card(plan, dataset, network.config, temperature, evaluation, probes, selection)
    outcome = _outcome(dataset, uncalibrated, on_validation)
    return Draft(
        model=plan.model,
        labels=dataset.labels.names,
        network=network.config,
        tokenizer=tokenizer.config,
        temperature=temperature,
        recipe=plan.recipe_fields(),
        data=dataset.fingerprints,
        evaluation=evaluation,
        probes=probes,
        duplicates=dict(selection.duplicates),
        num_runs=num_runs,
        reference=profile(on_validation),
        libraries={name: installed_version(name) for name in _LIBRARIES}
        | {"python": platform.python_version()},
        payload={
            "model.safetensors": weights,
            "tokenizer.json": vocabulary,
            "golden.jsonl": golden.write(_golden_examples(classifier)),
            "MODEL_CARD.md": card.encode(),
            **report_files(plan, dataset, temperature, evaluation, outcome, progress, selection),
        },
    )


def _temperature(
    dataset: Dataset,
    uncalibrated: NDArray[np.float64],
    base: ModelVersion | None,
    report: Callable[[str], None],
) -> float:
    reviews = dataset.split.validation
    if base and keeps_base_temperature(len(reviews)):
        report(f"the temperature stays that of {base}: there are under {LEAST_REVIEWS} validation reviews")
        return base.manifest.temperature
    return fit_temperature(uncalibrated, dataset.labels.indices(reviews))


def _evaluations(
    classifier: Classifier,
    dataset: Dataset,
    on_validation: list[Prediction],
    duplicates: Mapping[str, Duplicates],
) -> dict[str, Evaluation]:
    labels, validation = dataset.labels, dataset.split.validation
    evaluation = _figures("validation", labels, validation, on_validation, dataset.validation_sources)
    if dataset.test:
        on_test = classifier.predict([review.text for review in dataset.test])
        evaluation |= _figures("test", labels, dataset.test, on_test, dataset.test_sources)
        known = duplicates["test in train"].places
        kept = [place for place in range(len(on_test)) if place not in known]
        if known and kept:
            reviews = [dataset.test[place] for place in kept]
            predictions = [on_test[place] for place in kept]
            evaluation |= _figures("test without near-duplicates", labels, reviews, predictions, {})
    return evaluation


def _figures(
    name: str,
    labels: LabelSet,
    reviews: Sequence[Review],
    predictions: list[Prediction],
    sources: Mapping[str, Sequence[int]],
) -> dict[str, Evaluation]:
    """Return the figures on all reviews as `name`, and those on each source as `name` and the source."""
    probabilities, truth = probabilities_of(predictions), labels.indices(reviews)
    of_sources = evaluate_sources(probabilities, truth, labels.names, sources)
    return {name: evaluate(probabilities, truth, labels.names)} | {
        f"{name} {source}": figures for source, figures in of_sources.items()
    }


def _outcome(dataset: Dataset, uncalibrated: NDArray[np.float64], on_validation: list[Prediction]) -> Outcome:
    reviews = dataset.split.validation
    return Outcome(
        labels=dataset.labels.names,
        ids=tuple(review.id for review in reviews),
        truth=np.array(dataset.labels.indices(reviews)),
        uncalibrated=uncalibrated,
        calibrated=probabilities_of(on_validation),
        num_tokens=np.array([prediction.tokens for prediction in on_validation]),
    )


def _golden_examples(classifier: Classifier) -> list[GoldenExample]:
    texts = [text.strip() for text in _GOLDEN_TEXTS.read_text(encoding="utf-8").split("\n---\n")]
    predictions = classifier.predict(texts)
    return [
        GoldenExample(text=text, probabilities=prediction.probabilities)
        for text, prediction in zip(texts, predictions, strict=True)
    ]
