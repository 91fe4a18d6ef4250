"""Reading a JSON body: the media type, the size while it comes in, and the syntax."""

import functools
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE
from typing import Any

from pydantic_core import from_json
from starlette.requests import Request

from service.errors import BodyTooLarge, MalformedJson, UnsupportedMediaType

__all__ = ["JSON_TYPE", "check_encoding", "check_lines_type", "check_media_type", "parse_json", "read_body"]

JSON_TYPE = re.compile(r"application/(json|[^/\s]+\+json)")
_LINES_TYPE = re.compile(r"application/(x-)?(ndjson|jsonl|jsonlines)")
_PLACE = re.compile(r"line \d+ column \d+")
_OTHER_BOMS = (BOM_UTF16_LE, BOM_UTF16_BE, BOM_UTF32_BE)
"""That of UTF-32 LE begins as that of UTF-16 LE."""

# The grammar of RFC 9110, 8.3.1 and 5.6.6, where a parameter may be empty. All repetitions are possessive, so
# that a long header costs no second try.
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*+"'
_PARAMETER = rf"[ \t]*+;[ \t]*+(?:({_NAME})=({_NAME}|{_QUOTED}))?+"
_MEDIA_TYPE = re.compile(rf"({_NAME}/{_NAME})((?:{_PARAMETER})*+)[ \t]*+")
_PARAMETERS = re.compile(_PARAMETER)
_UTF_8 = frozenset({"utf-8", "utf8"})
_UNCHANGED = frozenset({"", "identity"})


def check_media_type(request: Request, accepted: re.Pattern[str] = JSON_TYPE) -> None:
    """Raise UnsupportedMediaType unless the headers declare plain UTF-8 JSON, by one of these media types."""
    _check_type(request, accepted, "Send JSON, with the header Content-Type: application/json.")


def check_lines_type(request: Request) -> None:
    """Raise UnsupportedMediaType unless the headers declare lines of JSON, plain and in UTF-8."""
    advice = "Send a JSON object on each line, with the header Content-Type: application/x-ndjson."
    _check_type(request, _LINES_TYPE, advice)


def _check_type(request: Request, allowed: re.Pattern[str], advice: str) -> None:
    media_type, charsets = _content_type(_whole(request, "content-type"))
    if not allowed.fullmatch(media_type):
        raise UnsupportedMediaType(advice)
    if not charsets <= _UTF_8:
        raise UnsupportedMediaType("Send the JSON in UTF-8.")
    check_encoding(request)


def check_encoding(request: Request) -> None:
    """Raise UnsupportedMediaType if the body is compressed."""
    encodings = _whole(request, "content-encoding").lower().split(",")
    if not _UNCHANGED.issuperset(encoding.strip() for encoding in encodings):
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

    A byte order mark is dropped. NaN, lone surrogates and nesting beyond 200 levels are refused too.
    """
    if body.startswith(_OTHER_BOMS):
        raise MalformedJson("The body begins with the byte order mark of UTF-16 or UTF-32; send UTF-8.")
    try:
        return from_json(body.removeprefix(BOM_UTF8), allow_inf_nan=False)
    except ValueError as error:
        place = _PLACE.search(str(error))
        detail = f"The body is not valid JSON: see {place[0]}." if place else "The body is not valid JSON."
        raise MalformedJson(detail) from None


def _whole(request: Request, name: str) -> str:
    """Return a header as if all of that name were one, or ""."""
    return ", ".join(request.headers.getlist(name))


@functools.lru_cache(maxsize=64)
def _content_type(header: str) -> tuple[str, frozenset[str]]:
    """Return the media type, and all values of the parameter `charset`; "" for a header that is malformed."""
    match = _MEDIA_TYPE.fullmatch(header)
    if match is None:
        return "", frozenset()
    parameters = _PARAMETERS.findall(match[2])
    charsets = frozenset(value.strip('"').lower() for name, value in parameters if name.lower() == "charset")
    return match[1].lower(), charsets


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body may have at most {max_bytes} bytes; send fewer reviews at a time.")
