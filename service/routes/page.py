"""The page at `/`: files that never change while the service runs, each in memory, plain and compressed."""

import gzip
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

__all__ = ["FILES", "POLICY", "install"]

FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""The file behind each route, in `service/page`, with its media type."""

POLICY = (
    "default-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
"""The Content-Security-Policy: nothing from elsewhere, and no text that becomes HTML."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",  # a browser keeps it, and asks whether it is still the same
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """A file of the page, as it is sent."""

    content: bytes
    compressed: bytes
    media_type: str
    etag: str

    async def answer(self, request: Request) -> Response:
        """Return the file, or 304 when the browser has it already."""
        headers = {**_HEADERS, "ETag": self.etag}
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self.content, headers=headers, media_type=self.media_type)
        headers["Content-Encoding"] = "gzip"
        return Response(self.compressed, headers=headers, media_type=self.media_type)


def install(app: FastAPI, root_path: str) -> None:
    """Add the page to the application; `root_path` is the prefix that its proxy serves it under."""
    for route, (name, media_type) in FILES.items():
        content = (files("service") / "page" / name).read_bytes()
        if route == "/":
            content = _with_base(content, root_path)
        app.add_route(route, _function(_file(content, media_type)), include_in_schema=False)


def _with_base(page: bytes, root_path: str) -> bytes:
    """Let relative addresses begin at the prefix, also where the page's own address lacks the last slash."""
    mark = b'<meta charset="utf-8">'
    return page.replace(mark, mark + f'\n<base href="{root_path}/">'.encode(), 1) if root_path else page


def _file(content: bytes, media_type: str) -> PageFile:
    return PageFile(
        content=content,
        compressed=gzip.compress(content, mtime=0),
        media_type=media_type,
        # Weak, since the compressed bytes have the same.
        etag=f'W/"{hashlib.sha256(content).hexdigest()[:32]}"',
    )


def _function(file: PageFile) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        return await file.answer(request)

    return page
