"""A server as processes: started, warm, weighed and stopped. Reads /proc, so it needs Linux."""

import contextlib
import os
import re
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.serving.errors import CannotServe
from bench.serving.free_port import free_port
from bench.serving.model import MODEL_VARIABLE
from bench.serving.protocol_adapter import Probabilities
from bench.serving.servers import Contender

__all__ = ["Memory", "Server", "running"]

_ROOT = Path(__file__).parents[2]
_MARK = "BENCH_SERVER"
_START_SECONDS = 120.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What all processes of a server hold."""

    rss_bytes: int
    """Each process by itself: pages that several share count several times, as in `ps`."""
    pss_bytes: int
    """Shared pages count once."""


class Server:
    """A running server."""

    def __init__(self, contender: Contender, python: Path, folder: Path, *, model: str) -> None:
        self.contender = contender
        self.port = free_port()
        self.cold_start_seconds = 0.0
        """From its start to its first good answer."""
        self._mark = uuid.uuid4().hex
        self._log = folder / "server.log"
        fields = {"port": str(self.port), "folder": str(folder.absolute()), "model": model}
        arguments = [argument.format(**fields) for argument in contender.arguments]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own arguments
                [python, "-m", contender.module, *arguments],
                stdout=log,
                stderr=log,
                cwd=_ROOT,
                env=self._environment(contender, model),
                start_new_session=True,
            )

    def wait_until_good(self, review: str) -> None:
        """Return upon the first good answer; raises CannotServe when there is none in two minutes."""
        start = time.monotonic()
        while time.monotonic() - start < _START_SECONDS:
            with contextlib.suppress(OSError, HTTPException, CannotServe):
                self.ask([review])
                self.cold_start_seconds = time.monotonic() - start
                return
            if self._process.poll() is not None:
                raise CannotServe(f"ended with status {self._process.returncode}, see {self._log}")
            time.sleep(_POLL_SECONDS)
        raise CannotServe(f"gave no good answer in {_START_SECONDS:.0f} s, see {self._log}")

    def ask(self, reviews: Sequence[str]) -> list[Probabilities]:
        """Return the probabilities of each review; raises CannotServe for any answer but a good one."""
        request = self.contender.dialect.request(reviews, port=self.port)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            body = request.partition(b"\r\n\r\n")[2]
            connection.request(
                "POST", self.contender.dialect.path, body, {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != 200:
            raise CannotServe(f"answers with status {answer.status}, see {self._log}")
        try:
            return self.contender.dialect.answer(content)
        except (KeyError, TypeError, ValueError) as error:
            raise CannotServe(f"gives an answer that cannot be read: {content[:100]!r}") from error

    def memory(self) -> Memory:
        """Return what its processes hold now."""
        rollups = [_rollup(process) for process in self._processes()]
        return Memory(
            rss_bytes=sum(rollup.get("Rss", 0) for rollup in rollups),
            pss_bytes=sum(rollup.get("Pss", 0) for rollup in rollups),
        )

    def stop(self) -> None:
        """End it politely, and whatever is left of it by force."""
        self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        # Again, since a process may start another while this one ends them.
        while processes := self._processes():
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self._process.poll()
            time.sleep(_POLL_SECONDS)
        self._process.wait()

    def _environment(self, contender: Contender, model: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SENTIMENT_", "OMP_", "RAY_", "MLSERVER_", "TS_"))
        }
        own = {_MARK: self._mark, MODEL_VARIABLE: model, "PYTHONPATH": str(_ROOT)}
        return kept | own | dict(contender.variables or {})

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


@contextmanager
def running(contender: Contender, python: Path, folder: Path, *, model: str, review: str) -> Iterator[Server]:
    """Run a server that answers; raises CannotServe."""
    folder.mkdir(parents=True, exist_ok=True)
    server = Server(contender, python, folder, model=model)
    try:
        server.wait_until_good(review)
        yield server
    finally:
        server.stop()


def _rollup(process: int) -> dict[str, int]:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return {}
    return {name: int(kib) * 1024 for name, kib in re.findall(r"^(\w+): +(\d+) kB", text, re.MULTILINE)}
