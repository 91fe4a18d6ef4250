"""A server that runs and answers."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.process import ServerProcess
from bench.serving.errors import ServerFailed
from bench.serving.free_port import free_port
from bench.serving.model import MODEL_VARIABLE
from bench.serving.protocol_adapter import Probabilities
from bench.serving.servers import ServerSetup

__all__ = ["RunningServer", "running"]

_START_SECONDS = 120.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.02


class RunningServer:
    """A server on a port of its own."""

    def __init__(self, setup: ServerSetup, python: Path, folder: Path, *, model: str) -> None:
        self.setup = setup
        self.port = free_port()
        self.cold_start_seconds = 0.0
        """From its start to its first good answer."""
        fields = {"port": str(self.port), "folder": str(folder.absolute()), "model": model}
        arguments = [argument.format(**fields) for argument in setup.arguments]
        own = {MODEL_VARIABLE: model, "PYTHONPATH": str(setup.code)}
        self.process = ServerProcess(
            [python, "-m", setup.module, *arguments],
            folder,
            environment=own | dict(setup.variables or {}),
            working_folder=setup.code,
        )

    def wait_until_good(self, review: str) -> None:
        """Return upon the first good answer; raises ServerFailed when there is none in two minutes."""
        start = time.monotonic()
        while time.monotonic() - start < _START_SECONDS:
            with contextlib.suppress(OSError, HTTPException, ServerFailed):
                self.ask([review])
                self.cold_start_seconds = time.monotonic() - start
                return
            if (status := self.process.status()) is not None:
                raise ServerFailed(f"ended with status {status}, see {self.process.errors_path}")
            time.sleep(_POLL_SECONDS)
        raise ServerFailed(f"gave no good answer in {_START_SECONDS:.0f} s, see {self.process.errors_path}")

    def ask(self, reviews: Sequence[str]) -> list[Probabilities]:
        """Return the probabilities of each review; raises ServerFailed for any answer but a good one."""
        adapter = self.setup.adapter
        body = adapter.request(reviews, port=self.port).partition(b"\r\n\r\n")[2]
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("POST", adapter.path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != 200:
            raise ServerFailed(f"answers with status {answer.status}, see {self.process.errors_path}")
        try:
            return adapter.answer(content)
        except (KeyError, TypeError, ValueError) as error:
            raise ServerFailed(f"gives an answer that cannot be read: {content[:100]!r}") from error

    def stop(self) -> None:
        """End it politely, and whatever is left of it by force."""
        self.process.stop(_STOP_SECONDS)


@contextmanager
def running(
    setup: ServerSetup, python: Path, folder: Path, *, model: str, review: str
) -> Iterator[RunningServer]:
    """Run a server that answers; raises ServerFailed."""
    server = RunningServer(setup, python, folder, model=model)
    try:
        server.wait_until_good(review)
        yield server
    finally:
        server.stop()
