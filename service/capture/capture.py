"""Which reviews are kept, and the thread that writes them while the event loop goes on."""

import json
import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, SimpleQueue

from sentiment import Prediction
from service.capture.part_folder import PartFolder
from service.telemetry.logs import log_event
from service.telemetry.metrics import Metrics

__all__ = ["Capture", "CaptureShare"]

MAX_WAITING_BYTES = 4 * 1024**2
"""What the disk has not taken yet; more is dropped, since nobody waits for it."""
_TICK_SECONDS = 60.0
_JOIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureShare:
    """Which of the reviews are kept."""

    ratio: float
    """Share of the reviews below, 0 to 1."""
    below_confidence: float
    """Only reviews whose label has a lower probability; 1 is all reviews, also those with probability 1."""

    def takes(self, prediction: Prediction) -> bool:
        """Return whether a review with this prediction is kept; chance decides for a ratio below 1."""
        is_unsure = self.below_confidence == 1 or prediction.confidence < self.below_confidence
        return is_unsure and random.random() < self.ratio  # noqa: S311


class Capture:
    """Keeps reviews with what they were answered. `keep` belongs to the event loop and never waits."""

    def __init__(self, folder: PartFolder, share: CaptureShare, metrics: Metrics) -> None:
        self._folder = folder
        self._share = share
        self._metrics = metrics
        self._inbox: SimpleQueue[list[bytes] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._num_waiting_bytes = 0
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Start the thread that writes."""
        self._thread.start()

    def keep(self, model: str, reviews: Sequence[str], predictions: Sequence[Prediction]) -> None:
        """Hand over the reviews that are to be kept; `model` is such as "reviews@3"."""
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        lines = [
            _line(model, review, prediction, moment)
            for review, prediction in zip(reviews, predictions, strict=True)
            if self._share.takes(prediction)
        ]
        num_bytes = sum(map(len, lines))
        with self._lock:
            is_full = self._num_waiting_bytes + num_bytes > MAX_WAITING_BYTES
            self._num_waiting_bytes += 0 if is_full else num_bytes
        if is_full:
            self._metrics.captured("dropped", len(lines))
        elif lines:
            self._inbox.put(lines)

    def close(self) -> None:
        """Write what waits, and close the part."""
        self._inbox.put(None)
        self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        while self._work_once():
            pass
        try:
            self._folder.close_part()
        except OSError as error:
            log_event("capture_failed", level=logging.ERROR, error=error)

    def _work_once(self) -> bool:
        """Write what comes next, or look after the folder if nothing comes; return whether to go on."""
        try:
            lines = self._inbox.get(timeout=_TICK_SECONDS)
        except Empty:
            self._try(self._folder.tick)
            return True
        if lines is None:
            return False
        content = b"".join(lines)
        written = self._try(lambda: self._folder.append(content))
        with self._lock:
            self._num_waiting_bytes -= len(content)
        self._metrics.captured("written" if written else "failed", len(lines))
        return True

    def _try(self, work: Callable[[], None]) -> bool:
        """Do something with the folder; a full or broken disk is logged and costs no answer."""
        try:
            work()
        except OSError as error:
            log_event("capture_failed", level=logging.ERROR, error=error)
            return False
        return True


def _line(model: str, review: str, prediction: Prediction, moment: str) -> bytes:
    """Return a line that training reads as a text without a label: what was predicted is not the truth."""
    row = {
        "text": review,
        "predicted": prediction.label,
        "confidence": round(prediction.confidence, 6),
        "model": model,
        "time": moment,
    }
    return json.dumps(row).encode() + b"\n"
