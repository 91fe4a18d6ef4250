"""Where the replicas' metrics are, for Prometheus to ask (its HTTP service discovery)."""

import time

from fastapi import FastAPI
from ray import serve

__all__ = ["Targets", "application"]

KEEP_SECONDS = 60.0
"""How long a replica that says nothing stays in the list: several checks of its health."""

app = FastAPI()


@serve.ingress(app)
class Targets:
    """Remembers who announced itself lately. A new one has them all again after one check of their health."""

    def __init__(self) -> None:
        self._last_seconds: dict[str, float] = {}

    async def announce(self, address: str) -> None:
        """Take a replica's `host:port`."""
        self._last_seconds[address] = time.monotonic()

    @app.get("/")
    async def targets(self) -> list[dict[str, list[str] | dict[str, str]]]:
        """Return the list in the form that Prometheus reads."""
        oldest = time.monotonic() - KEEP_SECONDS
        known = sorted(address for address, seconds in self._last_seconds.items() if seconds >= oldest)
        return [{"targets": known, "labels": {"job": "sentiment"}}]


application = serve.deployment(Targets).bind()
