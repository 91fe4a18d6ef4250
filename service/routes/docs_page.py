"""The page at `/docs`, with its own script and style, since many services run without internet access."""

from importlib.resources import as_file, files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

__all__ = ["ASSETS_ROUTE", "install"]

ASSETS_ROUTE = "/assets/{path:path}"
_ASSETS = "/assets"


def install(app: FastAPI) -> None:
    """Add the page and its files to the application."""
    with as_file(files("fastapi_offline") / "static") as folder:
        app.mount(_ASSETS, StaticFiles(directory=folder))
    app.add_route("/docs", page, include_in_schema=False)


async def page(request: Request) -> Response:
    """Return the page."""
    base = request.scope.get("root_path", "")
    return get_swagger_ui_html(
        openapi_url=f"{base}/openapi.json",
        title=request.app.title,
        swagger_js_url=f"{base}{_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{base}{_ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{base}{_ASSETS}/favicon.png",
    )
