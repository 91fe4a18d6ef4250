"""The OpenAPI document: what FastAPI finds by itself, plus errors, headers and limits."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.errors import ApiError, HeaderTooLarge, RequestTimeout, Unauthorized
from service.http.dialect import ErrorForm
from service.http.guard import KEY_HEADER, is_open
from service.http.problems import PROBLEM
from service.schemas.explanation import MAX_REVIEWS, ExplainRequest
from service.schemas.feedback import FeedbackRequest
from service.schemas.prediction import PredictRequest
from service.schemas.stream import LineAnswer, LineRequest, StreamEnd
from service.settings import Settings
from service.telemetry.request_metrics import Endpoint

__all__ = [
    "BodySchema",
    "Document",
    "build_document",
    "content_of",
    "endpoints",
    "lines_response",
    "parameters",
    "problems",
    "request_body",
]

Document = dict[str, Any]
BodySchema = tuple[type[BaseModel], Literal["validation", "serialization"]]
"""A schema of bodies that FastAPI does not find in the routes, and whether they come in or go out."""

_SCHEMAS = "#/components/schemas/"
_REQUEST_ID = {
    "description": "The id of the request: the client's own, if it sent a safe one, else a new one.",
    "schema": {"type": "string"},
}
_RETRY_AFTER = {"description": "Seconds to wait before the next try.", "schema": {"type": "integer"}}


def problems(
    *kinds: type[ApiError], forms: Sequence[ErrorForm] = (PROBLEM,)
) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer with these errors, each in one of these forms."""
    return _responses(kinds, {form.media_type: content_of(form.schema) for form in forms})


def request_body(*schemas: type[BaseModel], media_type: str = "application/json") -> dict[str, Any]:
    """Return the `openapi_extra` of a route that parses its body itself, which fits one of the schemas."""
    return {"requestBody": {"required": True, "content": {media_type: content_of(*schemas)}}}


def content_of(*schemas: type[BaseModel]) -> dict[str, Any]:
    """Return a media type's entry under `content`: a body that fits one of the schemas."""
    references = [{"$ref": _SCHEMAS + schema.__name__} for schema in schemas]
    return {"schema": references[0] if len(references) == 1 else {"anyOf": references}}


def lines_response(media_type: str, *schemas: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route whose answer has one of these on each line."""
    references = [{"$ref": _SCHEMAS + schema.__name__} for schema in schemas]
    # The type is there for FastAPI, which would add that it is a string.
    return {200: {"content": {media_type: {"schema": {"type": "object", "anyOf": references}}}}}


def parameters(*each: tuple[str, str, str, dict[str, Any]]) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that reads headers and its query itself.

    Takes for each where it is ("header" or "query"), its name, its description and its schema.
    """
    names = ("in", "name", "description", "schema")
    return {"parameters": [dict(zip(names, one, strict=True)) for one in each]}


def build_document(
    app: FastAPI, settings: Settings, schemas: Sequence[BodySchema] = (), *, needs_api_key: bool
) -> Document:
    """Return the whole document, as it is of a service with these settings and more schemas of bodies."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        servers=[{"url": settings.root_path}] if settings.root_path else None,
    )
    _add_schemas(document, schemas)
    _add_limits(document, settings)
    _add_refusals(document)
    if needs_api_key:
        _add_keys(document)
    for operation in _operations(document):
        for response in operation["responses"].values():
            response.setdefault("headers", {})["X-Request-ID"] = _REQUEST_ID
    return document


def endpoints(document: Document) -> list[Endpoint]:
    """Return every route and method of the document, with the statuses that it declares."""
    return [
        Endpoint(route, method.upper(), tuple(map(int, operation["responses"])))
        for route, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def _responses(
    kinds: Sequence[type[ApiError]], content: Mapping[str, dict[str, Any]]
) -> dict[int | str, dict[str, Any]]:
    return {
        status: _response([k for k in kinds if k.status == status], content)
        for status in sorted({k.status for k in kinds})
    }


def _response(kinds: list[type[ApiError]], content: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    status = HTTPStatus(kinds[0].status)
    codes = "; ".join(f"`{kind.code}`: {(kind.__doc__ or '').strip()}" for kind in kinds)
    response: dict[str, Any] = {
        "description": f"{status.phrase}. {codes}",
        "content": dict(content),
    }
    if any("Retry-After" in kind.headers for kind in kinds):
        response["headers"] = {"Retry-After": _RETRY_AFTER}
    return response


def _add_schemas(document: Document, more: Sequence[BodySchema]) -> None:
    """Add the schemas that FastAPI does not find in the routes."""
    _, schemas = models_json_schema(
        [
            (PredictRequest, "validation"),
            (ExplainRequest, "validation"),
            (FeedbackRequest, "validation"),
            (LineRequest, "validation"),
            (LineAnswer, "serialization"),
            (StreamEnd, "serialization"),
            (PROBLEM.schema, "serialization"),
            *more,
        ],
        ref_template=_SCHEMAS + "{model}",
    )
    document["components"]["schemas"] |= schemas["$defs"]


def _add_limits(document: Document, settings: Settings) -> None:
    schemas, limit = document["components"]["schemas"], settings.max_reviews_per_request
    schemas[FeedbackRequest.__name__]["properties"]["feedback"]["maxItems"] = limit
    for schema, max_reviews in ((PredictRequest, limit), (ExplainRequest, min(limit, MAX_REVIEWS))):
        reviews = schemas[schema.__name__]["properties"]["reviews"]
        reviews["maxItems"] = max_reviews
        reviews["items"]["maxLength"] = settings.max_review_characters
    schemas[LineRequest.__name__]["properties"]["review"]["maxLength"] = settings.max_review_characters


def _add_refusals(document: Document) -> None:
    """Add the errors that a request may get before its route is found."""
    for operation in _operations(document):
        _add_problems(operation, HeaderTooLarge)
        if "requestBody" in operation:
            _add_problems(operation, RequestTimeout)


def _add_keys(document: Document) -> None:
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer KEY`"},
        "header": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
    }
    for route, methods in document["paths"].items():
        for method, operation in methods.items():
            if not is_open(method.upper(), route):
                operation["security"] = [{"bearer": []}, {"header": []}]
                _add_problems(operation, Unauthorized)


def _add_problems(operation: dict[str, Any], *kinds: type[ApiError]) -> None:
    """Add errors in the form of those that the operation declares itself, if any."""
    declared = operation["responses"]
    own = [response["content"] for status, response in sorted(declared.items()) if status >= "400"]
    content = own[0] if own else {PROBLEM.media_type: content_of(PROBLEM.schema)}
    declared |= {str(status): response for status, response in _responses(kinds, content).items()}


def _operations(document: Document) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()
