"""Scoring by a running service, which is asked over HTTP and never for more than it takes."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from typing import Any

from scoring.connection import Answer, Connection
from scoring.errors import ServiceRefused
from scoring.scorer import Refusal
from sentiment import Prediction

__all__ = ["RemoteScorer"]

_NUM_CONNECTIONS = 4
_BATCH_ROWS = 1024
# A service takes 256 reviews and 2 MiB a request unless it is set otherwise.
_MAX_REVIEWS = 64
_MAX_CHARACTERS = 250_000
_MAX_WAIT_SECONDS = 60.0
_PATIENCE_SECONDS = 900.0
_BUSY = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
# One review may be the reason for these: without the others it shows which.
_OF_A_REVIEW = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.INTERNAL_SERVER_ERROR,
)
_QUESTION = "Good."


class RemoteScorer:
    """A service and the version of its model that it named first; it must name the same one ever after."""

    batch_rows = _BATCH_ROWS

    def __init__(
        self,
        url: str,
        key: str | None,
        num_connections: int | None = None,
        *,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask the service for its model; raises ServiceRefused where there is no such service."""
        self._url, self._key = url, key
        self._sleep, self._clock = sleep, clock
        self._idle = list[Connection]()
        self._lock = threading.Lock()
        self._version: int | None = None
        model, prediction = self._first_answer()
        self.model_version: Mapping[str, Any] = model
        self._version = model["version"]
        self.labels = tuple(prediction.probabilities)
        self.num_threads = num_connections or _NUM_CONNECTIONS
        self.hardware: Mapping[str, Any] = {"processor": "that of a service", "threads": self.num_threads}

    def prepare_thread(self) -> None:
        """Do nothing: each thread connects when it asks first."""

    def close(self) -> None:
        """Close the connections."""
        for connection in self._idle:
            connection.close()

    def predict(self, texts: Sequence[str]) -> list[Prediction | Refusal]:
        """Return the service's prediction for each text, or why it refuses one.

        Raises ServiceRefused when it answers with another version, wants a key, or stays away.
        """
        return [found for request in _requests(texts) for found in self._predict(request)]

    def _first_answer(self) -> tuple[dict[str, Any], Prediction]:
        """Return which model answers, and how."""
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            answer = self._ask([_QUESTION])
            if answer.status != HTTPStatus.OK:
                raise ServiceRefused(f"{self._url}: {answer.problem}")
            model, (prediction,) = self._parsed(answer)
            on_failure.pop_all()
        return model, prediction

    def _predict(self, texts: Sequence[str]) -> list[Prediction | Refusal]:
        answer = self._ask(texts)
        if answer.status == HTTPStatus.OK:
            return self._checked(answer)
        if answer.status not in _OF_A_REVIEW:
            raise ServiceRefused(f"{self._url}: {answer.problem}; the parts that are done stay")
        if len(texts) == 1:
            if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY and not answer.is_about_reviews:
                raise ServiceRefused(f"{self._url}: {answer.problem}; the parts that are done stay")
            return [Refusal(f"the service refuses it: {answer.problem}")]
        middle = len(texts) // 2
        return self._predict(texts[:middle]) + self._predict(texts[middle:])

    def _checked(self, answer: Answer) -> list[Prediction | Refusal]:
        model, predictions = self._parsed(answer)
        if model != self.model_version:
            raise ServiceRefused(
                f"{self._url}: answers by {_name(model)} now, and this job is by "
                f"{_name(self.model_version)}: go on when that is back, or remove the parts and begin again"
            )
        return list(predictions)

    def _parsed(self, answer: Answer) -> tuple[dict[str, Any], list[Prediction]]:
        try:
            fields = json.loads(answer.body)
            return dict(fields["model"]), [Prediction(**each) for each in fields["predictions"]]
        except (ValueError, TypeError, KeyError) as error:
            raise ServiceRefused(
                f"{self._url}: its answer is not that of this service ({error!r})"
            ) from error

    def _ask(self, texts: Sequence[str]) -> Answer:
        """Send a request again and again while the service is busy or away, as late as it says."""
        body = json.dumps({"reviews": texts}).encode()
        path = "/predict" if self._version is None else f"/predict?version={self._version}"
        begun, num_tries = self._clock(), 0
        while True:
            with self._connection() as connection:
                answer = connection.post(path, body)
            if answer.status not in _BUSY:
                return answer
            wait = min(answer.retry_after_seconds or 0.5 * 2**num_tries, _MAX_WAIT_SECONDS)
            wait *= random.uniform(1, 1.25)  # noqa: S311 - so that connections do not come back together
            if self._clock() - begun + wait > (_PATIENCE_SECONDS if self._version else _MAX_WAIT_SECONDS):
                raise ServiceRefused(f"{self._url}: {answer.problem}; the parts that are done stay")
            self._sleep(wait)
            num_tries += 1

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """Lend a connection that no other thread has."""
        with self._lock:
            connection = self._idle.pop() if self._idle else Connection(self._url, self._key)
        try:
            yield connection
        finally:
            with self._lock:
                self._idle.append(connection)


def _requests(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield neighbouring texts that fit into one request."""
    request, num_characters = list[str](), 0
    for text in texts:
        if request and (len(request) == _MAX_REVIEWS or num_characters + len(text) > _MAX_CHARACTERS):
            yield request
            request, num_characters = [], 0
        request.append(text)
        num_characters += len(text)
    if request:
        yield request


def _name(model: Mapping[str, Any]) -> str:
    return f"{model.get('name')}@{model.get('version')}"
