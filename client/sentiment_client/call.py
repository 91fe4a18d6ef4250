"""What both clients are made with, and the requests that they send."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from sentiment_client.batches import ReviewBatch
from sentiment_client.errors import ServiceUnreachable
from sentiment_client.explanation import ExplainUnit
from sentiment_client.retries import Retries
from sentiment_client.score import Score

__all__ = [
    "DEFAULTS",
    "Call",
    "Options",
    "checked_url",
    "explain_call",
    "feedback_call",
    "models_call",
    "predict_call",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a client behaves unless a call says otherwise."""

    timeout_seconds: float = 30.0
    retries: Retries = field(default_factory=Retries)
    max_reviews: int = 64
    max_bytes: int = 1_000_000


DEFAULTS = Options()


@dataclass(frozen=True, slots=True)
class Call:
    """A request."""

    method: str
    path: str
    body: bytes | None = None
    may_repeat: bool = True
    """Whether it does no harm that the service gets it twice."""

    def headers(self, seconds_left: float) -> dict[str, str]:
        """Return headers that tell the service how long the answer is of use."""
        milliseconds = max(1, min(3_600_000, int(seconds_left * 1000)))
        headers = {"X-Request-Timeout-Ms": str(milliseconds)}
        return headers if self.body is None else headers | {"Content-Type": "application/json"}


def checked_url(url: str) -> httpx2.URL:
    """Return the URL of a service; raises ServiceUnreachable for what is none."""
    try:
        found = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise ServiceUnreachable(f"{url}: is not such as http://127.0.0.1:8000 ({error})") from error
    if found.scheme not in ("http", "https") or not found.host:
        raise ServiceUnreachable(f"{url}: is not such as http://127.0.0.1:8000")
    return found


def predict_call(batch: ReviewBatch) -> Call:
    """Return the request for a batch of reviews."""
    content: dict[str, Any] = {"reviews": batch.reviews}
    return Call("POST", "predict", json.dumps(content).encode())


def explain_call(batch: ReviewBatch, unit: ExplainUnit) -> Call:
    """Return the request for the explanations of a batch of reviews."""
    content: dict[str, Any] = {"reviews": batch.reviews, "unit": unit, "offsets": "codepoint"}
    return Call("POST", "explain", json.dumps(content).encode())


def feedback_call(answers: Sequence[tuple[Score, str]]) -> Call:
    """Return the request that says which of these answers were right: each with its true label."""
    feedback = [
        {
            "model": {"name": score.model, "version": score.version},
            "label": score.label,
            "confidence": score.confidence,
            "truth": truth,
        }
        for score, truth in answers
    ]
    return Call("POST", "feedback", json.dumps({"feedback": feedback}).encode(), may_repeat=False)


def models_call() -> Call:
    """Return the request for the models that are loaded."""
    return Call("GET", "models")
