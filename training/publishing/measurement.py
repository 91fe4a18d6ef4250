"""Measuring what training gave: calibration, figures on validation and test, probes, duplicates."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from model_store import Evaluation
from reviews import Review
from sentiment import Classifier, Prediction
from training.data.near_duplicates import Duplicates
from training.data.near_duplicates import summary as duplicate_summary
from training.evaluation.calibration import (
    MIN_REVIEWS,
    Temperature,
    fit_temperature,
    fit_temperature_by_length,
    keeps_base_temperature,
)
from training.evaluation.domains import domain_lines
from training.evaluation.invariance import invariance_lines, measure_invariance
from training.evaluation.metrics import evaluate, evaluate_sources, probabilities_of, summary
from training.evaluation.probing import figures_by_name, run_probes
from training.evaluation.probing import summary as probe_summary
from training.publishing.caveats import Caveats, find_in_dataset
from training.publishing.histograms import reference_histograms
from training.publishing.results import Results, Trained
from training.publishing.validation_predictions import ValidationPredictions
from training.run.dataset import Dataset
from training.run.progress_lines import in_parts

__all__ = ["measure"]


def measure(
    trained: Trained, build: Callable[[Temperature], Classifier], report: Callable[[str], None]
) -> tuple[Classifier, Results]:
    """Return the calibrated classifier and how good it is; `build` makes one with a temperature."""
    dataset = trained.dataset
    texts = [review.text for review in dataset.split.validation]
    uncalibrated = probabilities_of(_predict(build(Temperature(1.0)), texts, "calibration", report))
    temperature = _temperature(trained, uncalibrated, report)
    classifier = build(temperature)
    on_validation = _predict(classifier, texts, "validation", report)
    on_test = _predict(classifier, [review.text for review in dataset.test], "test", report)
    duplicates = find_in_dataset(dataset, report)
    evaluations = list(_evaluations(dataset, on_validation, on_test, duplicates))
    results = Results(
        temperature=temperature,
        evaluation={name: figures for name, figures, _ in evaluations},
        domains={name: of_domains for name, _, of_domains in evaluations if of_domains},
        probes=figures_by_name(run_probes(classifier)),
        invariance=measure_invariance(classifier, texts),
        caveats=Caveats(
            duplicates={name: found.figures for name, found in duplicates.items()}, num_runs=trained.num_runs
        ),
        predictions=_validation_predictions(dataset, uncalibrated, on_validation),
        reference=reference_histograms(on_validation),
    )
    for line in _lines(results):
        report(line)
    return classifier, results


def _temperature(
    trained: Trained, uncalibrated: NDArray[np.float64], report: Callable[[str], None]
) -> Temperature:
    base, reviews = trained.base, trained.dataset.split.validation
    if base and keeps_base_temperature(len(reviews)):
        report(f"the temperature stays that of {base.name}: there are under {MIN_REVIEWS} validation reviews")
        return Temperature(base.temperature, base.temperature_slope)
    truth = trained.dataset.labels.indices(reviews)
    if not trained.plan.recipe.temperature_by_length:
        return Temperature(fit_temperature(uncalibrated, truth))
    lengths = [len(trained.tokenizer.encode(review.text).ids) for review in reviews]
    return fit_temperature_by_length(uncalibrated, truth, lengths)


def _predict(
    classifier: Classifier, texts: Sequence[str], stage: str, report: Callable[[str], None]
) -> list[Prediction]:
    parts = in_parts(texts, stage, report)
    return [prediction for part in parts for prediction in classifier.predict(part)]


def _evaluations(
    dataset: Dataset,
    on_validation: list[Prediction],
    on_test: list[Prediction],
    duplicates: Mapping[str, Duplicates],
) -> Iterator[tuple[str, Evaluation, Mapping[str, Evaluation]]]:
    """Yield the name of each data set, the figures on it, and those on each of its domains."""

    def measured(
        reviews: Sequence[Review], predictions: list[Prediction], domains: Mapping[str, Sequence[int]]
    ) -> tuple[Evaluation, Mapping[str, Evaluation]]:
        labels = dataset.labels
        probabilities, truth = probabilities_of(predictions), labels.indices(reviews)
        of_domains = evaluate_sources(probabilities, truth, labels.names, domains)
        return evaluate(probabilities, truth, labels.names), of_domains

    yield "validation", *measured(dataset.split.validation, on_validation, dataset.validation_domains)
    if dataset.test:
        yield "test", *measured(dataset.test, on_test, dataset.test_domains)
        in_train = duplicates["test in train"].indices
        rest = [index for index in range(len(on_test)) if index not in in_train]
        if in_train and rest:
            reviews, predictions = [dataset.test[index] for index in rest], [on_test[index] for index in rest]
            yield "test without near-duplicates", *measured(reviews, predictions, {})


def _validation_predictions(
    dataset: Dataset, uncalibrated: NDArray[np.float64], on_validation: list[Prediction]
) -> ValidationPredictions:
    reviews = dataset.split.validation
    return ValidationPredictions(
        labels=dataset.labels.names,
        ids=tuple(review.id for review in reviews),
        truth=np.array(dataset.labels.indices(reviews)),
        uncalibrated=uncalibrated,
        calibrated=probabilities_of(on_validation),
        num_tokens=np.array([prediction.tokens for prediction in on_validation]),
    )


def _lines(results: Results) -> Iterator[str]:
    for name, figures in results.evaluation.items():
        yield f"{name}: {summary(figures)}"
        yield from domain_lines(results.domains.get(name, {}))
    for name, num_found in results.caveats.duplicates.items():
        yield f"{name}: {duplicate_summary(num_found)}"
    yield f"probes: {probe_summary(results.probes)}"
    yield from invariance_lines(results.invariance)
