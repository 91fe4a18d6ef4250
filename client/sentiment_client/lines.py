"""The lines of a stream, without sending anything: both clients share it.

A stream that ends early is continued by another one, which begins with the first review that has no answer.
"""

import json
from collections import deque
from typing import Any

from sentiment_client.errors import RequestRefused, ReviewRefused, ServiceUnreachable, StreamCut
from sentiment_client.exchange import KINDS
from sentiment_client.score import Score

__all__ = ["Lines"]

MAX_UNANSWERED_BYTES = 256 * 1024
"""Of lines that were sent; they are kept to be sent again. The service holds at most 1 MiB."""
_REVIEW_AT_FAULT = (400, 413, 422)


class Lines:
    """Reviews on their way to their answers: put reviews in, send what `take` gives, hand in each answer."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._sent: deque[bytes] = deque()
        self._num_bytes = 0
        self._first = 0
        """The index of the review that is the stream's first line."""
        self.num_answered = 0
        self.is_complete = False
        """Whether no more reviews will be put in."""
        self._end: dict[str, Any] | None = None

    @property
    def has_room(self) -> bool:
        """Whether another review may be put in."""
        return not self.is_complete and self._num_bytes < MAX_UNANSWERED_BYTES

    @property
    def has_waiting(self) -> bool:
        """Whether `take` has something to give."""
        return bool(self._waiting)

    @property
    def has_sent(self) -> bool:
        """Whether the service owes an answer."""
        return bool(self._sent)

    @property
    def is_all_sent(self) -> bool:
        """Whether the body of the stream may end."""
        return self.is_complete and not self._waiting

    @property
    def is_done(self) -> bool:
        """Whether every review has its answer."""
        return self.is_all_sent and not self._sent

    @property
    def needs_review(self) -> bool:
        """Whether there is nothing to send, so that a stream would be idle."""
        return not (self.is_complete or self.has_sent or self.has_waiting)

    @property
    def is_version_gone(self) -> bool:
        """Whether the version that was asked for is out of service."""
        return self._reason().get("code") == "not_found"

    def put(self, review: str | None) -> None:
        """Add a review, or None when there are no more."""
        if review is None:
            self.is_complete = True
            return
        line = json.dumps({"review": review}).encode() + b"\n"
        self._waiting.append(line)
        self._num_bytes += len(line)

    def take(self) -> bytes:
        """Return the lines that are to be sent next, if any."""
        lines = b"".join(self._waiting)
        self._sent.extend(self._waiting)
        self._waiting.clear()
        return lines

    def restart(self) -> None:
        """Begin another stream with the first review that has no answer."""
        self._waiting.extendleft(reversed(self._sent))
        self._sent.clear()
        self._first = self.num_answered
        self._end = None

    def answer(self, line: bytes) -> Score | RequestRefused | None:
        """Return what a line of the service says of the next review; None for the last line."""
        try:
            fields = json.loads(line)
            if "done" in fields:
                self._end = fields
                return None
            found = _score(fields, self.num_answered)
            is_next = bool(self._sent) and fields["line"] == self.num_answered - self._first + 1
        except (TypeError, KeyError, ValueError) as error:
            raise ServiceUnreachable(f"the answer is not that of a sentiment service: {error!r}") from error
        if not is_next:
            raise ServiceUnreachable("the answers of the service are out of order")
        self._num_bytes -= len(self._sent.popleft())
        self.num_answered += 1
        return found

    def cut(self) -> StreamCut:
        """Return an error that says how far it came, and why the service ended the stream, if it did."""
        reason = self._reason()
        return StreamCut(
            code=str(reason.get("code", "")),
            detail=str(reason.get("detail", "the stream was cut")),
            num_answered=self.num_answered,
        )

    def _reason(self) -> dict[str, Any]:
        reason: dict[str, Any] = (self._end or {}).get("reason") or {}
        return reason


def _score(fields: dict[str, Any], index: int) -> Score | RequestRefused:
    if "error" not in fields:
        model = fields["model"]
        return Score(**fields["prediction"], model=model["name"], version=model["version"])
    error = fields["error"]
    status = error["status"]
    kind = ReviewRefused if status in _REVIEW_AT_FAULT else KINDS.get(status, RequestRefused)
    errors = error.get("errors")
    detail = f"review {index} {errors[0]['message']}" if errors else error["detail"]
    return kind(status=status, code=error["code"], detail=detail, request_id=None, index=index)
