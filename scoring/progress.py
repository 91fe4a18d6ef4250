"""How far a job is: a bar on a terminal, else a line a minute."""

import sys
import time
from collections.abc import Callable
from types import TracebackType

from tqdm import tqdm

__all__ = ["Progress"]

_INTERVAL_SECONDS = 60.0


class Progress:
    """Shows rows done of all rows, their rate and the remaining time, on standard error."""

    def __init__(
        self,
        num_rows: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        report: Callable[[str], object] = lambda line: print(line, file=sys.stderr, flush=True),
        is_terminal: bool | None = None,
    ) -> None:
        """Begin with nothing done of what is to do."""
        show_bar = sys.stderr.isatty() if is_terminal is None else is_terminal
        self._bar = (
            tqdm(total=num_rows, unit="row", unit_scale=True, dynamic_ncols=True) if show_bar else None
        )
        self._num_rows, self._num_done = num_rows, 0
        self._clock, self._report = clock, report
        self._begun = self._last = clock()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return self._clock() - self._begun

    def add(self, num_rows: int) -> None:
        """Count rows that are done, and say so if it is time."""
        self._num_done += num_rows
        if self._bar is not None:
            self._bar.update(num_rows)
            return
        now = self._clock()
        if now - self._last >= _INTERVAL_SECONDS:
            self._last = now
            self._report(self._line(self._num_done / (now - self._begun)))

    def _line(self, rate: float) -> str:
        minutes = (self._num_rows - self._num_done) / rate / 60 if rate else float("inf")
        left = f"{minutes / 60:.1f} h" if minutes >= 90 else f"{max(1, round(minutes))} min"
        return f"scored {self._num_done:,} of {self._num_rows:,} rows, {rate:,.0f} rows a second, {left} left"
