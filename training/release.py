"""A trained network as the draft of a version: calibrated, evaluated, with golden examples and a card."""

import platform
from collections.abc import Callable
from importlib.metadata import version as installed_version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model_store import Draft, Evaluation, GoldenExample, golden
from sentiment import Classifier, Prediction, SentimentLSTM, Tokenizer, weights_to_bytes
from training.calibration import fit_temperature
from training.card import model_card
from training.dataset import Dataset
from training.figures import evaluate, summary
from training.plan import Plan
from training.probes import figures_by_name, run_probes
from training.probes import summary as probe_summary
from training.profile import profile
from training.reviews import Review

__all__ = ["draft_version", "probabilities_of"]

_GOLDEN_TEXTS = Path(__file__).parent / "golden_texts.txt"
_LIBRARIES = ("numpy", "safetensors", "sentiment-service", "torch")


def draft_version(
    plan: Plan, dataset: Dataset, tokenizer: Tokenizer, network: SentimentLSTM, report: Callable[[str], None]
) -> Draft:
    """Return the draft; its figures are of the very bytes that are published, not of what was trained."""
    weights, vocabulary = weights_to_bytes(network, plan.recipe.precision), tokenizer.to_json().encode()

    def build(temperature: float) -> Classifier:
        return Classifier.build(
            labels=dataset.labels.names,
            network=network.config,
            weights=weights,
            tokenizer=vocabulary,
            temperature=temperature,
            device=plan.device,
        )

    temperature = _calibrate(build(1.0), dataset)
    classifier = build(temperature)
    on_validation = classifier.predict([review.text for review in dataset.split.validation])
    evaluation = _evaluations(classifier, dataset, on_validation)
    for name, figures in evaluation.items():
        report(f"{name}: {summary(figures)}")
    probes = figures_by_name(run_probes(classifier))
    report(f"probes: {probe_summary(probes)}")
    card = model_card(plan, dataset, network.config, temperature, evaluation, probes)
    return Draft(
        model=plan.model,
        labels=dataset.labels.names,
        network=network.config,
        tokenizer=tokenizer.config,
        temperature=temperature,
        recipe={"name": plan.recipe_name, **plan.recipe.fields()},
        data=dataset.fingerprints,
        evaluation=evaluation,
        probes=probes,
        reference=profile(on_validation),
        libraries={name: installed_version(name) for name in _LIBRARIES}
        | {"python": platform.python_version()},
        payload={
            "model.safetensors": weights,
            "tokenizer.json": vocabulary,
            "golden.jsonl": golden.write(_golden_examples(classifier)),
            "MODEL_CARD.md": card.encode(),
        },
    )


def probabilities_of(predictions: list[Prediction]) -> NDArray[np.float64]:
    """Return the probabilities [N, L] of predictions, labels in the model's order."""
    return np.array([list(prediction.probabilities.values()) for prediction in predictions])


def _calibrate(classifier: Classifier, dataset: Dataset) -> float:
    predictions = classifier.predict([review.text for review in dataset.split.validation])
    return fit_temperature(probabilities_of(predictions), dataset.labels.indices(dataset.split.validation))


def _evaluations(
    classifier: Classifier, dataset: Dataset, on_validation: list[Prediction]
) -> dict[str, Evaluation]:
    def figures(reviews: tuple[Review, ...], predictions: list[Prediction]) -> Evaluation:
        return evaluate(probabilities_of(predictions), dataset.labels.indices(reviews))

    evaluation = {"validation": figures(dataset.split.validation, on_validation)}
    if dataset.test:
        on_test = classifier.predict([review.text for review in dataset.test])
        evaluation["test"] = figures(dataset.test, on_test)
    return evaluation


def _golden_examples(classifier: Classifier) -> list[GoldenExample]:
    texts = [text.strip() for text in _GOLDEN_TEXTS.read_text(encoding="utf-8").split("\n---\n")]
    predictions = classifier.predict(texts)
    return [
        GoldenExample(text=text, probabilities=prediction.probabilities)
        for text, prediction in zip(texts, predictions, strict=True)
    ]
