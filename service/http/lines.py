"""Cutting a body into lines while it comes in."""

__all__ = ["LineCutter"]


class LineCutter:
    """Returns lines as they are complete, and None for each that is too long, of which nothing is kept."""

    def __init__(self, max_bytes: int) -> None:
        """Take the most bytes that a line may have without its end."""
        self._max_bytes = max_bytes
        self._line = bytearray()
        self._num_bytes = 0

    def cut(self, data: bytes) -> list[bytes | None]:
        """Take the next part of the body, and return the lines that end in it."""
        *ended, rest = data.split(b"\n")
        lines = [self._end(part) for part in ended]
        self._keep(rest)
        return lines

    def finish(self) -> list[bytes | None]:
        """Return the last line, if the body ended without the end of a line."""
        return [self._end(b"")] if self._num_bytes else []

    def _end(self, part: bytes) -> bytes | None:
        self._keep(part)
        line = None if self._num_bytes > self._max_bytes else bytes(self._line)
        self._line.clear()
        self._num_bytes = 0
        return line

    def _keep(self, part: bytes) -> None:
        self._num_bytes += len(part)
        if self._num_bytes > self._max_bytes:
            self._line.clear()
        else:
            self._line += part
