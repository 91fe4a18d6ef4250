"""The build backend: setuptools', and a C compiler from the package index where the machine has none."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    build_sdist,
    build_wheel,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

ZIG = "ziglang==0.17.1"
"""Clang in a wheel, which needs nothing of the machine."""

# Zig compiles for the very processor that it runs on unless told otherwise.
_ZIG_COMMAND = [sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline"]

Settings = Mapping[str, str | list[str] | None] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Return what must be installed to build a wheel."""
    return [*build_meta.get_requires_for_build_wheel(config_settings), *_compiler_requirement()]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """Return what must be installed to build in place."""
    return [*build_meta.get_requires_for_build_editable(config_settings), *_compiler_requirement()]


def compiler() -> list[str]:
    """Return the command of a C compiler: that of the variable CC, else the machine's, else Zig's."""
    command = shlex.split(os.environ.get("CC", "cc"))
    return command if _works(command) else _ZIG_COMMAND


def _compiler_requirement() -> list[str]:
    return [ZIG] if compiler() == _ZIG_COMMAND else []


def _works(command: list[str]) -> bool:
    """Return whether a compiler makes a library: without Xcode, macOS has a `cc` that only says so."""
    trial = [*command, "-shared", "-fPIC", "-x", "c", "-", "-o", os.devnull]
    try:
        ended = subprocess.run(trial, input=b"int one(void) { return 1; }", capture_output=True, check=False)
    except OSError:
        return False
    return ended.returncode == 0
