"""The service as a Ray Serve deployment: each replica is the whole application, its batcher and lanes too."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import prometheus_client
import ray
from fastapi import FastAPI
from ray import serve

from model_store import ModelVersion
from sentiment import SentimentError
from service.app import create_app
from service.runtime.lifecycle import Lifecycle
from service.runtime.loading import load_version
from service.settings import Settings
from service.telemetry.logs import configure, log_event
from service.telemetry.metrics import Metrics

__all__ = ["CannotServe", "Replica", "build"]

ANNOUNCE_TIMEOUT_SECONDS = 2.0


class CannotServe(SentimentError):
    """The replica's model could not be loaded; the text says why."""


class Replica:
    """Answers HTTP as `python -m service` does.

    Ray asks for the application behind the constructor, and runs its lifespan on the requests' event loop.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        # Ray counts CPUs but enforces no limit, so a replica must take no more lanes than it asked for.
        num_cpus = ray.get_runtime_context().get_assigned_resources().get("CPU", 1)
        self._settings = Settings(**{"lanes": max(1, int(num_cpus)), **settings})
        configure(self._settings.log_level)
        self._exporter: _Exporter | None = None

    def __serve_build_asgi_app__(self) -> FastAPI:
        app = create_app(self._settings, load=self.load)
        self._lifecycle: Lifecycle = app.state.service.lifecycle
        self._exporter = _Exporter(app.state.service.metrics)
        return app

    def load(self, settings: Settings, reference: str) -> ModelVersion:
        """Load a version; called in a thread of its own."""
        return load_version(settings, reference)

    async def check_health(self) -> None:
        """Raise when only a new replica helps; Ray asks before it sends requests here, and regularly then."""
        await self._lifecycle.loaded()
        if self._lifecycle.failure is not None:
            raise CannotServe(self._lifecycle.failure)
        self._lifecycle.check_health()
        if self._exporter is not None:
            await self._exporter.announce()

    def __del__(self) -> None:
        """Close what this opened; the lifespan has ended before."""
        if self._exporter is not None:
            self._exporter.close()


def build(settings: Mapping[str, Any]) -> serve.Application:
    """Return the application for `args` of a Serve config: settings of the service by their names."""
    return serve.deployment(serve.ingress()(Replica)).bind(dict(settings))


class _Exporter:
    """A port of its own for `/metrics`, since the proxy would give those of any replica."""

    def __init__(self, metrics: Metrics) -> None:
        host = ray.util.get_node_ip_address()
        self._server, self._thread = prometheus_client.start_http_server(
            0, addr=host, registry=metrics.registry
        )
        self._address = f"{host}:{self._server.server_port}"
        self._targets: serve.handle.DeploymentHandle | None = None

    async def announce(self) -> None:
        """Tell where the metrics are. Whoever keeps the list may be restarting; call this again and again."""
        try:
            if self._targets is None:
                self._targets = serve.get_deployment_handle("Targets", "targets")
            async with asyncio.timeout(ANNOUNCE_TIMEOUT_SECONDS):
                await self._targets.announce.remote(self._address)
        except Exception as error:
            log_event("not_announced", level=logging.WARNING, error=error)

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
