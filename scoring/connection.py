"""One connection to a service, kept open from request to request."""

import email.utils
import http.client
import json
import math
import time
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from scoring.errors import ServiceRefused

__all__ = ["Answer", "Connection"]

# Longer than a service takes at most, so that it is the service that says what is wrong.
_TIMEOUT_SECONDS = 120.0
_TIMEOUT_MS = "90000"


@dataclass(frozen=True)
class Answer:
    """What a service answers, or that it cannot be reached, as if it were busy."""

    status: int
    body: bytes
    retry_after: str | None = None

    @cached_property
    def _fields(self) -> dict[str, Any]:
        try:
            fields = json.loads(self.body)
        except ValueError:
            return {}
        return fields if isinstance(fields, dict) else {}

    @property
    def problem(self) -> str:
        """What is wrong, for people: the problem's detail, and what it says of its first error."""
        detail = str(self._fields.get("detail") or HTTPStatus(self.status).phrase).rstrip(".")
        errors = self._fields.get("errors") or []
        first = f": {errors[0]['location']} {errors[0]['message']}" if errors else ""
        return f"{self.status} {detail}{first}"

    @property
    def is_about_reviews(self) -> bool:
        """Whether the problem's errors are of the reviews that were sent."""
        return any(str(error["location"]).startswith("reviews") for error in self._fields.get("errors") or [])

    @property
    def retry_after_seconds(self) -> float | None:
        """How long the service asks to wait, in seconds or as a date; None if it does not say."""
        if self.retry_after is None:
            return None
        try:
            return max(0.0, float(self.retry_after))
        except ValueError:
            moment = email.utils.parsedate_to_datetime(self.retry_after)
            return max(0.0, math.ceil(moment.timestamp() - time.time()))


class Connection:
    """Sends requests to one service, one after another."""

    def __init__(self, url: str, key: str | None) -> None:
        """Take a URL such as http://host:8000/prefix; raises ServiceRefused for anything else."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServiceRefused(f"{url}: must be such as http://127.0.0.1:8000")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT_SECONDS)
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json", "X-Request-Timeout-Ms": _TIMEOUT_MS}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def close(self) -> None:
        """Close it; the next request opens it again."""
        self._connection.close()

    def post(self, path: str, body: bytes) -> Answer:
        """Send JSON and return the answer; a service that cannot be reached is unavailable."""
        try:
            return self._post(path, body)
        except (OSError, http.client.HTTPException):
            self._connection.close()  # it was idle, and may have been closed by the service
        try:
            return self._post(path, body)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            reason = str(error) or type(error).__name__
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, json.dumps({"detail": reason}).encode())

    def _post(self, path: str, body: bytes) -> Answer:
        self._connection.request("POST", self._prefix + path, body, self._headers)
        response = self._connection.getresponse()
        return Answer(response.status, response.read(), response.getheader("Retry-After"))
