"""The requests and answers of each server."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["PLAIN", "TORCHSERVE", "V2", "Probabilities", "ProtocolAdapter", "bare_list"]

Probabilities = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolAdapter:
    """How a server is asked, and how its answers are read."""

    path: str
    to_json: Callable[[Sequence[str]], Any]
    from_json: Callable[[Any], list[Probabilities]]
    deadline_header: str | None = None
    """Header for the client's deadline in milliseconds, if the server has one."""

    def request(self, reviews: Sequence[str], *, port: int, deadline_ms: int | None = None) -> bytes:
        """Return a whole HTTP/1.1 request for these reviews."""
        body = json.dumps(self.to_json(reviews), ensure_ascii=False).encode()
        lines = [
            f"POST {self.path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        if self.deadline_header and deadline_ms is not None:
            lines.append(f"{self.deadline_header}: {deadline_ms}")
        return "\r\n".join([*lines, "", ""]).encode() + body

    def answer(self, body: bytes) -> list[Probabilities]:
        """Return the probabilities of each review; raises KeyError, TypeError or ValueError otherwise."""
        return self.from_json(json.loads(body))


def _reviews(reviews: Sequence[str]) -> Any:  # noqa: ANN401  # any JSON value
    return {"reviews": list(reviews)}


def bare_list(predictions: Any) -> list[Probabilities]:  # noqa: ANN401  # any JSON value
    """Return the probabilities of a list of predictions."""
    return [prediction["probabilities"] for prediction in predictions]


def _predictions(answer: Any) -> list[Probabilities]:  # noqa: ANN401  # any JSON value
    return bare_list(answer["predictions"])


def _v2_request(reviews: Sequence[str]) -> Any:  # noqa: ANN401  # any JSON value
    return {
        "inputs": [
            {"name": "reviews", "shape": [len(reviews), 1], "datatype": "BYTES", "data": list(reviews)}
        ]
    }


def _v2_answer(answer: Any) -> list[Probabilities]:  # noqa: ANN401  # any JSON value
    columns = {output["name"]: output["data"] for output in answer["outputs"] if output["name"] != "label"}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


PLAIN = ProtocolAdapter(path="/predict", to_json=_reviews, from_json=_predictions)
V2 = ProtocolAdapter(path="/v2/models/sentiment/infer", to_json=_v2_request, from_json=_v2_answer)
TORCHSERVE = ProtocolAdapter(path="/predictions/sentiment", to_json=_reviews, from_json=_predictions)
