"""Lines about long work where no terminal shows a bar, as under nohup or in a job."""

import sys
import time
from collections.abc import Callable

__all__ = ["ProgressLines"]

_INTERVAL_SECONDS = 60.0


class ProgressLines:
    """Reports a line a minute: stage, step of how many, rate, time left; nothing on a terminal."""

    def __init__(
        self,
        stage: str,
        num_steps: int,
        report: Callable[[str], None],
        *,
        num_done: int = 0,
        enabled: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin after `num_done` steps; `enabled` is by default whether standard error is no terminal."""
        self._stage = stage
        self._num_steps = num_steps
        self._report = report
        self._enabled = not sys.stderr.isatty() if enabled is None else enabled
        self._clock = clock
        self._first_step = num_done
        self._begun = self._last = clock()

    def update(self, num_done: int) -> None:
        """Say how far the work is, if the last line is a minute old."""
        now = self._clock()
        if not self._enabled or now - self._last < _INTERVAL_SECONDS:
            return
        self._last = now
        rate = (num_done - self._first_step) / (now - self._begun)
        self._report(f"{self._stage}: step {num_done:,} of {self._num_steps:,}, {self._pace(num_done, rate)}")

    def _pace(self, num_done: int, rate: float) -> str:
        if rate == 0:
            return "no step in the last minute"
        minutes = (self._num_steps - num_done) / rate / 60
        left = f"{minutes / 60:.1f} h" if minutes >= 90 else f"{max(1, round(minutes))} min"
        return f"{rate:.2f} steps a second, {left} left"
