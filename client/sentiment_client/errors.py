"""What can go wrong in asking a service.

ClientError                the root of every exception that this package raises
├── ServiceUnreachable     no answer, or none that can be understood
├── DeadlinePassed         no answer in time
├── StreamCut              a stream ended before all reviews were answered, and none could go on
└── RequestRefused         the service answers with an error: status, code, detail, request id
    ├── KeyRefused         401: it wants a key, or another one
    ├── ReviewRefused      422: one of the reviews, whose index is known
    ├── ServiceBusy        429 or 503, still, after all retries that there was time for
    └── ServiceFailed      500: it could not score
"""

__all__ = [
    "ClientError",
    "DeadlinePassed",
    "KeyRefused",
    "RequestRefused",
    "ReviewRefused",
    "ServiceBusy",
    "ServiceFailed",
    "ServiceUnreachable",
    "StreamCut",
]


class ClientError(Exception):
    """Any error that this package raises on purpose."""


class ServiceUnreachable(ClientError):
    """Nothing answers at the URL, or what answers is not this service."""


class DeadlinePassed(ClientError):
    """The answer did not come in the time that the caller allows."""


class StreamCut(ClientError):
    """A stream ended before all reviews were answered, and no other could go on with the rest."""

    def __init__(self, *, code: str, detail: str, num_answered: int) -> None:
        super().__init__(f"after {num_answered} answers: {detail}")
        self.code = code
        """Why the service ended it, such as "draining"; empty if it did not say."""
        self.num_answered = num_answered
        """How many reviews were answered, which is the index of the first one that was not."""


class RequestRefused(ClientError):
    """The service answers with an error; programs should look at `code`, which never changes its meaning."""

    def __init__(
        self, *, status: int, code: str, detail: str, request_id: str | None, index: int | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        """The HTTP status."""
        self.code = code
        """Such as "overloaded"; empty if the answer is not the service's own, but a proxy's."""
        self.detail = detail
        """What is wrong, for people."""
        self.request_id = request_id
        """What the service's log calls the request."""
        self.index = index
        """Which of the reviews of the call it is about, from 0; None if it is about none in particular."""


class KeyRefused(RequestRefused):
    """The service has API keys, and the client sent none of them."""


class ReviewRefused(RequestRefused):
    """A review is not one that the service takes: blank, or too long; `index` says which."""


class ServiceBusy(RequestRefused):
    """The service takes no more, is starting or is stopping."""


class ServiceFailed(RequestRefused):
    """The service could not score a review."""
