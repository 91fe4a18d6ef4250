"""Results of named runs in a file, so that a second call goes on where the first one stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter

__all__ = ["ResultCache"]

R = TypeVar("R")


class ResultCache(Generic[R]):
    """Results by name; without a path they are not saved. A file is for calls with the same options."""

    def __init__(self, path: Path | None, kind: type[R]) -> None:
        self._path = path
        self._all: TypeAdapter[dict[str, R]] = TypeAdapter(dict[str, kind])  # type: ignore[valid-type]
        self._results = self._all.validate_json(path.read_bytes()) if path and path.exists() else {}

    def get(self, name: str, measure: Callable[[], R]) -> R:
        """Return the result of that name, which is measured if there is none yet."""
        if name not in self._results:
            self._results[name] = measure()
            if self._path:
                self._path.write_bytes(self._all.dump_json(self._results))
        return self._results[name]
