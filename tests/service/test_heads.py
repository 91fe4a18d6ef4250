"""No header and no address makes the service fail, whatever it holds: real heads, sent as bytes."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.process import ServiceProcess
from tests.scale import scaled
from tests.service.http_helpers import connect

pytestmark = pytest.mark.soak


def words(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


BODY = b'{"reviews":["good"]}'
NAMES = words(
    """
    Accept Accept-Encoding Accept-Language Access-Control-Request-Headers Access-Control-Request-Method
    Authorization Cache-Control Connection Content-Disposition Content-Encoding Content-Language
    Content-Location Content-Range Content-Type Cookie Date Expect Forwarded From HTTP2-Settings Host
    If-Match If-Modified-Since If-None-Match If-Range If-Unmodified-Since Keep-Alive Origin Pragma Priority
    Proxy-Authorization Range Referer TE Trailer Traceparent Upgrade User-Agent Via X-API-Key X-Amz-Target
    X-Forwarded-For X-Forwarded-Host X-Forwarded-Port X-Forwarded-Prefix X-Forwarded-Proto
    X-HTTP-Method-Override X-Real-IP X-Request-ID X-Request-Timeout-Ms
    """
)
PIECES = words(
    r"""
    application/json charset= utf-8 UTF-16 a*1=b a*=c a*0*=utf-8''%ff =?utf-8?b?/w==?= " \ ; , = / * : + - ~
    % %00 %ff %zz é ÿ bytes= bytes 0- -1 0-0 1-0 5-3 99999999999999999999 identity gzip chunked close
    keep-alive upgrade h2c websocket q=0.5 100-continue Bearer Basic Thu, 01 Jan 1970 00:00:00 GMT -0000
    +9999 1e309 NaN null [::1] 127.0.0.1 unknown http https for= W/"x" "" () {} [] <x> $(x) ../..
    """
)
ROUTES = [
    b"POST /predict",
    *(b"GET " + path for path in (b"/", b"/docs", b"/healthz", b"/metrics", b"/models", b"/models/1", b"/x")),
    b"GET /assets/swagger-ui.css",
    b"HEAD /assets/swagger-ui.css",
    b"PUT /predict",
    b"OPTIONS /predict",
]
VISIBLE = st.characters(codec="latin-1", exclude_categories=["Cc"]) | st.just("\t")

names = st.sampled_from(NAMES) | st.text("abcxyz-_!#$%&'*+.^`|~019", min_size=1, max_size=20)
values = (
    st.text(VISIBLE, max_size=60)
    | st.lists(st.sampled_from([*PIECES, " ", "\t"]), max_size=12).map("".join)
    | st.tuples(st.sampled_from(PIECES), st.integers(1, 3000)).map(
        lambda drawn: (drawn[0] * drawn[1])[:12_000]
    )
)
targets = st.tuples(
    st.sampled_from(
        ["/", "/models/", "/assets/", "/predict", "/docs?", "*", "http://test", "http://test/", ""]
    ),
    st.lists(
        st.sampled_from([*PIECES, "/", "?", "#", "%2e", "%2f", "%0a", "%c3%a9", "%EF%BC%91", "a" * 300])
    ),
).map(lambda drawn: drawn[0] + "".join(drawn[1]))


def status(running: ServiceProcess, start: bytes, headers: Sequence[tuple[str, str]] = ()) -> int:
    """Return the status of the answer to a request with a body; the service then closes the connection."""
    lines = [
        start + b" HTTP/1.1",
        *(f"{name}: {value}".encode("latin-1") for name, value in headers),
        b"Content-Length: 20",
        b"Connection: close",
    ]
    with connect(running.url()) as (connection, answers):
        connection.sendall(b"\r\n".join([*lines, b"", BODY]))
        answer = answers.read().removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 "), (start, headers)
    return int(answer[9:12])


@settings(max_examples=scaled(10_000))
@given(st.sampled_from(ROUTES), st.lists(st.tuples(names, values), max_size=6))
@example(ROUTES[0], [("Content-Type", "application/json; a*1=b; a*=c")])
def test_no_header_makes_the_service_fail(
    running: ServiceProcess, start: bytes, headers: list[tuple[str, str]]
) -> None:
    assert status(running, start, headers) < 500


@settings(max_examples=scaled(10_000))
@given(values)
@example("application/json; a*1=b; a*=c")
@example("application/json; charset*0*=utf-8''%ff; charset*=x")
def test_a_content_type_is_understood_or_refused(running: ServiceProcess, value: str) -> None:
    assert status(running, ROUTES[0], [("Content-Type", value)]) in (200, 400, 415)


@settings(max_examples=scaled(10_000))
@given(st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"]), targets)
def test_no_address_makes_the_service_fail(running: ServiceProcess, method: str, target: str) -> None:
    assert status(running, f"{method} {target}".encode("latin-1")) < 500


def test_none_of_them_was_an_error_of_ours(running: ServiceProcess) -> None:
    assert not [line for line in running.log() if line["level"] == "error"]
    assert running.errors() == ""
