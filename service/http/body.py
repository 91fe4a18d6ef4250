"""Reading a JSON body: the media type, the size while it comes in, and the syntax."""

import functools
import re
from email.message import Message
from typing import Any

from pydantic_core import from_json
from starlette.requests import Request

from service.errors import BodyTooLarge, MalformedJson, UnsupportedMediaType

__all__ = ["check_media_type", "parse_json", "read_body"]

_JSON_TYPE = re.compile(r"application/(json|[^/\s]+\+json)")
_PLACE = re.compile(r"line \d+ column \d+")


def check_media_type(request: Request) -> None:
    """Raise UnsupportedMediaType unless the headers declare plain UTF-8 JSON."""
    media_type, charset = _content_type(request.headers.get("content-type", ""))
    if not _JSON_TYPE.fullmatch(media_type):
        raise UnsupportedMediaType("Send JSON, with the header Content-Type: application/json.")
    if charset not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("Send the JSON in UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body without compression; Content-Encoding is not supported.")


async def read_body(request: Request, *, max_bytes: int) -> bytes:
    """Return the body; raises BodyTooLarge as soon as it is known to be over the limit.

    What the client still sends after that is read and dropped by the server, so the connection stays usable.
    Raises starlette's ClientDisconnect when the client leaves before the end.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


def parse_json(body: bytes) -> Any:  # noqa: ANN401  # any JSON value
    """Return the value that the body holds; raises MalformedJson for anything but RFC 8259 in UTF-8.

    NaN, lone surrogates and nesting beyond 200 levels are refused too.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        place = _PLACE.search(str(error))
        detail = f"The body is not valid JSON: see {place[0]}." if place else "The body is not valid JSON."
        raise MalformedJson(detail) from None


@functools.lru_cache(maxsize=64)
def _content_type(header: str) -> tuple[str, str | None]:
    message = Message()
    message["Content-Type"] = header
    return message.get_content_type(), message.get_content_charset("utf-8")


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body may have at most {max_bytes} bytes; send fewer reviews at a time.")
