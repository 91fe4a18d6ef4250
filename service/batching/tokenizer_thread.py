"""The thread that turns the texts of a request into reviews that wait, while the event loop goes on."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from service.batching.request import Request, WorkClass
from service.batching.work_queue import WorkQueue
from service.telemetry.metrics import Metrics

__all__ = ["TokenizerThread"]

Work = tuple[Request, Sequence[str], float]
"""A request, its texts, and when they were handed over."""


class TokenizerThread:
    """Tokenizes request by request, in the order that they came, each with the tokenizer of its model.

    Lines of streams are tokenized when nothing else waits.

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
        self._inbox: SimpleQueue[Work | None] = SimpleQueue()
        self._streams: deque[Work] = deque()
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
        try:
            work = self._inbox.get(block=not self._streams)
        except Empty:
            self._tokenize(*self._streams.popleft())
            return True
        if work is None:
            while self._streams:
                self._tokenize(*self._streams.popleft())
        elif work[0].kind is WorkClass.STREAM:
            self._streams.append(work)
        else:
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
