"""Stopping between two steps: after Ctrl-C or SIGTERM, training saves its state before it stops."""

import signal
from types import FrameType, TracebackType
from typing import Self

__all__ = ["Interruption"]


class Interruption:
    """Within its `with` block, the first SIGINT or SIGTERM sets `requested`; the second acts as usual.

    Use it in the main thread, since only that one may set signal handlers.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.requested = False

    def __enter__(self) -> Self:
        self._previous = {number: signal.signal(number, self._request) for number in self._SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _request(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  # signal's own signature
        self.requested = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
