"""Real services: each as a process, or in a thread of the tests."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from service.app import create_app
from service.runtime.loading import Loader, load_version
from service.server import Server, listen
from service.settings import Settings

PATIENCE_SECONDS = 60.0


class Process:
    """`python -m service` with its log lines."""

    def __init__(self, errors: Path, *flags: str, environment: Mapping[str, str] | None = None) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SENTIMENT_")}
        self._errors = errors
        with errors.open("wb") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "service", *flags],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env=clean | dict(environment or {}),
            )
        self._changed = threading.Condition()
        self._lines: list[str] = []
        self._ended = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def log(self) -> list[dict[str, Any]]:
        """Return all log lines so far; each must be one JSON object."""
        with self._changed:
            return [json.loads(line) for line in self._lines]

    def errors(self) -> str:
        """Return what the process wrote to its standard error."""
        return self._errors.read_text()

    def wait_for(self, event: str, **facts: object) -> dict[str, Any]:
        """Wait for the first log line of an event that has these facts, and return it."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._find(event, facts) or self._ended, PATIENCE_SECONDS)
            line = self._find(event, facts)
        assert found, f"no {event} in {PATIENCE_SECONDS} s"
        assert line is not None, f"ended before {event}: {self._lines} {self.errors()}"
        return line

    def url(self) -> str:
        """Return where it listens."""
        return str(self.wait_for("listening")["url"])

    def num_threads(self) -> int:
        """Return how many threads it has."""
        return len(list(Path(f"/proc/{self._process.pid}/task").iterdir()))

    def num_open_files(self) -> int:
        """Return how many files and connections it has open."""
        return len(list(Path(f"/proc/{self._process.pid}/fd").iterdir()))

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Return the exit status, once it has ended."""
        status = self._process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        return status

    def close(self) -> None:
        """Kill it in whatever state it is."""
        self._process.kill()
        self._process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _find(self, event: str, facts: Mapping[str, object]) -> dict[str, Any] | None:
        wanted = {"event": event, **facts}.items()
        lines: list[dict[str, Any]] = [json.loads(line) for line in self._lines]
        return next((line for line in lines if all(line.get(key) == value for key, value in wanted)), None)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


@contextmanager
def process(errors: Path, *flags: str, environment: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Run the service as a process, on a free port and with two lanes."""
    started = Process(errors, "--port", "0", "--lanes", "2", *flags, environment=environment)
    try:
        yield started
    finally:
        started.close()


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
    """Return as soon as the service takes requests."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with httpx.Client() as client:
        while client.get(f"{url}/readyz").status_code != 200:
            assert time.monotonic() < deadline, "not ready"


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
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := samples(url)).get(name, 0) < minimum:
        assert time.monotonic() < deadline, f"{name} is {found.get(name)}"
    return found
