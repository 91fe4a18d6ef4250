"""Runs that are stopped from outside."""

import re
import signal
import subprocess
import sys
from pathlib import Path

__all__ = ["interrupt_after_an_epoch"]


def interrupt_after_an_epoch(run: Path, *options: str) -> None:
    """Run `fit` as a process, send it SIGINT after its first epoch, and check that it says how to go on."""
    command = [sys.executable, "-m", "training", "fit", "--run-folder", str(run), "--device", "cpu", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("classifier: epoch 1:"):
                process.send_signal(signal.SIGINT)
                break
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert re.fullmatch(rf"error: stopped; go on with: python -m training fit --resume {run}\n", errors)
