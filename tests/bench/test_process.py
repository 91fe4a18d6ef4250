"""Starting, watching and ending servers."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.process import ServerEnded, ServerProcess, ServiceProcess, wait_until

LEAVES_A_CHILD = """\
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""
SHOWS_ITS_ENVIRONMENT = "import os; print(sorted({'SENTIMENT_PORT', 'A'} & set(os.environ)))"


@contextmanager
def started(code: str, folder: Path, **environment: str) -> Iterator[ServerProcess]:
    process = ServerProcess([sys.executable, "-c", code], folder, environment=environment)
    try:
        yield process
    finally:
        process.kill()


def is_running(process_id: int) -> bool:
    """Return whether a process runs; one that waits to be collected by its parent does not."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_end_takes_children_along_wherever_they_went(tmp_path: Path) -> None:
    with started(LEAVES_A_CHILD, tmp_path / "new") as process:
        wait_until(lambda: process.output_path.read_text().endswith("\n"))
        child = int(process.output_path.read_text())
        wait_until(lambda: process.usage().num_threads == 2)
        assert process.usage().rss_mib >= process.usage().pss_mib > 1
        assert process.stop() == -signal.SIGTERM
    assert not is_running(child)


def test_a_developers_settings_do_not_reach_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTIMENT_PORT", "1")
    with started(SHOWS_ITS_ENVIRONMENT, tmp_path, A="b") as process:
        assert process.wait() == 0
    assert process.output_path.read_text() == "['A']\n"


def test_an_event_that_never_comes_is_not_waited_for(tmp_path: Path) -> None:
    service = ServiceProcess(tmp_path, "--model-store", str(tmp_path / "nothing"))
    with pytest.raises(ServerEnded, match=r"ended before ready: .*nothing"):
        service.wait_for("ready")
    assert service.wait() == 1


def test_a_line_counts_when_it_is_whole(tmp_path: Path) -> None:
    service = ServiceProcess(tmp_path, "--help")
    assert service.wait() == 0
    service.output_path.write_text('{"event": "a"}\n{"event"')
    assert service.log() == [{"event": "a"}]
    service.output_path.write_text('{"event": "a"}\n{"event": "b"}\n')
    assert service.log() == [{"event": "a"}, {"event": "b"}]
