"""The page at `/docs`, with its own script and style, since many services run without internet access."""

import base64
import hashlib
import re
from importlib.resources import as_file, files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

__all__ = ["ASSETS_ROUTE", "install"]

ASSETS_ROUTE = "/assets/{path:path}"
_ASSETS = "/assets"


def install(app: FastAPI, root_path: str) -> None:
    """Add the page and its files to the application; `root_path` is the prefix of its addresses."""
    with as_file(files("fastapi_offline") / "static") as folder:
        app.mount(_ASSETS, StaticFiles(directory=folder))
    content = _content(app.title, root_path)
    headers = {"Content-Security-Policy": _policy(content), "X-Content-Type-Options": "nosniff"}

    async def page(request: Request) -> Response:  # noqa: ARG001  # as starlette calls it
        return Response(content, headers=headers, media_type="text/html; charset=utf-8")

    app.add_route("/docs", page, include_in_schema=False)


def _content(title: str, root_path: str) -> bytes:
    page = get_swagger_ui_html(
        openapi_url=f"{root_path}/openapi.json",
        title=title,
        swagger_js_url=f"{root_path}{_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{root_path}{_ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{root_path}{_ASSETS}/favicon.png",
    )
    return bytes(page.body)


def _policy(page: bytes) -> str:
    """Return the Content-Security-Policy that lets this page run its own script, and no other."""
    scripts = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(each).digest()).decode()}'" for each in scripts]
    return (
        f"default-src 'self'; script-src 'self' {' '.join(hashes)}; img-src 'self' data:; "
        "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
