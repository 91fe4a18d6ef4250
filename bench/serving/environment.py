"""A virtual environment for each peer, so that their requirements cannot conflict."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench.serving.errors import CannotInstall
from bench.serving.servers import ServerSetup

__all__ = ["interpreter"]

# What the released model needs, in the versions of this environment.
_SHARED: Final = ("torch", "safetensors")
_UNPINNED: Final = ("annotated-types", "numpy", "pydantic")
_PIP: Final = ("-m", "pip", "install", "--disable-pip-version-check", "--quiet")


def interpreter(setup: ServerSetup, folder: Path) -> Path:
    """Return the Python that runs a server, with all that it needs; raises CannotInstall.

    A second call is quick, unless the requirements have changed.
    """
    if setup.environment is None:
        return Path(sys.executable)
    home = folder / setup.environment
    python = home.absolute() / "bin" / "python"
    shared = [f"{name}=={_release(name)}" for name in _SHARED]
    wanted = "\n".join([*shared, *_UNPINNED, *setup.requirements])
    stamp = home / "installed.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        _run(sys.executable, "-m", "venv", "--clear", str(home))
        _install(python, *shared[:1], *_torch_index())
        _install(python, *wanted.splitlines())
        stamp.write_text(wanted, encoding="utf-8")
    return python


def _release(name: str) -> str:
    # Without the build ("+cpu"), which other indexes may not have.
    return version(name).partition("+")[0]


def _torch_index() -> tuple[str, ...]:
    index = os.environ.get("TORCH_INDEX")
    return ("--index-url", index) if index else ()


def _install(python: Path, *arguments: str) -> None:
    _run(str(python), *_PIP, *arguments)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise CannotInstall(lines[-1].removeprefix("ERROR: ") if lines else "its environment cannot be made")
