"""Whether and when a stream that has ended early is continued by another one."""

from sentiment_client.errors import ClientError, ServiceUnreachable
from sentiment_client.exchange import Reply, refusal
from sentiment_client.lines import Lines
from sentiment_client.retries import Retries

__all__ = ["Resumption"]

_BUSY = (429, 502, 503)


class Resumption:
    """Streams one after another, until every review is answered; those that answer nothing count as tries."""

    def __init__(self, retries: Retries, lines: Lines) -> None:
        self._retries = retries
        self._lines = lines
        self._num_tries = 0
        self._num_answered = 0

    def wait_seconds(self, reply: Reply | None, error: OSError | None) -> float:
        """Return how long to wait before the next stream, after one that came to this; raises ClientError.

        `reply` is what came in place of a stream, `error` why there is no connection any more.
        """
        failure = self._failure(reply, error)
        if self._lines.num_answered > self._num_answered:
            self._num_answered, self._num_tries = self._lines.num_answered, 0
        self._num_tries += 1
        wait = self._retries.wait_seconds(self._num_tries, None if reply is None else reply.retry_after)
        is_final = reply is not None and reply.status not in _BUSY
        if wait is None or is_final or self._lines.is_version_gone:
            raise failure from error
        return wait

    def _failure(self, reply: Reply | None, error: OSError | None) -> ClientError:
        if reply is not None:
            return refusal(reply)
        if self._lines.num_answered == 0 and error is not None:
            return ServiceUnreachable(f"the service cannot be reached: {error or type(error).__name__}")
        return self._lines.cut()
