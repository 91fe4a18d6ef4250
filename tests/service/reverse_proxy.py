"""A proxy that serves the service under a prefix, and takes the prefix off or leaves it on.

It can refuse requests as a busy service does, in an order that a test chooses.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

PREFIX = "/sentiment"
HOP_HEADERS = {"connection", "content-length", "date", "server", "transfer-encoding"}


class Refusals:
    """What requests to a route are answered with in place of the service's answer, each once, in order."""

    def __init__(self, answers: list[tuple[int, str]], *, route: str, first: int = 1) -> None:
        """Take statuses with their Retry-After; the request of the number `first`, from 1, gets the first."""
        self._answers = list(answers)
        self._route = route
        self._num_before = first - 1
        self._lock = threading.Lock()

    @property
    def num_left(self) -> int:
        """How many have not been given."""
        return len(self._answers)

    def next(self, path: str) -> tuple[int, str] | None:
        """Return what a request is answered with, or None if it is to be passed on."""
        with self._lock:
            if path.partition("?")[0] != self._route:
                return None
            if self._num_before:
                self._num_before -= 1
                return None
            return self._answers.pop(0) if self._answers else None


@contextmanager
def behind(url: str, *, strips: bool, refusals: Refusals | None = None) -> Iterator[str]:
    """Run a proxy before a service; yields the address under which it serves the service's root."""
    with httpx.Client(base_url=url, timeout=60) as client:

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self) -> None:
                if self.path != PREFIX and not self.path.startswith(f"{PREFIX}/"):
                    self.send_error(404)
                    return
                path = self.path.removeprefix(PREFIX) or "/" if strips else self.path
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                refusal = None if refusals is None else refusals.next(self.path.removeprefix(PREFIX))
                if refusal is not None:
                    self.answer(refusal[0], [("Retry-After", refusal[1])], b"{}")
                    return
                headers = [(name, value) for name, value in self.headers.items() if name.lower() != "host"]
                request = client.build_request(self.command, path, headers=headers, content=body)
                response = client.send(request, stream=True)
                content = b"".join(response.iter_raw())
                kept = [each for each in response.headers.multi_items() if each[0] not in HOP_HEADERS]
                self.answer(response.status_code, kept, content)

            def answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_HEAD = do_POST = forward

            def log_message(self, *arguments: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
