"""A server as processes of its own: its start, its log, what it holds, and its end. Linux only.

Tests and benchmarks start every server with it: the service as well as the servers that it is compared with.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

__all__ = [
    "PATIENCE_SECONDS",
    "ROOT",
    "ServerEnded",
    "ServerProcess",
    "ServiceProcess",
    "Usage",
    "running_service",
    "wait_until",
]

PATIENCE_SECONDS: Final = 60.0
"""How long any one step of a server may take."""
ROOT: Final = Path(__file__).parent.parent
_MARK: Final = "BENCH_SERVER"
_POLL_SECONDS: Final = 0.005
# What a developer has set for servers of their own.
_DROPPED_VARIABLES: Final = ("SENTIMENT_", "OMP_", "RAY_", "MLSERVER_", "TS_")


class ServerEnded(RuntimeError):
    """A server's process has ended when it should have gone on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What all processes of a server hold at one moment."""

    rss_mib: float
    """Each process by itself: pages that several share count several times, as in `ps`."""
    pss_mib: float
    """Shared pages count once."""
    num_threads: int
    num_open_files: int
    """Connections and pipes among them."""


class ServerProcess:
    """A server that a command starts; its output and errors go to two files of a folder."""

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        working_folder: Path = ROOT,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.output_path = folder / "stdout"
        self.errors_path = folder / "stderr"
        self._mark = uuid.uuid4().hex
        with self.output_path.open("wb") as output, self.errors_path.open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603  # our own commands
                command,
                stdout=output,
                stderr=errors,
                cwd=working_folder,
                env=_clean_environment() | {_MARK: self._mark} | dict(environment or {}),
                start_new_session=True,
            )

    @property
    def process_id(self) -> int:
        """The number of the process that the command started."""
        return self._process.pid

    def status(self) -> int | None:
        """Return its exit status, or None while it runs."""
        return self._process.poll()

    def errors(self) -> str:
        """Return what it has written to its standard error."""
        return self.errors_path.read_text(encoding="utf-8")

    def usage(self) -> Usage:
        """Return what it holds now."""
        processes = self._processes()
        memory = [_memory_kib(process) for process in processes]
        return Usage(
            rss_mib=sum(each.get("Rss", 0) for each in memory) / 1024,
            pss_mib=sum(each.get("Pss", 0) for each in memory) / 1024,
            num_threads=sum(_num_entries(process, "task") for process in processes),
            num_open_files=sum(_num_entries(process, "fd") for process in processes),
        )

    def send_signal(self, number: int) -> None:
        """Send a signal to the process that the command started."""
        self._process.send_signal(number)

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Return the exit status once it has ended; raises subprocess.TimeoutExpired."""
        return self._process.wait(seconds)

    def stop(self, seconds: float = PATIENCE_SECONDS) -> int:
        """End it with SIGTERM, kill what is left after some seconds, and return the exit status."""
        self.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(seconds)
        self.kill()
        return self._process.returncode

    def kill(self) -> None:
        """End all its processes in whatever state they are."""
        # Repeated, since a process may start another while this one ends them.
        while processes := self._processes():
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self._process.poll()
            time.sleep(_POLL_SECONDS)
        self._process.wait(PATIENCE_SECONDS)

    def _processes(self) -> list[int]:
        # By the mark that they inherit: some leave the session and the parent that they were started in.
        mark = f"{_MARK}={self._mark}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                with contextlib.suppress(OSError):
                    if mark in (folder / "environ").read_bytes().split(b"\0"):
                        found.append(int(folder.name))
        return found


class ServiceProcess(ServerProcess):
    """`python -m service` on a free port, with the lines of its log."""

    def __init__(
        self,
        folder: Path,
        *flags: str,
        python_options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        command = [sys.executable, *python_options, "-m", "service", "--port", "0", *flags]
        super().__init__(command, folder, environment=environment)
        self._lines: list[dict[str, Any]] = []
        self._num_bytes_read = 0

    def log(self) -> list[dict[str, Any]]:
        """Return all lines of its log so far; raises ValueError for one that is not a JSON object."""
        with self.output_path.open("rb") as output:
            output.seek(self._num_bytes_read)
            # What stands behind the last line's end is still being written.
            whole, end, _ = output.read().rpartition(b"\n")
        self._num_bytes_read += len(whole + end)
        self._lines += [json.loads(line) for line in whole.splitlines()]
        return list(self._lines)

    def wait_for(self, event: str, **facts: object) -> dict[str, Any]:
        """Return the first line of an event that has these facts, once it is there.

        Raises ServerEnded when the process ends without it, and TimeoutError after a minute.
        """
        wanted = {"event": event, **facts}.items()
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            has_ended = self.status() is not None
            found[:] = [line for line in self.log() if wanted <= line.items()]
            if has_ended and not found:
                raise ServerEnded(f"ended before {event}: {self.log()} {self.errors()}")
            return bool(found)

        wait_until(is_there)
        return found[0]

    def url(self) -> str:
        """Return where it listens, as soon as it does."""
        return str(self.wait_for("listening")["url"])

    def wait_until_ready(self) -> None:
        """Return as soon as `/readyz` says so; raises ServerEnded when the process has ended instead."""
        address = urlsplit(self.url()).netloc
        wait_until(lambda: self._is_ready(address))

    def _is_ready(self, address: str) -> bool:
        if self.status() is not None:
            raise ServerEnded(f"ended before it was ready: {self.errors()}")
        connection = http.client.HTTPConnection(address, timeout=PATIENCE_SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK


@contextmanager
def running_service(folder: Path, *flags: str) -> Iterator[ServiceProcess]:
    """Run the service, ready."""
    service = ServiceProcess(folder, *flags)
    try:
        service.wait_until_ready()
        yield service
    finally:
        service.kill()


def wait_until(reached: Callable[[], bool], *, pause_seconds: float = _POLL_SECONDS) -> None:
    """Return as soon as a condition holds; raises TimeoutError after a minute."""
    ends_at_seconds = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        if time.monotonic() > ends_at_seconds:
            raise TimeoutError(f"not reached in {PATIENCE_SECONDS:.0f} s")
        time.sleep(pause_seconds)


def _clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED_VARIABLES)}


def _memory_kib(process: int) -> dict[str, int]:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return {}
    return {name: int(kib) for name, kib in re.findall(r"^(\w+): +(\d+) kB", text, re.MULTILINE)}


def _num_entries(process: int, name: str) -> int:
    try:
        return sum(1 for _ in Path(f"/proc/{process}/{name}").iterdir())
    except OSError:
        return 0
