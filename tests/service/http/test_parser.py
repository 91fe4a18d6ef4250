from collections.abc import Sequence
from itertools import pairwise

import pytest
from httptools import HttpParserError
from hypothesis import given
from hypothesis import strategies as st

from service.http.parser import RequestParser

BODY = b'{"reviews":["good"]}'
CHUNKS = b'5\r\n{"rev\r\nf\r\niews":["good"]}\r\n0\r\nUpgrade: h2c\r\n\r\n'
OFFERS = [
    (b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAMAAABkAAQAAP__"),
    (b"Connection: HTTP2-Settings,upgrade", b"HTTP2-Settings:", b"UPGRADE: h2c, h2"),
    (b"connection: upgrade", b"upgrade: websocket", b"Sec-WebSocket-Key: eA==", b"Sec-WebSocket-Version: 13"),
    (b"Connection: keep-alive, Upgrade", b"Upgrade: TLS/1.2, HTTP/1.1"),
    (b"Connection: Upgrade", b"Upgrade: made/up", b"Upgrade: \xff\xfe"),
    (b"Connection: upgrade, close", b"Upgrade: h2c"),
    (b"Upgrade:", b"Connection: upgrade"),
]
FRAMINGS = [
    (b"POST /predict", (b"Content-Length: 20",), BODY),
    (b"POST /predict?a=b", (b"Transfer-Encoding: chunked",), CHUNKS),
    (b"POST /predict", (b"Content-Length: 0",), b""),
    (b"GET /healthz", (), b""),
    (b"HEAD /healthz", (), b""),
    (b"PATCH /healthz", (), b""),
]


class Requests:
    """Collects requests, as a connection of uvicorn does."""

    def __init__(self) -> None:
        self.parser = RequestParser(self)
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.heads: list[tuple[bytes, bytes, str, list[tuple[bytes, bytes]]]] = []
        self.bodies: list[bytes] = []
        self.num_complete = 0

    def on_message_begin(self) -> None:
        """Begin a head."""
        self.url = b""
        self.headers = []

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Keep a head."""
        if not self.parser.should_upgrade():
            version = self.parser.get_http_version()
            self.heads.append((self.parser.get_method(), self.url, version, self.headers))
            self.bodies.append(b"")

    def on_body(self, body: bytes) -> None:
        """Keep a part of a body."""
        self.bodies[-1] += body

    def on_message_complete(self) -> None:
        """Count a request."""
        if not self.parser.should_upgrade():
            self.num_complete += 1


def request(start: bytes, version: bytes, headers: Sequence[bytes], body: bytes) -> bytes:
    """Return the bytes of a request."""
    return b"\r\n".join([start + b" HTTP/" + version, b"Host: test", *headers, b"", body])


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Draw a request with an offer somewhere among its headers, and the same without the header Upgrade."""
    start, framing, body = draw(st.sampled_from(FRAMINGS))
    headers = draw(st.permutations([*draw(st.sampled_from(OFFERS)), *framing]))
    version = draw(st.sampled_from([b"1.1", b"1.0"]))
    plain = [header for header in headers if not header.lower().startswith(b"upgrade:")]
    return request(start, version, headers, body), request(start, version, plain, body)


def read(data: bytes, cuts: Sequence[int] = ()) -> Requests:
    """Read some bytes that come in several packets."""
    found = Requests()
    for start, end in pairwise([0, *sorted(cuts), len(data)]):
        found.parser.feed_data(data[start:end])
    return found


def without_upgrade(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers but for `Upgrade`; trailers are among them here."""
    return [header for header in headers if header[0] != b"upgrade"]


@given(st.lists(requests(), min_size=1, max_size=4), st.data())
def test_an_offer_changes_nothing_whatever_the_framing_and_the_packets(
    drawn: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    offered = b"".join(with_offer for with_offer, _ in drawn)
    cuts = data.draw(st.lists(st.integers(0, len(offered)), max_size=12))
    found, plain = read(offered, cuts), read(b"".join(without for _, without in drawn))
    assert (found.num_complete, found.bodies) == (plain.num_complete, plain.bodies)
    assert [head[:3] for head in found.heads] == [head[:3] for head in plain.heads]
    assert [without_upgrade(head[3]) for head in found.heads] == [
        without_upgrade(head[3]) for head in plain.heads
    ]


@pytest.mark.parametrize("offer", OFFERS)
def test_the_headers_of_an_offer_stay_with_the_request(offer: tuple[bytes, ...]) -> None:
    ((*_, headers),) = read(request(b"GET /healthz", b"1.1", offer, b"")).heads
    lines = {name + b": " + value for name, value in headers}
    assert lines >= {line.split(b":")[0].lower() + b": " + line.split(b":")[1].strip() for line in offer}


def test_thousands_of_offers_in_one_packet_are_read_one_by_one() -> None:
    found = read(request(b"POST /predict", b"1.1", (*OFFERS[0], b"Content-Length: 20"), BODY) * 5000)
    assert found.num_complete == 5000
    assert set(found.bodies) == {BODY}


@pytest.mark.parametrize("target", [b"test:443", b"/predict"])
@pytest.mark.parametrize("headers", [(), OFFERS[0], (b"Content-Length: 20",)])
def test_a_tunnel_is_refused_and_never_read(target: bytes, headers: tuple[bytes, ...]) -> None:
    found = Requests()
    with pytest.raises(HttpParserError):
        found.parser.feed_data(
            request(b"CONNECT " + target, b"1.1", headers, b"") + b"GET / HTTP/1.1\r\n\r\n"
        )
    assert found.heads == []
