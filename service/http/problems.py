"""Every error in one shape: RFC 9457 `application/problem+json`."""

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.errors import (
    ApiError,
    BadRequest,
    FieldError,
    Internal,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
)
from service.schemas.problem import Problem
from service.schemas.validation import location
from service.telemetry.logs import REQUEST_ID

__all__ = ["MEDIA_TYPE", "install", "problem_response"]

MEDIA_TYPE = "application/problem+json"


class ProblemResponse(JSONResponse):
    """A problem document."""

    media_type = MEDIA_TYPE


def install(app: FastAPI) -> None:
    """Answer every error of the application and of its router with a problem document.

    An exception that nobody expected is answered here too, and goes on to `middleware.py`, which logs it.
    """
    for kind in (ApiError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, handle)


async def handle(request: Request, error: Exception) -> Response:  # noqa: ARG001  # starlette's signature
    """Return the response to an exception."""
    return problem_response(_as_api_error(error))


def problem_response(error: ApiError) -> Response:
    """Return the response to an error within a request."""
    problem = Problem(
        type=f"urn:problem-type:sentiment:{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        request_id=REQUEST_ID.get() or "",
    )
    content: dict[str, Any] = problem.model_dump(exclude_none=True)
    if error.errors:
        content["errors"] = [asdict(field) for field in error.errors]
    return ProblemResponse(content, status_code=error.status, headers=dict(error.headers))


def _as_api_error(error: Exception) -> ApiError:
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
        allow = (error.headers or {}).get("Allow", "")
        return MethodNotAllowed("GET, HEAD" if allow == "GET" else allow)
    return BadRequest("The request cannot be understood.") if error.status_code < 500 else Internal()
