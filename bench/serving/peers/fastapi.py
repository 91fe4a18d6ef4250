"""FastAPI with a thread pool and no batching: what most teams start with."""

import asyncio
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import torch
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel

from bench.serving.model import PyTorchModel


class FastAPIBody(BaseModel):
    """A request."""

    reviews: list[str]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the model, once in each worker."""
    # Two worker processes, one thread each: with more threads in one process tokenizing would wait for the
    # interpreter's lock, and more than the cores can run would only disturb each other.
    with ThreadPoolExecutor(max_workers=1, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        app.state.pool, app.state.model = pool, PyTorchModel()
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/predict")
async def predict(body: FastAPIBody, request: Request) -> dict[str, list[dict[str, Any]]]:
    """Return a prediction for each review."""
    state = request.app.state
    loop = asyncio.get_running_loop()
    return {"predictions": await loop.run_in_executor(state.pool, state.model.predict, body.reviews)}


if __name__ == "__main__":
    target, port = "bench.serving.peers.fastapi:app", int(sys.argv[1])
    uvicorn.run(target, port=port, workers=2, log_level="warning", access_log=False)
