"""What one client can cost: real connections to real servers, with small limits that are soon reached."""

import json
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

import httpx
import pytest

from bench.process import PATIENCE_SECONDS, ServiceProcess
from tests.service.http_helpers import connect, head, receive
from tests.service.running import process, samples, series, service, wait_for_sample

pytestmark = pytest.mark.xdist_group("connection")

SMALL = b'{"reviews":["good"]}'
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"
H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
UPGRADES = [
    H2C,
    ("Upgrade: websocket", "Connection: Upgrade"),
    ("Connection: close, upgrade", "Upgrade: TLS/1.2"),
]


def cut(reason: str) -> str:
    """Return the series that counts connections closed for a reason."""
    return series("sentiment_connections_cut_total", reason=reason)


def refusal(answers: BinaryIO, status: int, code: str) -> dict[str, object]:
    """Check that the last thing on a connection is a whole problem document, and return it."""
    front, body = receive(answers).split(b"\r\n\r\n")
    lines = front.decode().splitlines()
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert lines[0].startswith(f"HTTP/1.1 {status} ")
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    content: dict[str, object] = json.loads(body)
    assert (content["status"], content["code"]) == (status, code)
    assert content["request_id"] == headers["x-request-id"]
    assert answers.read() == b""
    return content


@pytest.fixture(scope="module")
def hasty(tiny_store: Path) -> Iterator[str]:
    """Run a service that waits only one second for its clients."""
    with service(tiny_store, client_timeout_seconds=1, max_header_bytes=1024) as url:
        yield url


def test_a_head_that_never_ends_is_given_up(hasty: str) -> None:
    with connect(hasty) as (connection, answers):
        connection.sendall(HEALTH[:-2])
        refusal(answers, 408, "request_timeout")
    assert samples(hasty)[cut("request_timeout")] >= 1


def test_a_second_head_that_never_ends_is_given_up(hasty: str) -> None:
    with connect(hasty) as (connection, answers):
        connection.sendall(HEALTH)
        assert receive(answers).startswith(b"HTTP/1.1 200 ")
        connection.sendall(HEALTH[:-2])
        refusal(answers, 408, "request_timeout")


def test_a_connection_without_a_request_is_closed(hasty: str) -> None:
    with connect(hasty) as (_, answers):
        assert answers.read() == b""


def test_a_body_that_never_ends_is_given_up_whatever_deadline_the_client_sets(hasty: str) -> None:
    with connect(hasty) as (connection, answers):
        connection.sendall(head(100, "X-Request-Timeout-Ms: 3600000") + b"{")
        refusal(answers, 408, "request_timeout")
    cancelled = series("sentiment_requests_cancelled_total", stage="read")
    wait_for_sample(hasty, cancelled, 1)


def test_the_rest_of_a_refused_body_may_not_come_for_ever(hasty: str) -> None:
    with connect(hasty) as (connection, answers):
        connection.sendall(head(10**12) + b"{")
        assert b'"code":"body_too_large"' in receive(answers)
        connection.sendall(b" ")
        assert answers.read() == b""


def test_an_answer_that_is_not_read_is_dropped(hasty: str) -> None:
    asset = b"GET /assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: test\r\n\r\n"
    with connect(hasty) as (connection, _):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(asset * 10)  # 15 MB, more than any socket's buffers
        wait_for_sample(hasty, cut("answer_not_taken"), 1)


def test_a_connection_that_is_used_again_and_again_stays_open(hasty: str) -> None:
    with connect(hasty) as (connection, answers):
        before = samples(hasty)
        for _ in range(500):
            connection.sendall(HEALTH[:20])  # mostly, it is read by itself
            connection.sendall(HEALTH[20:])
            assert receive(answers).startswith(b"HTTP/1.1 200 ")
        assert samples(hasty)[cut("request_timeout")] == before[cut("request_timeout")]


@pytest.mark.parametrize("size", [1025, 100_000, 1_000_000])
def test_too_large_a_head_is_refused(hasty: str, size: int) -> None:
    before = samples(hasty)
    front = b"GET /healthz HTTP/1.1\r\nHost: test\r\n"
    with connect(hasty) as (connection, answers):
        connection.sendall(front + b"X-Filler: ")
        send_what_is_taken(connection, b"a" * (size - len(front)) + b"\r\n\r\n")
        front_of_answer = answers.readline()
    assert front_of_answer.startswith(b"HTTP/1.1 431 ")
    rejected = series("sentiment_requests_rejected_total", reason="header_too_large")
    after = samples(hasty)
    assert after[cut("header_too_large")] + after[rejected] == (
        before[cut("header_too_large")] + before[rejected] + 1
    )


def send_what_is_taken(connection: socket.socket, data: bytes) -> None:
    """Send until the other side closes the connection."""
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)


def test_a_head_that_is_not_complete_is_refused_as_soon_as_it_is_too_large(hasty: str) -> None:
    with connect(hasty) as (connection, answers):
        connection.sendall(b"GET /healthz HTTP/1.1\r\nX-Filler: ")
        connection.sendall(b"a" * 1024)
        assert "1024 bytes" in str(refusal(answers, 431, "header_too_large")["detail"])


@pytest.mark.parametrize("target", ["/healthz?" + "q" * 1024, "/" + "p" * 1024])
def test_too_long_an_address_is_refused(hasty: str, target: str) -> None:
    response = httpx.get(f"{hasty}{target}")
    assert (response.status_code, response.json()["code"]) == (431, "header_too_large")


def test_bytes_that_are_not_http_are_answered_with_a_problem(running: ServiceProcess) -> None:
    with connect(running.url()) as (connection, answers):
        connection.sendall(b"hello\r\n\r\n")
        refusal(answers, 400, "bad_request")
    assert samples(running.url())[cut("bad_request")] >= 1


@pytest.mark.parametrize(
    "front",
    [
        b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\nContent-Length: 5\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: +20\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length : 20\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nX-A: b\x00c\r\n\r\n",
    ],
)
def test_a_head_that_two_parsers_could_read_differently_is_refused(
    running: ServiceProcess, front: bytes
) -> None:
    with connect(running.url()) as (connection, answers):
        connection.sendall(front + SMALL)
        refusal(answers, 400, "bad_request")


@pytest.mark.parametrize("request_", [head(len(SMALL)) + SMALL, HEALTH])
def test_the_head_of_an_answer_comes_with_its_body(running: ServiceProcess, request_: bytes) -> None:
    with connect(running.url()) as (connection, _):
        for _ in range(2):
            connection.sendall(request_)
            front, _, body = connection.recv(65_536).partition(b"\r\n\r\n")  # what one packet brings
            assert b"content-length: %d" % len(body) in front.splitlines()
            assert body


def test_an_answer_without_a_body_is_its_head(running: ServiceProcess) -> None:
    with connect(running.url()) as (connection, answers):
        connection.sendall(HEALTH.replace(b"GET", b"HEAD") + HEALTH)
        assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
        while answers.readline() != b"\r\n":
            pass
        assert b'"alive"' in receive(answers)


@pytest.mark.parametrize("upgrade", UPGRADES)
def test_an_upgrade_is_not_taken_and_the_body_is_read(
    running: ServiceProcess, upgrade: tuple[str, ...]
) -> None:
    with connect(running.url()) as (connection, answers):
        connection.sendall(head(len(SMALL), *upgrade) + SMALL)
        assert b'"predictions"' in receive(answers)


@pytest.mark.parametrize("upgrade", UPGRADES)
def test_an_upgrade_is_not_taken_before_the_body_comes(
    running: ServiceProcess, upgrade: tuple[str, ...]
) -> None:
    with connect(running.url()) as (connection, answers):
        connection.sendall(head(len(SMALL), "Expect: 100-continue", *upgrade))
        assert answers.readline() == b"HTTP/1.1 100 Continue\r\n"  # so the head was read without the body
        assert answers.readline() == b"\r\n"
        connection.sendall(SMALL)
        assert b'"predictions"' in receive(answers)


def test_a_connection_continues_after_upgrades_that_are_not_taken(running: ServiceProcess) -> None:
    front = "\r\n".join(["GET /healthz HTTP/1.1", "Host: test", *H2C, "", ""]).encode()
    chunked = head(0, *H2C, "Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMALL), SMALL)
    with connect(running.url()) as (connection, answers):
        connection.sendall((front + chunked + body + HEALTH) * 3)
        for _ in range(3):
            assert receive(answers).endswith(b'{"status":"alive"}')
            assert b'"predictions"' in receive(answers)
            assert receive(answers).endswith(b'{"status":"alive"}')


@pytest.mark.parametrize("name", ["Upgrade", "HTTP2-Settings"])
def test_an_upgrade_hides_no_large_head(hasty: str, name: str) -> None:
    upgrade = ("Connection: upgrade", "Upgrade: h2c", f"{name}: {'a' * 1024}")
    with connect(hasty) as (connection, answers):
        connection.sendall(head(len(SMALL), *upgrade) + SMALL)
        assert answers.readline().startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("target", ["test:443", "/predict"])
def test_a_tunnel_is_refused(running: ServiceProcess, target: str) -> None:
    with connect(running.url()) as (connection, answers):
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: test\r\n\r\n".encode() + HEALTH)
        refusal(answers, 400, "bad_request")


def test_white_space_around_a_value_is_no_part_of_it(running: ServiceProcess) -> None:
    spaced = (
        "X-Request-ID: \t spaced \t ",
        "Content-Encoding: identity \t",
        "X-Request-Timeout-Ms:  30000  ",
    )
    with connect(running.url()) as (connection, answers):
        connection.sendall(head(len(SMALL), *spaced) + SMALL)
        answer = receive(answers)
    assert b"\r\nx-request-id: spaced\r\n" in answer
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_new_connection_takes_the_place_of_the_one_that_is_idle_longest(tiny_store: Path) -> None:
    with service(tiny_store, max_connections=3) as url, ExitStack() as stack:
        oldest, *others = [stack.enter_context(connect(url)) for _ in range(3)]
        others[0][0].sendall(HEALTH)
        assert receive(others[0][1]).startswith(b"HTTP/1.1 200 ")
        connection, answers = stack.enter_context(connect(url))
        assert oldest[1].read() == b""
        for each, answer in (*others, (connection, answers)):
            each.sendall(HEALTH)
            assert receive(answer).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n")
        found = receive(answers).decode()
        assert f"{cut('made_room')} 1.0\n" in found
        assert "\nsentiment_connections 3.0\n" in found


def test_many_connections_keep_nobody_out(tiny_store: Path) -> None:
    with service(tiny_store, max_connections=10) as url, ExitStack() as stack:
        for _ in range(200):
            connection, _ = stack.enter_context(connect(url))
            connection.sendall(HEALTH[:-2])
        for _ in range(3):
            assert httpx.post(f"{url}/predict", json={"reviews": ["good"]}).status_code == 200
        assert samples(url)["sentiment_connections"] <= 11


def test_one_more_is_refused_while_all_connections_are_at_work(tiny_store: Path) -> None:
    with service(tiny_store, max_connections=2) as url, ExitStack() as stack:
        busy = [stack.enter_context(connect(url)) for _ in range(2)]
        for connection, answers in busy:
            connection.sendall(head(len(SMALL), "Expect: 100-continue"))
            assert answers.readline() == b"HTTP/1.1 100 Continue\r\n"
            assert answers.readline() == b"\r\n"
        with connect(url) as (_, nothing):
            assert refusal(nothing, 503, "too_many_connections")
        for connection, answers in busy:
            connection.sendall(SMALL)
            assert receive(answers).startswith(b"HTTP/1.1 200 ")


def test_stopping_does_not_wait_for_heads_that_never_end(tiny_store: Path, tmp_path: Path) -> None:
    with process(tmp_path, "--model-store", str(tiny_store)) as running:
        running.wait_for("ready")
        with connect(running.url()) as (connection, answers):
            connection.sendall(HEALTH[:-2])
            wait_for_sample(running.url(), "sentiment_connections", 2)
            running.send_signal(signal.SIGTERM)
            assert answers.read() == b""
        assert running.wait() == 0


def test_pipelined_requests_are_not_read_without_limit(running: ServiceProcess) -> None:
    many = HEALTH * 1000
    num_sent = num_answered = 0
    with connect(running.url()) as (connection, _):
        connection.setblocking(False)
        while num_answered < 3000:
            readable, writable, _ = select.select([connection], [connection], [], PATIENCE_SECONDS)
            if readable:
                num_answered += connection.recv(2**20).count(b"HTTP/1.1 200 ")
            elif writable:
                num_sent += connection.send(many)
            # The buffers between the two hold a few megabytes.
            assert num_sent - num_answered * len(HEALTH) < 16 * 2**20
