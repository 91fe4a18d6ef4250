"""What clients send to a service, and what they expect of its answers."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import httpx


def post(client: httpx.Client, *reviews: str) -> list[dict[str, Any]]:
    """Return the predictions of reviews."""
    response = client.post("/predict", json={"reviews": reviews}).raise_for_status()
    predictions: list[dict[str, Any]] = response.json()["predictions"]
    return predictions


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check the shape that all errors share, and return the problem."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    content: dict[str, Any] = response.json()
    assert content.keys() - {"errors"} == {"type", "title", "status", "detail", "code", "request_id"}
    assert (content["status"], content["code"]) == (status, code)
    assert content["type"] == f"urn:problem-type:sentiment:{code}"
    assert content["request_id"] == response.headers["x-request-id"]
    assert content["title"]
    assert content["detail"].endswith(".")
    return content


@contextmanager
def connect(url: str) -> Iterator[tuple[socket.socket, BinaryIO]]:
    """Yield a connection to a service, and its answers as a file."""
    address = httpx.URL(url)
    with (
        socket.create_connection((address.host, address.port or 80), timeout=60) as connection,
        connection.makefile("rb") as answers,
    ):
        yield connection, answers


def get_as_spelled(url: str, path: str) -> bytes:
    """Return the response to a GET of a path that a client would tidy up before it sends it."""
    with connect(url) as (connection, answers):
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
        return receive(answers)


def head(length: int, *more: str) -> bytes:
    """Return the head of a prediction with any Content-Length, and more headers."""
    lines = (
        "POST /predict HTTP/1.1",
        "Host: test",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    )
    return "\r\n".join([*lines, *more, "", ""]).encode()


def receive(answers: BinaryIO) -> bytes:
    """Read one response, head and body, and no byte of the next."""
    front = b""
    while not front.endswith(b"\r\n\r\n"):
        line = answers.readline()
        assert line, "the connection was closed"
        front += line
    length = next(line.split(b":")[1] for line in front.splitlines() if line.startswith(b"content-length"))
    return front + answers.read(int(length))
