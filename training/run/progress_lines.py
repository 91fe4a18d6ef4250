"""Lines about long work where no terminal shows a bar, as under nohup or in a job."""

import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence

__all__ = ["ProgressLines", "ReportedTexts", "in_parts"]

_INTERVAL_SECONDS = 60.0
_PART_TEXTS = 1024
"""Large enough to fill batches of equal lengths, and read by the slowest network in less than a minute."""


class ProgressLines:
    """Reports a line a minute: stage, step or text of how many, rate, time left; nothing on a terminal."""

    def __init__(
        self,
        stage: str,
        num_steps: int,
        report: Callable[[str], None],
        *,
        unit: str = "step",
        num_done: int = 0,
        enabled: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin after `num_done` steps, or whatever `unit` names.

        `enabled` is by default whether standard error is no terminal.
        """
        self._stage = stage
        self._num_steps = num_steps
        self._report = report
        self._unit = unit
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
        position = f"{self._unit} {num_done:,} of {self._num_steps:,}"
        self._report(f"{self._stage}: {position}, {self._pace(num_done, rate)}")

    def _pace(self, num_done: int, rate: float) -> str:
        if rate == 0:
            return f"no {self._unit} in the last minute"
        minutes = (self._num_steps - num_done) / rate / 60
        left = f"{minutes / 60:.1f} h" if minutes >= 90 else f"{max(1, round(minutes))} min"
        return f"{rate:,.2f} {self._unit}s a second, {left} left"


class ReportedTexts(Collection[str]):
    """Texts that are read one by one, `num_passes` times, with a line a minute on how many are done."""

    def __init__(
        self, texts: Sequence[str], stage: str, report: Callable[[str], None], *, num_passes: int = 1
    ) -> None:
        self._texts = texts
        self._lines = ProgressLines(stage, len(texts) * num_passes, report, unit="text")
        self._num_done = 0

    def __contains__(self, text: object) -> bool:
        return text in self._texts

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[str]:
        for text in self._texts:
            yield text
            self._num_done += 1
            self._lines.update(self._num_done)


def in_parts(texts: Sequence[str], stage: str, report: Callable[[str], None]) -> Iterator[Sequence[str]]:
    """Yield the texts in parts, each for one call, and report a line a minute on how many are done."""
    lines = ProgressLines(stage, len(texts), report, unit="text")
    for start in range(0, len(texts), _PART_TEXTS):
        yield texts[start : start + _PART_TEXTS]
        lines.update(min(start + _PART_TEXTS, len(texts)))
