"""Real services: each as a process, or in a thread of the tests."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from bench.process import PATIENCE_SECONDS, ServiceProcess, wait_until
from service.app import create_app
from service.runtime.loading import Loader, load_version
from service.server import Server, listen
from service.settings import Settings


@contextmanager
def process(
    folder: Path, *flags: str, environment: Mapping[str, str] | None = None
) -> Iterator[ServiceProcess]:
    """Run the service as a process with two lanes and warnings as errors; its output goes to a folder."""
    options = ("-W", "error")
    started = ServiceProcess(folder, "--lanes", "2", *flags, python_options=options, environment=environment)
    try:
        yield started
    finally:
        started.kill()


@contextmanager
def service(store: Path, *, load: Loader = load_version, **settings: Any) -> Iterator[str]:  # noqa: ANN401  # any setting
    """Run the service in a thread until it is ready; yields its URL. `load` may change its classifier."""
    chosen: dict[str, Any] = {"model_store": str(store), "device": "cpu", "lanes": 1} | settings
    values = Settings(**chosen)
    with serve(create_app(values, load=load), values) as url:
        yield url


@contextmanager
def serve(app: FastAPI, settings: Settings) -> Iterator[str]:
    """Run an application in a thread until it is ready; yields its URL."""
    listener = listen("127.0.0.1", 0)
    server = Server(app, settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        wait_until_ready(url)
        yield url
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


def wait_until_ready(url: str) -> None:
    """Return as soon as the service takes requests.

    It runs in this process, so asking without a pause would slow it down.
    """
    with httpx.Client() as client:
        wait_until(lambda: client.get(f"{url}/readyz").status_code == 200)


def samples(url: str) -> dict[str, float]:
    """Return the value of every series, under its name as Prometheus writes it."""
    families = text_string_to_metric_families(httpx.get(f"{url}/metrics").raise_for_status().text)
    return {
        series(sample.name, **sample.labels): sample.value for family in families for sample in family.samples
    }


def series(name: str, **labels: str) -> str:
    """Return the name of a series: its metric's, with the labels in alphabetical order."""
    inside = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{inside}}}" if inside else name


def wait_for_sample(url: str, name: str, minimum: float) -> dict[str, float]:
    """Return all samples as soon as a series has reached a value."""
    found: dict[str, float] = {}

    def reached() -> bool:
        found.update(samples(url))
        return found.get(name, 0) >= minimum

    wait_until(reached)
    return found
