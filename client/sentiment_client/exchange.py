"""One call's requests and what to do with their answers, without sending anything: both clients share it."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from sentiment_client.errors import (
    ClientError,
    DeadlinePassed,
    KeyRefused,
    RequestRefused,
    ReviewRefused,
    ServiceBusy,
    ServiceFailed,
    ServiceUnreachable,
)
from sentiment_client.explanation import ScoreExplanation, SentenceInfluence, TokenInfluence, UnreadText
from sentiment_client.retries import Retries
from sentiment_client.score import LoadedModel, Score

__all__ = ["Exchange", "Reply", "accepted_of", "explanations_of", "models_of", "scores_of"]

_BUSY = (429, 502, 503)
_REVIEW = re.compile(r"reviews\[(\d+)\]")
_FEEDBACK = re.compile(r"feedback\[(\d+)\]\.(\S+)")
KINDS: Mapping[int, type[RequestRefused]] = {
    401: KeyRefused,
    429: ServiceBusy,
    500: ServiceFailed,
    502: ServiceBusy,
    503: ServiceBusy,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    content: bytes
    retry_after: str | None


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request, sent until it has an answer or its time is over."""

    retries: Retries
    timeout_seconds: float
    may_repeat: bool = True
    """Whether it does no harm that the service gets the request twice."""
    clock: Callable[[], float] = time.monotonic
    _num_tries: int = 0
    _ends: float = field(init=False)

    def __post_init__(self) -> None:
        self._ends = self.clock() + self.timeout_seconds

    def begin(self) -> float:
        """Count a try, and return how many seconds it may take; raises DeadlinePassed if none are left."""
        left = self._ends - self.clock()
        if left <= 0:
            self.give_up()
        self._num_tries += 1
        return left

    def give_up(self, cause: Exception | None = None) -> NoReturn:
        """Raise DeadlinePassed."""
        raise DeadlinePassed(f"no answer within {self.timeout_seconds:g} s") from cause

    def wait_after(self, reply: Reply) -> float | None:
        """Return how long to wait before asking again, or None if this is the answer."""
        # A proxy answers 502 when the service has the request, and nobody knows what came of it.
        if reply.status not in _BUSY or (reply.status == 502 and not self.may_repeat):
            return None
        return self._in_time(self.retries.wait_seconds(self._num_tries, reply.retry_after))

    def wait_after_failure(self, error: Exception, *, was_sent: bool) -> float:
        """Return how long to wait after a request without an answer; raises ServiceUnreachable to give up."""
        wait = self._in_time(self.retries.wait_seconds(self._num_tries, None))
        if was_sent and not self.may_repeat:
            raise ServiceUnreachable(
                f"the service may have taken the request or not: {error or type(error).__name__}"
            ) from error
        if wait is None:
            raise ServiceUnreachable(
                f"the service cannot be reached: {error or type(error).__name__}"
            ) from error
        return wait

    def _in_time(self, wait: float | None) -> float | None:
        return wait if wait is not None and self.clock() + wait < self._ends else None


def scores_of(reply: Reply, first: int) -> list[Score]:
    """Return the scores of a batch whose first review has this index; raises ClientError for a refusal."""
    fields = _checked(reply, first)
    try:
        model = fields["model"]
        return [
            Score(**each, model=model["name"], version=model["version"]) for each in fields["predictions"]
        ]
    except (TypeError, KeyError) as error:
        raise ServiceUnreachable(f"the answer is not that of a sentiment service: {error!r}") from error


def explanations_of(reply: Reply, first: int) -> list[ScoreExplanation]:
    """Return the explanations of a batch whose first review has this index; raises as `scores_of` does."""
    fields = _checked(reply, first)
    try:
        model = fields["model"]
        return [
            ScoreExplanation(
                score=Score(**each["prediction"], model=model["name"], version=model["version"]),
                complete=each["complete"],
                mixed=each["mixed"],
                unread=[UnreadText(**part) for part in each["unread"]],
                sentences=[SentenceInfluence(**part) for part in each["sentences"]],
                tokens=[TokenInfluence(**part) for part in each["tokens"]],
            )
            for each in fields["explanations"]
        ]
    except (TypeError, KeyError) as error:
        raise ServiceUnreachable(f"the answer is not that of a sentiment service: {error!r}") from error


def models_of(reply: Reply) -> list[LoadedModel]:
    """Return the models that a service lists; raises what its error stands for."""
    fields = _checked(reply, 0)
    try:
        return [
            LoadedModel(
                name=each["name"],
                version=each["version"],
                labels=tuple(each["labels"]),
                max_tokens=each["max_tokens"],
            )
            for each in fields["models"]
        ]
    except (TypeError, KeyError) as error:
        raise ServiceUnreachable(f"the answer is not that of a sentiment service: {error!r}") from error


def accepted_of(reply: Reply, first: int) -> int:
    """Return how many answers of a feedback were counted, the first of which has this index in the call."""
    accepted = _checked(reply, first).get("accepted")
    if not isinstance(accepted, int):
        raise ServiceUnreachable("the answer is not that of a sentiment service")
    return accepted


def refusal(reply: Reply) -> ClientError:
    """Return the error for an answer whose status is not 200."""
    try:
        _checked(reply, 0)
    except ClientError as error:
        return error
    return ServiceUnreachable("the answer is not that of a sentiment service")


def _checked(reply: Reply, first: int) -> dict[str, Any]:
    try:
        fields = json.loads(reply.content)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        fields = {}
    if reply.status != 200:
        _refuse(reply.status, fields, first)
    return fields


def _refuse(status: int, fields: dict[str, Any], first: int) -> NoReturn:
    """Raise what an error stands for: one that names a review, by its index in the whole call."""
    detail = str(fields.get("detail", "no detail is given"))
    if status == 504:
        raise DeadlinePassed(f"the service gave up: {detail}")
    errors = fields.get("errors") or [{}]
    location, message = str(errors[0].get("location")), errors[0].get("message")
    kind, index = KINDS.get(status, RequestRefused), None
    if named := _REVIEW.fullmatch(location):
        kind, index = ReviewRefused, first + int(named[1])
        detail = f"review {index} {message}"
    elif named := _FEEDBACK.fullmatch(location):
        index = first + int(named[1])
        detail = f"feedback {index}: {named[2]} {message}"
    raise kind(
        status=status,
        code=str(fields.get("code", "")),
        detail=detail,
        request_id=fields.get("request_id"),
        index=index,
    )
