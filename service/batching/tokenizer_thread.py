"""The thread that turns the texts of a request into reviews that wait, while the event loop goes on."""

import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from service.batching.request import Request, WorkClass
from service.batching.work_queue import WorkQueue
from service.telemetry.metrics import Metrics

__all__ = ["TokenizerThread"]


class TokenizerThread:
    """Tokenizes request by request, in the order that they came, each with the tokenizer of its model.

    One thread is enough: tokenizing holds the interpreter's lock, so a second one would only disturb it. The
    request goes from here straight to the lanes, without another turn of the event loop. `on_failure` is
    called on this thread with whatever prevented that.
    """

    def __init__(
        self, queue: WorkQueue, metrics: Metrics, *, on_failure: Callable[[Request, Exception], None]
    ) -> None:
        self._queue = queue
        self._metrics = metrics
        self._on_failure = on_failure
        self._inbox: SimpleQueue[tuple[Request, Sequence[str], float] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tokenizer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, request: Request, texts: Sequence[str]) -> None:
        """Hand over an admitted request with its texts, at least one."""
        self._inbox.put((request, texts, time.perf_counter()))

    def close(self) -> None:
        """Let the thread end after everything that was handed over."""
        self._inbox.put(None)

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread's end; returns whether it came."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while self._work_once():
            pass

    def _work_once(self) -> bool:
        """Do what comes next, with no reference to it afterwards; return whether there was anything."""
        work = self._inbox.get()
        if work is not None:
            self._tokenize(*work)
        return work is not None

    def _tokenize(self, request: Request, texts: Sequence[str], start: float) -> None:
        if not request.is_admitted:
            return  # nobody waits for it any more
        try:
            reviews = [request.model.tokenizer.encode(text) for text in texts]
            if request.kind is WorkClass.LIVE:
                self._metrics.staged("tokenize", time.perf_counter() - start)
            self._queue.enqueue(request, reviews)
        except Exception as error:
            self._on_failure(request, error)
