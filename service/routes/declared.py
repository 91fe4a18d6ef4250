"""What the OpenAPI document says of every route that reviews are sent to."""

from service.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    Draining,
    InferenceFailed,
    InvalidRequest,
    MalformedJson,
    NotFound,
    NotReady,
    Overloaded,
    UnsupportedMediaType,
)
from service.http.deadline import MAX_TIMEOUT_MS, TIMEOUT_HEADER
from service.http.openapi import parameters, problems
from service.routes.choice import ROUTE_KEY_HEADER, VERSION_PARAMETER

__all__ = ["ERRORS", "HEADERS", "PARAMETERS", "PROBLEMS", "VERSION"]

ERRORS = (
    MalformedJson,
    BodyTooLarge,
    UnsupportedMediaType,
    InvalidRequest,
    Overloaded,
    InferenceFailed,
    NotReady,
    Draining,
    DeadlineExceeded,
    NotFound,
)
PROBLEMS = problems(*ERRORS)

HEADERS = (
    (
        "header",
        TIMEOUT_HEADER,
        "Milliseconds from now in which the answer is of use; the service may have a shorter default.",
        {"type": "integer", "minimum": 1, "maximum": MAX_TIMEOUT_MS},
    ),
    (
        "header",
        ROUTE_KEY_HEADER,
        "Requests with the same key get the same version while two are tried; else those with one body.",
        {"type": "string"},
    ),
)
VERSION = (
    "query",
    VERSION_PARAMETER,
    "The version that is to answer, if it is loaded: its number, or `candidate`.",
    {"type": "string", "pattern": "^([1-9][0-9]{0,8}|candidate)$"},
)
PARAMETERS = parameters(*HEADERS, VERSION)
