"""A proxy that serves the service under a prefix, and takes the prefix off or leaves it on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

PREFIX = "/sentiment"
HOP_HEADERS = {"connection", "content-length", "date", "server", "transfer-encoding"}


@contextmanager
def behind(url: str, *, strips: bool) -> Iterator[str]:
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
                headers = [(name, value) for name, value in self.headers.items() if name.lower() != "host"]
                request = client.build_request(self.command, path, headers=headers, content=body)
                response = client.send(request, stream=True)
                content = b"".join(response.iter_raw())
                self.send_response(response.status_code)
                for name, value in response.headers.multi_items():
                    if name not in HOP_HEADERS:
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
