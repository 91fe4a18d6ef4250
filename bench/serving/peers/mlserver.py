"""MLServer: the V2 inference protocol, adaptive batching, two worker processes."""

import asyncio
import json
import os
import sys
from pathlib import Path

import numpy as np
import torch
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from bench.serving.free_port import free_port
from bench.serving.model import PyTorchModel


class MLServerModel(MLModel):
    """Strings in, labels and probabilities out."""

    async def load(self) -> bool:
        """Load the model, once in each worker."""
        torch.set_num_threads(1)
        self._model = PyTorchModel()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Return the labels of a batch, and for each label its probabilities."""
        reviews = StringCodec.decode_input(payload.inputs[0])
        # Off the event loop, so that the worker goes on taking requests for the next batch.
        predictions = await asyncio.to_thread(self._model.predict, reviews)
        labels = [prediction["label"] for prediction in predictions]
        outputs = [StringCodec.encode_output("label", labels)]
        for label in predictions[0]["probabilities"]:
            column = np.array([prediction["probabilities"][label] for prediction in predictions])
            outputs.append(NumpyCodec.encode_output(label, column))
        return InferenceResponse(model_name=self.name, outputs=outputs)


def write_settings(folder: Path, port: int) -> None:
    """Write the two files that `mlserver start` reads."""
    settings = {
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": free_port(),
        "metrics_port": free_port(),
        "parallel_workers": 2,
        "debug": False,
    }
    model_settings = {
        "name": "sentiment",
        "implementation": "bench.serving.peers.mlserver.MLServerModel",
        "max_batch_size": 32,
        "max_batch_time": 0.005,
    }
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "model-settings.json").write_text(json.dumps(model_settings), encoding="utf-8")


if __name__ == "__main__":
    write_settings(Path(sys.argv[2]), int(sys.argv[1]))
    program = str(Path(sys.executable).with_name("mlserver"))
    os.execv(program, [program, "start", sys.argv[2]])  # noqa: S606
