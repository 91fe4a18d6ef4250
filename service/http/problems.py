"""Every error in one shape: RFC 9457 `application/problem+json`, or the one of the request's dialect."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from service.errors import (
    ApiError,
    BadRequest,
    FieldError,
    Internal,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
)
from service.http.dialect import ErrorForm, dialect_of
from service.schemas.problem import Problem
from service.schemas.validation import location
from service.telemetry.logs import REQUEST_ID

__all__ = ["PROBLEM", "error_response", "install"]


def install(app: FastAPI, *, methods: Callable[[str], Sequence[str]]) -> None:
    """Answer every error of the application and of its router in its shape.

    `methods` returns those that a path takes: several routes may have the same path, and the router's own
    error knows one of them.

    An exception that nobody expected is answered here too, and goes on to `middleware.py`, which logs it.
    """
    for kind in (ApiError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, partial(handle, methods=methods))


async def handle(request: Request, error: Exception, *, methods: Callable[[str], Sequence[str]]) -> Response:
    """Return the response to an exception."""
    return error_response(_as_api_error(error, methods(request.scope["path"])), request.scope)


def error_response(error: ApiError, scope: Scope) -> Response:
    """Return the response to an error within a request."""
    dialect = dialect_of(scope)
    form = PROBLEM if dialect is None else dialect.errors
    return JSONResponse(
        form.content(error, REQUEST_ID.get() or ""),
        status_code=error.status,
        headers=dict(error.headers),
        media_type=form.media_type,
    )


def _problem(error: ApiError, request_id: str) -> dict[str, Any]:
    problem = Problem(
        type=f"urn:problem-type:sentiment:{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        request_id=request_id,
    )
    content: dict[str, Any] = problem.model_dump(exclude_none=True)
    if error.errors:
        content["errors"] = [asdict(field) for field in error.errors]
    return content


PROBLEM = ErrorForm(media_type="application/problem+json", schema=Problem, content=_problem)
"""The shape of errors of the service's own API."""


def _as_api_error(error: Exception, methods: Sequence[str]) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, RequestValidationError):  # of a path or a query; `schemas.py` parses bodies
        fields = [FieldError(location(problem["loc"]), "is not valid") for problem in error.errors()]
        return InvalidRequest("The address breaks a rule; see errors.", errors=fields)
    if not isinstance(error, HTTPException):
        return Internal()
    if error.status_code == NotFound.status:
        return NotFound("There is nothing at this address; /docs lists what there is.")
    if error.status_code == MethodNotAllowed.status:
        return MethodNotAllowed(", ".join(methods))
    return BadRequest("The request cannot be understood.") if error.status_code < 500 else Internal()
