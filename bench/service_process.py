"""The service as a process of its own, and what it takes of the machine. Linux only."""

import http.client
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["ServiceProcess", "Usage", "running", "wait_until"]

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a process holds at one moment."""

    memory_mib: float
    """Resident."""
    num_threads: int
    num_open_files: int
    """Connections and pipes among them."""


class ServiceProcess:
    """`python -m service` on a free port, from its start on; its log goes to a file."""

    def __init__(self, log: Path, flags: Sequence[str]) -> None:
        command = [sys.executable, "-m", "service", "--port", "0", *flags]
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output)  # noqa: S603  # our own command

    def url(self) -> str:
        """Return where it listens, as soon as it does."""
        wait_until(lambda: self._event("listening") is not None)
        return str((self._event("listening") or {})["url"])

    @property
    def process_id(self) -> int:
        """The number that the system gave it."""
        return self._process.pid

    def wait_until_ready(self) -> None:
        """Return as soon as `/readyz` says so; raises RuntimeError when the process has ended instead."""
        address = urlsplit(self.url()).netloc
        wait_until(lambda: self._is_ready(address))

    def usage(self) -> Usage:
        """Return what it holds now."""
        folder = Path(f"/proc/{self._process.pid}")
        num_pages = int((folder / "statm").read_text().split()[1])
        return Usage(
            memory_mib=num_pages * resource.getpagesize() / 2**20,
            num_threads=len(list((folder / "task").iterdir())),
            num_open_files=len(list((folder / "fd").iterdir())),
        )

    def stop(self) -> int:
        """Send SIGTERM and return the exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """End it in whatever state it is."""
        self._process.kill()
        self._process.wait(PATIENCE_SECONDS)

    def _is_ready(self, address: str) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError("the service has ended")
        connection = http.client.HTTPConnection(address, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        finally:
            connection.close()

    def _event(self, name: str) -> dict[str, Any] | None:
        # A last line without its end is still being written.
        lines = self._log.read_text().splitlines(keepends=True)
        events: list[dict[str, Any]] = [json.loads(line) for line in lines if line.endswith("\n")]
        return next((event for event in events if event["event"] == name), None)


@contextmanager
def running(*flags: str) -> Iterator[ServiceProcess]:
    """Run the service, ready."""
    with tempfile.TemporaryDirectory() as folder:
        process = ServiceProcess(Path(folder) / "log", flags)
        try:
            process.wait_until_ready()
            yield process
        finally:
            process.kill()


def wait_until(reached: Callable[[], bool], *, pause_seconds: float = 0.005) -> None:
    """Return as soon as something is so; raises TimeoutError after a minute."""
    ends_at_seconds = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        if time.monotonic() > ends_at_seconds:
            raise TimeoutError
        time.sleep(pause_seconds)
