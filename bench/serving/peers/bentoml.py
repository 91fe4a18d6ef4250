"""BentoML: adaptive batching in each of two workers."""

import os
import sys
from typing import Any

import bentoml
import torch

from bench.serving.model import PyTorchModel


# Half of it for each worker, as many as the closed loops have clients: an overload is refused (429).
@bentoml.service(
    workers=2, traffic={"timeout": 30, "max_concurrency": 128}, logging={"access": {"enabled": False}}
)
class BentoMLService:
    """Reviews in, predictions out."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.model = PyTorchModel()

    # The batcher joins the lists of several requests, and cuts the answer again. The latency it aims at is
    # that of the slowest case; a shorter one makes it refuse requests (503) that it could answer.
    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=10_000)
    def predict(self, reviews: list[str]) -> list[dict[str, Any]]:
        """Return a prediction for each review."""
        return self.model.predict(reviews)


if __name__ == "__main__":
    port, folder = sys.argv[1:]
    os.environ |= {"BENTOML_HOME": folder, "BENTOML_DO_NOT_TRACK": "True"}
    target = "bench.serving.peers.bentoml:BentoMLService"
    command = ["-m", "bentoml", "serve", target, "--host", "127.0.0.1", "--port", port, "--quiet"]
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606
