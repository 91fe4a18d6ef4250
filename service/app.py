"""Putting the parts of the service together."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib import metadata
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from service.capture.capture import Capture, CaptureShare
from service.capture.part_folder import PartFolder, UnsafeFolder
from service.http import problems
from service.http.api_keys import read_admin_keys, read_api_keys
from service.http.dialect import DialectFinder
from service.http.fast_path import FastPath
from service.http.guard import Guard, Keys
from service.http.middleware import RequestMiddleware, RouteTable
from service.http.openapi import Document, build_document, endpoints
from service.http.root_path import RootPath
from service.routes import (
    admin,
    docs_page,
    explain,
    feedback,
    operations,
    page,
    predict,
    report,
    status,
    stream,
)
from service.routes.dialects.table import find_dialect, routers, schemas
from service.runtime.explanations import Explanations
from service.runtime.lifecycle import Lifecycle
from service.runtime.loading import Loader, load_version
from service.runtime.state import State
from service.settings import PREFIX, InvalidSetting, Settings
from service.telemetry.metrics import Metrics
from service.telemetry.request_metrics import Endpoint

__all__ = ["Service", "create_app"]

DESCRIPTION = """
Sentiment of reviews, with calibrated probabilities. Every error is an RFC 9457 problem document with a stable
`code`, and every response has an `X-Request-ID`.
""".strip()

# Pages that are not in the OpenAPI document.
PAGES = tuple(
    Endpoint(route, "GET", statuses)
    for route, statuses in (
        *((route, (200, 304)) for route in page.FILES),
        *((route, (200,)) for route in ("/docs", docs_page.ASSETS_ROUTE, "/openapi.json")),
    )
)


class Service(FastAPI):
    """FastAPI with a more complete OpenAPI document."""

    def __init__(self, settings: Settings, *, needs_api_key: bool) -> None:
        super().__init__(
            title="Sentiment service",
            version=metadata.version("sentiment-service"),
            description=DESCRIPTION,
            lifespan=_lifespan,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
        )
        self.layers: ASGIApp = super().__call__
        """What a request comes to first. FastAPI would put what `add_middleware` adds behind its own."""
        self._settings = settings
        self._needs_api_key = needs_api_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request, through the layers of `layers` first."""
        scope["app"] = self
        await self.layers(scope, receive, send)

    def openapi(self) -> Document:
        """Return the OpenAPI document; it is made once."""
        if self.openapi_schema is None:
            self.openapi_schema = build_document(
                self,
                self._settings,
                schemas(self._settings.dialects),
                needs_api_key=self._needs_api_key,
            )
        return self.openapi_schema


def create_app(settings: Settings, *, load: Loader = load_version, url: str | None = None) -> Service:
    """Return the application, which loads its model when a server starts it. Raises InvalidSetting.

    `load` replaces the function that loads the model; `url` is where the server can be reached, for the log.
    """
    keys = Keys(client=read_api_keys(settings), admin=read_admin_keys(settings))
    needs_api_key = len(keys.client) > 0
    app = Service(settings, needs_api_key=needs_api_key)
    app.include_router(predict.router)
    app.include_router(stream.router)
    app.include_router(explain.router)
    app.include_router(feedback.router)
    app.include_router(operations.router)
    app.include_router(report.router)
    app.include_router(status.router)
    if keys.admin:
        app.include_router(admin.router)
    for router in routers(settings.dialects):
        app.include_router(router)
    root_path = settings.root_path or ""
    page.install(app, root_path)
    docs_page.install(app, root_path)
    known = [*endpoints(app.openapi()), *PAGES]
    routes = RouteTable(known)
    problems.install(app, methods=routes.methods)
    metrics = Metrics(known)
    lifecycle = Lifecycle(settings, metrics, load=load, url=url)
    app.state.service = State(
        settings=settings,
        metrics=metrics,
        lifecycle=lifecycle,
        explanations=Explanations(metrics, max_forwards=settings.max_explain_forwards),
        needs_api_key=needs_api_key,
        capture=_capture(settings, metrics),
    )
    _check_root_path(root_path, [endpoint.route for endpoint in known])
    app.layers = FastPath(app.layers, method="POST", path=predict.PATH, function=predict.predict)
    app.layers = Guard(app.layers, keys=keys, metrics=metrics, settings=settings)
    app.layers = RequestMiddleware(app.layers, metrics=metrics, routes=routes)
    if settings.dialects:
        app.layers = DialectFinder(app.layers, find=partial(find_dialect, enabled=settings.dialects))
    if root_path:
        app.layers = RootPath(app.layers, prefix=root_path)
    return app


def _check_root_path(root_path: str, routes: Sequence[str]) -> None:
    """Raise InvalidSetting for a prefix that paths of the service begin with themselves."""
    if root_path and any(f"{route}/".startswith(f"{root_path}/") for route in routes):
        raise InvalidSetting(
            f"{PREFIX}ROOT_PATH: must not be the beginning of an address of the service, as {root_path} is"
        )


def _capture(settings: Settings, metrics: Metrics) -> Capture | None:
    if settings.capture_folder is None:
        return None
    try:
        folder = PartFolder(
            Path(settings.capture_folder),
            max_bytes=settings.capture_max_mib * 1024**2,
            max_days=settings.capture_max_days,
        )
    except UnsafeFolder as error:
        raise InvalidSetting(f"SENTIMENT_CAPTURE_FOLDER: {error}") from error
    share = CaptureShare(
        ratio=settings.capture_percent / 100, below_confidence=settings.capture_below_confidence
    )
    return Capture(folder, share, metrics)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: State = app.state.service
    state.lifecycle.start()
    if state.capture is not None:
        state.capture.start()
    try:
        yield
    finally:
        await state.lifecycle.close()
        if state.capture is not None:
            state.capture.close()
