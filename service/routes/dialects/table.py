"""Which dialects there are, and which of them a request speaks."""

from collections.abc import Collection, Iterator

from fastapi import APIRouter
from starlette.types import Scope

from service.http.dialect import Dialect
from service.http.openapi import BodySchema
from service.routes.dialects import classify, comprehend, huggingface, oip
from service.routes.dialects.root import PATH, root_dialect, root_router
from service.settings import DialectName

__all__ = ["find_dialect", "routers", "schemas"]

_SCHEMAS: dict[DialectName, tuple[BodySchema, ...]] = {
    "comprehend": comprehend.SCHEMAS,
    "huggingface": huggingface.SCHEMAS,
    "classify": classify.SCHEMAS,
    "oip": oip.SCHEMAS,
}


def routers(enabled: Collection[DialectName]) -> Iterator[APIRouter]:
    """Yield the routes of the enabled dialects."""
    if not {"comprehend", "huggingface"}.isdisjoint(enabled):
        yield root_router(enabled)
    if "classify" in enabled:
        yield classify.router
    if "oip" in enabled:
        yield oip.router


def schemas(enabled: Collection[DialectName]) -> list[BodySchema]:
    """Return the schemas of their bodies that FastAPI does not find in the routes."""
    return [schema for name in enabled for schema in _SCHEMAS[name]]


def find_dialect(scope: Scope, *, enabled: Collection[DialectName]) -> Dialect | None:
    """Return the dialect of a request, also of one that no route answers, since its error has a form too."""
    path: str = scope["path"]
    if path == PATH:
        return root_dialect(scope, enabled) if scope["method"] == "POST" else None
    if path in classify.PATHS:
        return classify.DIALECT if "classify" in enabled else None
    if path == oip.FOLDER or path.startswith(f"{oip.FOLDER}/"):
        return oip.DIALECT if "oip" in enabled else None
    return None
