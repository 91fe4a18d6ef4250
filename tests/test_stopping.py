"""The tests themselves: they end when they are asked to."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import STOPPING_SIGNALS

ROOT = Path(__file__).parent.parent
WAITING = """\
import signal

def test_that_waits():
    print("waiting", flush=True)
    signal.pause()

def test_that_comes_later():
    pass
"""
LEAVING = """\
import signal

def test_that_leaves_a_handler_behind():
    signal.signal(signal.SIGTERM, lambda number, frame: None)
"""


def start(tests: Path) -> subprocess.Popen[str]:
    """Run tests with the fixtures of this project."""
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    return subprocess.Popen([*command, tests], cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", STOPPING_SIGNALS)
def test_a_signal_stops_all_tests(number: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "test_waiting.py"
    path.write_text(WAITING, encoding="utf-8")
    with start(path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "waiting" in line:
                process.send_signal(number)
                break
        output, _ = process.communicate(timeout=60)
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in output
    assert "passed" not in output


def test_a_test_that_leaves_a_signal_handler_behind_fails(tmp_path: Path) -> None:
    path = tmp_path / "test_leaving.py"
    path.write_text(LEAVING, encoding="utf-8")
    with start(path) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == pytest.ExitCode.TESTS_FAILED
    assert "1 error" in output
