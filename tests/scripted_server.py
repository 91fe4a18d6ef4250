"""A server that gives answers from a list, whatever it is asked: for what a service seldom does."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["answered", "scripted", "silent"]


@contextmanager
def scripted(*answers: tuple[int, dict[str, str], object]) -> Iterator[tuple[str, list[bytes]]]:
    """Run a server that gives these answers, one a connection; yields its URL and the heads it was sent."""
    heads = list[bytes]()

    def run(listener: socket.socket) -> None:
        for status, headers, content in answers:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as stream:
                head = b"".join(iter(stream.readline, b"\r\n"))
                heads.append(head)
                length = next(
                    int(line.split(b":")[1])
                    for line in head.splitlines()
                    if line.lower().startswith(b"content-length")
                )
                stream.read(length)
                body = json.dumps(content).encode()
                lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
                lines += [f"{name}: {value}" for name, value in headers.items()]
                connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/at", heads
        thread.join()


def answered(version: int) -> tuple[int, dict[str, str], object]:
    """Return an answer by a version."""
    prediction = {
        "label": "positive",
        "confidence": 0.9,
        "probabilities": {"negative": 0.1, "positive": 0.9},
        "tokens": 2,
        "truncated": False,
        "unknown_ratio": 0.0,
    }
    return 200, {}, {"model": {"name": "reviews", "version": version}, "predictions": [prediction]}


@contextmanager
def silent() -> Iterator[tuple[str, list[bytes]]]:
    """Run a server that reads what it gets and closes the connection; yields its URL and what it was sent."""
    taken = list[bytes]()

    def run(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                taken.append(connection.recv(2**16))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", taken
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
