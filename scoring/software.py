"""The software that decides the bytes of an output."""

import importlib.metadata
import platform

__all__ = ["software_versions"]

_DISTRIBUTIONS = ("sentiment-service", "numpy", "pyarrow", "torch")


def software_versions() -> dict[str, str]:
    """Return the version of Python and of each library that scores or writes."""
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in _DISTRIBUTIONS
    }
