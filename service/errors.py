"""What can go wrong, as HTTP. Each class has a status and a stable code; all make the same JSON shape.

SentimentError (sentiment.errors)
├── CannotListen                  the address is in use or not ours
├── UnfitVersion                  a version may not answer here: other labels, or too large
└── ApiError
    ├── Rejection                 a request is refused before it costs any compute
    │   ├── MalformedJson         400 malformed_json
    │   ├── Unauthorized          401 unauthorized
    │   ├── BodyTooLarge          413 body_too_large
    │   ├── UnsupportedMediaType  415 unsupported_media_type
    │   ├── InvalidRequest        422 invalid_request
    │   ├── Overloaded            429 overloaded
    │   ├── HeaderTooLarge        431 header_too_large
    │   ├── NotReady              503 not_ready
    │   └── Draining              503 draining
    ├── NotFound                  404 not_found
    ├── MethodNotAllowed          405 method_not_allowed
    ├── RequestTimeout            408 request_timeout
    ├── BadRequest                4xx bad_request, any other error of the client that a library finds
    │   └── AmbiguousLength       400 bad_request
    ├── InferenceFailed           500 inference_failed
    ├── Internal                  500 internal
    ├── StoreUnreadable           503 store_unreadable
    ├── TooManyConnections        503 too_many_connections
    ├── Unhealthy                 503 unhealthy
    └── DeadlineExceeded          504 deadline_exceeded
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar

from sentiment import Prediction, SentimentError

__all__ = [
    "AmbiguousLength",
    "ApiError",
    "BadRequest",
    "BodyTooLarge",
    "CannotListen",
    "DeadlineExceeded",
    "Draining",
    "FieldError",
    "HeaderTooLarge",
    "InferenceFailed",
    "Internal",
    "InvalidRequest",
    "Limit",
    "MalformedJson",
    "MethodNotAllowed",
    "NotFound",
    "NotReady",
    "Overloaded",
    "Rejection",
    "RequestTimeout",
    "StoreUnreadable",
    "TooManyConnections",
    "Unauthorized",
    "UnfitVersion",
    "Unhealthy",
    "UnsupportedMediaType",
]

RETRY_AFTER_SECONDS = 1


class CannotListen(SentimentError):
    """The service cannot listen where it should; the text names the address and the setting."""


class UnfitVersion(SentimentError):
    """A version may not answer in this service; the text says why."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong in one part of the body."""

    location: str
    """For example "reviews[3]"; "body" for the whole."""
    message: str


class ApiError(SentimentError):
    """An error that is sent to a client. Its detail is written for clients; it never quotes an exception."""

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]
    headers: Mapping[str, str] = {}

    def __init__(self, detail: str, *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class Rejection(ApiError):
    """A request is refused before it costs any compute."""


class MalformedJson(Rejection):
    """The body is not UTF-8, or not JSON as RFC 8259 defines it."""

    status = 400
    code = "malformed_json"
    title = "The body is not valid JSON"


class Unauthorized(Rejection):
    """The service has API keys, and the request has none of them."""

    status = 401
    code = "unauthorized"
    title = "An API key is needed"
    headers: Mapping[str, str] = {"WWW-Authenticate": "Bearer"}

    def __init__(self) -> None:
        super().__init__("Send one of the service's API keys in the header Authorization: Bearer KEY.")


class BodyTooLarge(Rejection):
    """The body is over MAX_BODY_BYTES."""

    status = 413
    code = "body_too_large"
    title = "The body is too large"


class UnsupportedMediaType(Rejection):
    """The body is declared as something other than plain UTF-8 JSON."""

    status = 415
    code = "unsupported_media_type"
    title = "The media type is not supported"


class Limit(Enum):
    """What a request can have too much of."""

    REVIEWS = auto()
    CHARACTERS = auto()


class InvalidRequest(Rejection):
    """The body is JSON, but breaks a rule of the schema; `errors` says where."""

    status = 422
    code = "invalid_request"
    title = "The request is not valid"

    def __init__(
        self, detail: str, *, errors: Sequence[FieldError] = (), exceeded: Limit | None = None
    ) -> None:
        super().__init__(detail, errors=errors)
        self.exceeded = exceeded
        """The limit that the request is over, if that is what is wrong."""


class Overloaded(Rejection):
    """The queue is full, or the answer would probably come after the deadline."""

    status = 429
    code = "overloaded"
    title = "The service is overloaded"
    headers: Mapping[str, str] = {"Retry-After": str(RETRY_AFTER_SECONDS)}

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            "Too many requests are waiting to answer this one in time; try again later, or elsewhere."
        )
        self.retry_after_seconds = retry_after_seconds
        self.headers = {"Retry-After": str(retry_after_seconds)}


class HeaderTooLarge(Rejection):
    """The first line and the headers together are over MAX_HEADER_BYTES."""

    status = 431
    code = "header_too_large"
    title = "The head of the request is too large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"The first line and the headers may have at most {max_bytes} bytes together.")


class NotReady(Rejection):
    """No model is loaded yet."""

    status = 503
    code = "not_ready"
    title = "The service is not ready"
    headers: Mapping[str, str] = {"Retry-After": str(RETRY_AFTER_SECONDS)}

    def __init__(self) -> None:
        super().__init__("The model is still being loaded and checked; try again shortly.")


class Draining(Rejection):
    """The service is about to stop and takes no new work."""

    status = 503
    code = "draining"
    title = "The service is shutting down"
    headers: Mapping[str, str] = {"Retry-After": str(RETRY_AFTER_SECONDS)}

    def __init__(self) -> None:
        super().__init__("The service is about to stop and takes no new requests; try again elsewhere.")


class NotFound(ApiError):
    """There is nothing at this address."""

    status = 404
    code = "not_found"
    title = "Not found"


class MethodNotAllowed(ApiError):
    """The address exists, but not with this method."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"

    def __init__(self, allow: str) -> None:
        super().__init__(f"This address takes {allow}.")
        self.headers = {"Allow": allow}


class RequestTimeout(ApiError):
    """The client took longer than CLIENT_TIMEOUT_SECONDS to send the head or the body."""

    status = 408
    code = "request_timeout"
    title = "The request took too long to arrive"

    def __init__(self, max_seconds: int) -> None:
        super().__init__(
            f"The head of a request, and its body, must each arrive within {max_seconds} seconds."
        )


class BadRequest(ApiError):
    """Any other error of the client that the HTTP libraries find; they choose the status."""

    status = 400
    code = "bad_request"
    title = "Bad request"


class AmbiguousLength(BadRequest):
    """A request has a Content-Length and a Transfer-Encoding, which can disagree on where its body ends."""

    headers: Mapping[str, str] = {"Connection": "close"}

    def __init__(self) -> None:
        super().__init__("Send either Content-Length or Transfer-Encoding, not both.")


class InferenceFailed(ApiError):
    """The model failed on a review even when it ran alone; `errors` says on which."""

    status = 500
    code = "inference_failed"
    title = "The model failed"

    def __init__(self, indices: Sequence[int], *, scored: Mapping[int, Prediction] | None = None) -> None:
        super().__init__(
            "The model could not score all reviews; the others in this request are not at fault."
            if indices
            else "The model could not score this review.",
            errors=[FieldError(f"reviews[{index}]", "could not be scored") for index in indices],
        )
        self.indices = tuple(indices)
        """Of the reviews that could not be scored."""
        self.scored = scored or {}
        """The predictions of the others, by their indices, where they are known."""


class Internal(ApiError):
    """An error of this software. The log says more under the same request id."""

    status = 500
    code = "internal"
    title = "Internal error"

    def __init__(self) -> None:
        super().__init__("The service failed on this request; its log says more under this request id.")


class StoreUnreadable(ApiError):
    """The model store cannot be read, or does not have what was published."""

    status = 503
    code = "store_unreadable"
    title = "The model store cannot be read"
    headers: Mapping[str, str] = {"Retry-After": str(RETRY_AFTER_SECONDS)}

    def __init__(self) -> None:
        super().__init__("The model store cannot be read, or is damaged; the log says more. Try again later.")


class TooManyConnections(ApiError):
    """There are MAX_CONNECTIONS connections, and each has a request in progress."""

    status = 503
    code = "too_many_connections"
    title = "The service has too many connections"
    headers: Mapping[str, str] = {"Retry-After": str(RETRY_AFTER_SECONDS)}

    def __init__(self) -> None:
        super().__init__("All connections of the service are in use; try again later, or elsewhere.")


class Unhealthy(ApiError):
    """A lane is dead or stuck; only a new process helps."""

    status = 503
    code = "unhealthy"
    title = "The service is not healthy"

    def __init__(self) -> None:
        super().__init__("A thread that scores reviews is dead or stuck; restart the service.")


class DeadlineExceeded(ApiError):
    """The request's deadline passed before its answer was ready."""

    status = 504
    code = "deadline_exceeded"
    title = "The deadline has passed"

    def __init__(self, *, while_reading: bool = False) -> None:
        super().__init__("The answer was not ready in time; send fewer reviews, or allow more time.")
        if while_reading:  # the rest of the body may never end
            self.headers = {"Connection": "close"}
