"""mosec: a server in Rust before two Python workers, with dynamic batching."""

import sys
from typing import Any

import torch
from mosec import Server, Worker

from bench.serving.model import PyTorchModel


class Sentiment(Worker):
    """Reviews in, predictions out."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.model = PyTorchModel()

    def forward(self, data: list[dict[str, list[str]]]) -> list[dict[str, Any]]:
        """Return the answer to each request of a batch."""
        predictions = self.model.predict_requests([request["reviews"] for request in data])
        return [{"predictions": each} for each in predictions]


if __name__ == "__main__":
    port, _ = sys.argv[1:]
    # mosec reads its own options from the command line.
    sys.argv = [
        sys.argv[0],
        "--address",
        "127.0.0.1",
        "--port",
        port,
        "--timeout",
        "30000",
        "--log-level",
        "warning",
    ]
    server = Server()
    server.append_worker(Sentiment, num=2, max_batch_size=32, max_wait_time=5, route="/predict")
    server.run()
