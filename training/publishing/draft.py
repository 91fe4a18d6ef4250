"""A trained network as the draft of a version: calibrated, evaluated, with golden examples, card, report."""

import platform
from collections.abc import Callable
from importlib.metadata import version as installed_version
from pathlib import Path

from model_store import Draft, GoldenExample, golden
from sentiment import Classifier, weights_to_bytes
from training.evaluation.calibration import Temperature
from training.publishing.measurement import measure
from training.publishing.model_card import model_card
from training.publishing.report import report_files
from training.publishing.results import Trained

__all__ = ["draft_version", "libraries"]

_GOLDEN_TEXTS = Path(__file__).parent / "golden_texts.txt"
_LIBRARIES = ("numpy", "safetensors", "sentiment-service", "torch")


def draft_version(trained: Trained, report: Callable[[str], None]) -> Draft:
    """Return the draft; its figures are of the very bytes that are published, not of what was trained.

    `report` takes the figures as lines for people.
    """
    plan, dataset, tokenizer = trained.plan, trained.dataset, trained.tokenizer
    weights = weights_to_bytes(trained.network, plan.recipe.precision)
    vocabulary = tokenizer.to_json().encode()

    def build(temperature: Temperature) -> Classifier:
        return Classifier.build(
            labels=dataset.labels.names,
            network=trained.network.config,
            weights=weights,
            tokenizer=vocabulary,
            temperature=temperature.value,
            temperature_slope=temperature.slope,
            device=plan.device,
        )

    classifier, results = measure(trained, build, report)
    return Draft(
        model=plan.model,
        labels=dataset.labels.names,
        network=trained.network.config,
        tokenizer=tokenizer.config,
        temperature=results.temperature.value,
        temperature_slope=results.temperature.slope,
        recipe=plan.recipe_fields(),
        data=dataset.fingerprints,
        evaluation=results.all_evaluations,
        probes=dict(results.probes),
        invariance=results.invariance.figures,
        duplicates=dict(results.caveats.duplicates),
        num_runs=trained.num_runs,
        reference=dict(results.reference),
        libraries=libraries(),
        payload={
            "model.safetensors": weights,
            "tokenizer.json": vocabulary,
            "golden.jsonl": golden.write(_golden_examples(classifier)),
            "MODEL_CARD.md": model_card(trained, results).encode(),
            **report_files(trained, results),
        },
    )


def libraries() -> dict[str, str]:
    """Return the versions of what a version is made with, by name."""
    return {name: installed_version(name) for name in _LIBRARIES} | {"python": platform.python_version()}


def _golden_examples(classifier: Classifier) -> list[GoldenExample]:
    texts = [text.strip() for text in _GOLDEN_TEXTS.read_text(encoding="utf-8").split("\n---\n")]
    predictions = classifier.predict(texts)
    return [
        GoldenExample(text=text, probabilities=prediction.probabilities)
        for text, prediction in zip(texts, predictions, strict=True)
    ]
