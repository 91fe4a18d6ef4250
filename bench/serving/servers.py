"""The servers that are measured: what each needs, and how it is started."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.process import ROOT
from bench.serving.protocol_adapter import PLAIN, TORCHSERVE, V2, ProtocolAdapter, bare_list

__all__ = ["SERVERS", "THIS", "ServerSetup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSetup:
    """A server to measure."""

    name: str
    adapter: ProtocolAdapter
    module: str
    """Run with Python's -m."""
    arguments: tuple[str, ...] = ("{port}", "{folder}")
    requirements: tuple[str, ...] = ()
    """Packages of its environment beside PyTorch; without any it runs in this environment."""
    environment: str | None = None
    """The folder of its environment."""
    variables: Mapping[str, str] | None = None
    code: Path = ROOT
    """The checkout that it is started from."""
    description: str = ""
    """Its setup, for the reader of the results."""


def _peer(
    name: str, module: str, *requirements: str, adapter: ProtocolAdapter = PLAIN, description: str
) -> ServerSetup:
    return ServerSetup(
        name=name,
        adapter=adapter,
        module=f"bench.serving.peers.{module}",
        requirements=requirements,
        environment=module,
        # Each has two workers, so that both cores work whatever the batches are; two threads in one worker
        # would wait for each other at every step of the LSTM.
        variables={"OMP_NUM_THREADS": "1"},
        description=description,
    )


THIS: Final = ServerSetup(
    name="this service",
    adapter=replace(PLAIN, deadline_header="X-Request-Timeout-Ms"),
    module="service",
    arguments=("--port", "{port}", "--model", "{model}", "--log-level", "warning"),
    description="defaults: two lanes of one thread, no wait timer",
)
_LITSERVE = _peer(
    "LitServe",
    "litserve",
    "litserve==0.2.19",
    description="two workers, batches of up to 32 requests, 5 ms, ZeroMQ queue",
)
SERVERS: Final[Mapping[str, ServerSetup]] = {
    "this": THIS,
    "fastapi": _peer(
        "FastAPI, thread pool",
        "fastapi",
        "fastapi==0.165.0",
        "uvicorn[standard]==0.54.0",
        description="two workers with a thread each, no batching",
    ),
    "litserve": _LITSERVE,
    "litserve-engine": replace(
        _LITSERVE,
        name="LitServe, our engine",
        arguments=("{port}", "{folder}", "engine"),
        description="as LitServe, with this project's engine behind it",
    ),
    "bentoml": _peer(
        "BentoML",
        "bentoml",
        "bentoml==1.4.39",
        adapter=replace(PLAIN, from_json=bare_list),
        description="two workers, adaptive batching of up to 64 reviews",
    ),
    "mlserver": _peer(
        "MLServer",
        "mlserver",
        "mlserver==1.7.1",
        "uvloop<0.22",  # with newer ones its workers find no event loop and end
        adapter=V2,
        description="two workers, adaptive batching of up to 32 requests, 5 ms, V2 protocol",
    ),
    "mosec": _peer(
        "mosec", "mosec", "mosec==0.9.8", description="two workers, batches of up to 32 requests, 5 ms"
    ),
    "ray": _peer(
        "Ray Serve",
        "ray",
        "ray[serve]==2.60.0",
        description="two replicas, batches of up to 32 requests, 5 ms, its HTTP proxy",
    ),
    "torchserve": _peer(
        "TorchServe",
        "torchserve",
        "torchserve==0.12.0",
        "torch-model-archiver==0.12.0",
        "pyyaml==6.0.3",  # which its package forgets
        adapter=TORCHSERVE,
        description="two workers, batches of up to 32 requests, 5 ms",
    ),
}
