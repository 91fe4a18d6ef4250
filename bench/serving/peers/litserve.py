"""LitServe, batching, with two workers. A third argument "engine" serves this project's engine instead."""

import sys
from typing import Any

import litserve
import torch

from bench.serving.model import EngineModel, PyTorchModel


class LitServeAPI(litserve.LitAPI):
    """Reviews in, predictions out; the batcher gathers requests, whatever they hold."""

    model_class = PyTorchModel

    def setup(self, device: str) -> None:  # noqa: ARG002  # its name is LitServe's
        """Load the model, once in each worker."""
        torch.set_num_threads(1)
        self.model = self.model_class()

    def decode_request(self, request: dict[str, list[str]]) -> list[str]:
        """Return the reviews of a request."""
        return request["reviews"]

    def batch(self, inputs: list[list[str]]) -> list[list[str]]:
        """Leave the requests as they are; the default would make a tensor of them."""
        return inputs

    def predict(self, x: list[list[str]]) -> list[list[dict[str, Any]]]:
        """Return the predictions of each request."""
        return self.model.predict_requests(x)

    def unbatch(self, output: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
        """Give each request its own."""
        return output

    def encode_response(self, output: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the answer to one request."""
        return {"predictions": output}


class LitServeEngineAPI(LitServeAPI):
    """The same with this project's engine."""

    model_class = EngineModel


if __name__ == "__main__":
    api_class = LitServeEngineAPI if "engine" in sys.argv[3:] else LitServeAPI
    server = litserve.LitServer(
        api_class(max_batch_size=32, batch_timeout=0.005),
        accelerator="cpu",
        workers_per_device=2,
        # ZeroMQ in place of a multiprocessing queue, as LitServe's documentation advises for speed.
        fast_queue=True,
    )
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        log_level="warning",
        generate_client_file=False,
        access_log=False,
    )
