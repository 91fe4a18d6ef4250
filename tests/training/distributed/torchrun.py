"""Programs that torchrun starts in several processes."""

import subprocess
import sys
from pathlib import Path

__all__ = ["start", "torchrun"]

_ROOT = Path(__file__).parents[3]


def start(*command: str, num_processes: int = 2) -> subprocess.Popen[str]:
    """Start a module with its arguments in `num_processes` processes on this host."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return subprocess.Popen(
        [*torchrun, "--nproc-per-node", str(num_processes), "-m", *command],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def torchrun(*command: str, num_processes: int = 2) -> tuple[int, str, str]:
    """Run a module so to its end; return torchrun's exit code, and what all processes printed."""
    with start(*command, num_processes=num_processes) as process:
        output, errors = process.communicate(timeout=240)
    return process.returncode, output, errors
