"""From the texts of a request to reviews that wait for a lane, beside the event loop."""

import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from sentiment import TokenizedReview
from service.batching.request import Job
from service.batching.work_queue import WorkQueue
from service.telemetry.metrics import Metrics

__all__ = ["Tokenize", "Tokenizing"]

Tokenize = Callable[[Sequence[str]], list[TokenizedReview]]


class Tokenizing:
    """A thread that tokenizes request by request, in the order that they came.

    It is one thread, since tokenizing holds the interpreter's lock: more would only disturb each other. A job
    goes on to the lanes from here, without another turn of the event loop. `on_failure` is called on this
    thread with whatever kept a job from that.
    """

    def __init__(
        self,
        tokenize: Tokenize,
        queue: WorkQueue,
        metrics: Metrics,
        *,
        on_failure: Callable[[Job, Exception], None],
    ) -> None:
        self._tokenize = tokenize
        self._queue = queue
        self._metrics = metrics
        self._on_failure = on_failure
        self._inbox: SimpleQueue[tuple[Job, Sequence[str], float] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tokenizer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, job: Job, texts: Sequence[str]) -> None:
        """Hand over an admitted job."""
        self._inbox.put((job, texts, time.perf_counter()))

    def close(self) -> None:
        """End the thread behind all that was handed over."""
        self._inbox.put(None)

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread's end; returns whether it came."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (work := self._inbox.get()) is not None:
            self._work(*work)

    def _work(self, job: Job, texts: Sequence[str], start: float) -> None:
        if not job.is_admitted:
            return  # nobody waits for it any more
        try:
            reviews = self._tokenize(texts)
            self._metrics.staged("tokenize", time.perf_counter() - start)
            self._queue.enqueue(job, reviews)
        except Exception as error:
            self._on_failure(job, error)
