"""mosec: a server in Rust before two Python workers, with dynamic batching."""

import os
import sys
from typing import Any

import torch
from mosec import Server, Worker

from bench.serving.model import PyTorchModel


class MosecWorker(Worker):
    """Reviews in, predictions out."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.model = PyTorchModel()

    def forward(self, data: list[dict[str, list[str]]]) -> list[dict[str, Any]]:
        """Return the answer to each request of a batch."""
        predictions = self.model.predict_requests([request["reviews"] for request in data])
        return [{"predictions": each} for each in predictions]


if __name__ == "__main__":
    settings = {"ADDRESS": "127.0.0.1", "PORT": sys.argv[1], "TIMEOUT": "30000", "LOG_LEVEL": "warning"}
    # Twice the clients of the closed loops; the default, 1024, would keep requests until their clients leave.
    settings["CAPACITY"] = "128"
    os.environ |= {f"MOSEC_{name}": value for name, value in settings.items()}
    del sys.argv[1:]  # where mosec looks for its own options
    server = Server()
    server.append_worker(MosecWorker, num=2, max_batch_size=32, max_wait_time=5, route="/predict")
    server.run()
