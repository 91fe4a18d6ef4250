"""GET /models/{version}/report/{file}: the pictures and the page that a version was published with."""

from functools import partial
from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from model_store import Manifest
from service.errors import InvalidRequest, NotFound, StoreUnreadable
from service.http.openapi import problems
from service.routes.stored import from_store
from service.runtime.state import state_of
from service.schemas.models import REPORT_FOLDER

__all__ = ["router"]

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
}
"""By the ending of a name; everything else is a file to save."""
OTHER = "application/octet-stream"
# A report holds its pictures and style in itself. Whoever published it may draw, and run nothing.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {media_type: {} for media_type in (*MEDIA_TYPES.values(), OTHER)}}
}

router = APIRouter(tags=["operations"])


@router.get(
    "/models/{version}/report/{file}",
    summary="A file of a model's report",
    response_class=Response,
    responses=_ANSWER | problems(NotFound, InvalidRequest, StoreUnreadable),
)
async def report(
    request: Request,
    version: Annotated[int, Path(ge=1, description="Its number.")],
    file: Annotated[str, Path(description="A name in `report` of GET /models.")],
) -> Response:
    """Return a file that the version's manifest lists, if its bytes are those that were published."""
    versions = state_of(request).lifecycle.versions
    manifest = None if versions is None else versions.manifest(version)
    # The name is compared with those of the manifest, and is never a path by itself.
    name = f"{REPORT_FOLDER}{file}"
    if versions is None or manifest is None or name not in manifest.files:
        raise NotFound("No loaded model has this file; `report` in /models lists those that there are.")
    content = await from_store(partial(versions.read_file, manifest, name))
    return Response(content, headers=_headers(manifest, name), media_type=_media_type(name))


def _media_type(name: str) -> str:
    return MEDIA_TYPES.get(PurePosixPath(name).suffix.lower(), OTHER)


def _headers(manifest: Manifest, name: str) -> dict[str, str]:
    headers = {
        "Cache-Control": "private, max-age=86400, immutable",  # a version never changes
        "Content-Security-Policy": POLICY,
        "ETag": f'"{manifest.files[name].sha256}"',
        "X-Content-Type-Options": "nosniff",
    }
    if _media_type(name) == OTHER:
        headers["Content-Disposition"] = "attachment"
    return headers
