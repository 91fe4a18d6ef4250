"""SIGTERM and SIGINT at any moment of a start: the service ends, and never lives on.

Moments are told by the imports that the interpreter reports, one a line: from the first of its own to the
last of PyTorch, which the service imports while it listens already.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from bench.process import PATIENCE_SECONDS
from tests.scale import scaled

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("starts")]

SIGNALS = [signal.SIGTERM, signal.SIGINT]
OWN_STATUSES: dict[int, set[int]] = {
    signal.SIGTERM: {-signal.SIGTERM},
    signal.SIGINT: {-signal.SIGINT, 1},  # 1 while Python sets itself up
}
"""What a signal ends Python with before it runs any line of ours."""
MOMENTS = [(moment + 0.5) / scaled(200) for moment in range(scaled(200))]
"""Shares of the imports of a whole start."""
NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child")
TINI = shutil.which("tini") or ""

needs_namespaces = pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode != 0,
    reason="this process may not make a PID namespace (unshare --pid --fork)",
)


class Start:
    """The service on its way up, perhaps as the first process of a PID namespace."""

    def __init__(self, process: subprocess.Popen[bytes], *, in_namespace: bool) -> None:
        self._process = process
        self._in_namespace = in_namespace

    def wait_for_imports(self, count: int) -> None:
        """Return when a number of modules have been imported, or when it has ended."""
        for _ in range(count):
            if not _pipe(self._process.stderr).readline():
                return

    def wait_for(self, event: str) -> None:
        """Return when a log line of this event is there."""
        assert any(json.loads(line)["event"] == event for line in _pipe(self._process.stdout))

    def catches(self, number: int) -> bool:
        """Return whether a signal has a handler by now."""
        status = Path(f"/proc/{self._pid()}/status").read_text(encoding="ascii")
        mask = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(mask.split()[1], 16) >> (number - 1) & 1)

    def is_running(self) -> bool:
        """Return whether it has not ended yet."""
        return self._process.poll() is None

    def send(self, number: int) -> None:
        """Send a signal."""
        os.kill(self._pid(), number)

    def status(self) -> int:
        """Return the exit status, once it has ended."""
        self._process.communicate(timeout=PATIENCE_SECONDS)
        return self._process.returncode

    def _pid(self) -> int:
        if not self._in_namespace:
            return self._process.pid
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return int(children.read_text(encoding="ascii").split()[0])


@contextmanager
def started(store: Path, *command: str, stderr: int | IO[bytes] = subprocess.PIPE) -> Iterator[Start]:
    """Start the service by way of a command, such as one that makes a namespace."""
    process = subprocess.Popen(
        [
            *command,
            sys.executable,
            "-X",
            "importtime",
            "-m",
            "service",
            "--port",
            "0",
            "--model-store",
            store,
        ],
        stdout=subprocess.PIPE,
        stderr=stderr,
    )
    try:
        yield Start(process, in_namespace=command[:1] == NAMESPACE[:1])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def num_imports(tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many modules a whole start imports."""
    path = tmp_path_factory.mktemp("imports") / "stderr"
    with path.open("wb") as file, started(tiny_store, stderr=file) as start:
        start.wait_for("ready")
    return len(path.read_bytes().splitlines())


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_during_a_start_ends_it(
    tiny_store: Path, num_imports: int, number: int, moment: float
) -> None:
    with started(tiny_store) as start:
        start.wait_for_imports(round(moment * num_imports))
        is_ours = start.catches(signal.SIGTERM)  # SIGINT has a handler of Python's from the beginning
        start.send(number)
        assert start.status() in ({0} if is_ours else {0, *OWN_STATUSES[number]})


@pytest.mark.parametrize("event", ["listening", "ready"])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_right_after_a_log_line_ends_it(tiny_store: Path, number: int, event: str) -> None:
    for _ in range(scaled(100)):
        with started(tiny_store, stderr=subprocess.DEVNULL) as start:
            start.wait_for(event)
            start.send(number)
            assert start.status() == 0


@pytest.mark.parametrize("number", SIGNALS)
def test_signals_until_the_very_end_change_nothing(tiny_store: Path, number: int) -> None:
    for _ in range(scaled(100)):
        with started(tiny_store, stderr=subprocess.DEVNULL) as start:
            start.wait_for("ready")
            while start.is_running():
                start.send(number)
            assert start.status() == 0


@needs_namespaces
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", SIGNALS)
def test_pid_1_obeys_from_its_first_lines(
    tiny_store: Path, num_imports: int, number: int, moment: float
) -> None:
    with started(tiny_store, *NAMESPACE) as start:
        start.wait_for_imports(round(moment * num_imports))
        while not start.catches(signal.SIGTERM):  # the kernel drops what comes before
            start.wait_for_imports(1)
        start.send(number)
        assert start.status() == 0


@needs_namespaces
@pytest.mark.skipif(not TINI, reason="needs tini, which Debian's package of that name has")
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", SIGNALS)
def test_an_init_passes_every_signal_on(
    tiny_store: Path, num_imports: int, number: int, moment: float
) -> None:
    with started(tiny_store, *NAMESPACE, TINI, "--") as start:
        start.wait_for_imports(round(moment * num_imports))
        start.send(number)
        assert start.status() in {0, 128 + number}


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
