"""Serving behind a prefix, as in `/sentiment/predict`, whether the proxy takes it off or not."""

from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["RootPath"]


class RootPath:
    """Pure ASGI, the outermost layer: everything behind it sees paths without the prefix.

    So guard, fast path, metrics and routes compare the same paths in every deployment. `root_path` of the
    scope is empty: by the ASGI specification it would have to be the beginning of `path`.
    """

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        """Take a prefix as in "/sentiment"."""
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] == "http" and (path := self._without_prefix(scope["path"])) is not None:
            scope = {**scope, "path": path, "root_path": ""}
        await self._app(scope, receive, send)

    def _without_prefix(self, path: str) -> str | None:
        """Return the rest of a path behind the prefix, or None for a path without it."""
        if not path.startswith(self._prefix):
            return None
        rest = path.removeprefix(self._prefix)
        if not rest:
            return "/"
        return rest if rest.startswith("/") else None
