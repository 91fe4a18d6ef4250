"""Ray Serve: two replicas with dynamic batching, behind its proxy."""

import asyncio
import signal
import sys
from typing import Any

import ray
import torch
from ray import serve
from starlette.requests import Request

from bench.serving.model import PyTorchModel


# A batch in work and one that gathers: with the default of 5 batches would stay small. What comes on top of
# that is refused (503) before long, or it would wait until its client has left.
@serve.deployment(
    num_replicas=2, max_ongoing_requests=64, max_queued_requests=64, ray_actor_options={"num_cpus": 1}
)
class RayReplica:
    """Reviews in, predictions out."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.model = PyTorchModel()

    @serve.batch(max_batch_size=32, batch_wait_timeout_s=0.005)
    async def predict(self, requests: list[list[str]]) -> list[list[dict[str, Any]]]:
        """Return the predictions of each request of a batch."""
        # Off the event loop, so that the replica goes on taking requests for the next batch.
        return await asyncio.to_thread(self.model.predict_requests, requests)

    async def __call__(self, request: Request) -> dict[str, Any]:
        """Return the answer to one request."""
        return {"predictions": await self.predict((await request.json())["reviews"])}


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, logging_level="warning", log_to_driver=False)
    serve.start(
        http_options={"host": "127.0.0.1", "port": int(sys.argv[1])},
        logging_config={"enable_access_log": False},
    )
    serve.run(RayReplica.bind(), route_prefix="/predict")  # type: ignore[attr-defined]  # the decorator adds it
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    ray.shutdown()
