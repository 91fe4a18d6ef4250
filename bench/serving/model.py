"""The model that all peers serve: the released weights, run as the documentation of PyTorch shows."""

import os
from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from model_store import RELEASED, ModelVersion, Store
from sentiment.lengths import REFERENCE_TOKENS

__all__ = ["MODEL_VARIABLE", "EngineModel", "PyTorchModel"]

MODEL_VARIABLE = "BENCH_MODEL"
"""The environment variable with the model's reference."""
# A batcher may join many requests of 32 reviews: beyond this number of rows, memory grows and speed does not.
MAX_ROWS = 64


class PyTorchModel:
    """Runs texts as padded batches in the order given, exact by their true lengths.

    It lacks what the engine of this project adds: batches without padding, and a table of input products.
    """

    def __init__(self, version: ModelVersion | None = None) -> None:
        """Take the version to serve, else that of the environment variable."""
        version = version or _released()
        self._temperature = version.manifest.temperature
        self._temperature_slope = version.manifest.temperature_slope
        # Not the whole classifier: its engine's table would count as this server's memory.
        self._labels = version.classifier.labels
        self._tokenizer = version.classifier.tokenizer
        self._network = version.classifier.network

    def predict(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Return label, confidence and probabilities of each text, in order."""
        return [
            prediction
            for start in range(0, len(texts), MAX_ROWS)
            for prediction in self._predict(texts[start : start + MAX_ROWS])
        ]

    def predict_requests(self, requests: Sequence[Sequence[str]]) -> list[list[dict[str, Any]]]:
        """Return the predictions of each request, all computed together: for batchers of requests."""
        predictions = iter(self.predict([text for texts in requests for text in texts]))
        return [[next(predictions) for _ in texts] for texts in requests]

    @torch.inference_mode()
    def _predict(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        reviews = [torch.tensor(self._tokenizer.encode(text).ids) for text in texts]
        lengths_B = torch.tensor([len(review) for review in reviews])
        logits_BL = self._network(pad_sequence(reviews), lengths_B)
        temperature_B = self._temperature * (lengths_B / REFERENCE_TOKENS) ** self._temperature_slope
        rows = (logits_BL / temperature_B[:, None]).softmax(-1).tolist()
        return [describe(self._labels, row) for row in rows]


class EngineModel(PyTorchModel):
    """The same with this project's engine, to separate its share from that of the batcher."""

    def __init__(self, version: ModelVersion | None = None) -> None:
        """Take the version to serve, else that of the environment variable."""
        version = version or _released()
        super().__init__(version)
        self._classifier = version.classifier

    def predict(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Return label, confidence and probabilities of each text, in order."""
        return [
            describe(self._labels, list(prediction.probabilities.values()))
            for prediction in self._classifier.predict(texts)
        ]


def _released() -> ModelVersion:
    return Store(RELEASED).load(os.environ[MODEL_VARIABLE], device="cpu")


def describe(labels: Sequence[str], row: Sequence[float]) -> dict[str, Any]:
    """Return one prediction as a JSON object."""
    confidence = max(row)
    return {
        "label": labels[row.index(confidence)],
        "confidence": confidence,
        "probabilities": dict(zip(labels, row, strict=True)),
    }
