import asyncio
import json
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bench.process import PATIENCE_SECONDS
from model_store import Store
from service.errors import CannotListen
from service.server import listen
from tests.service import stores
from tests.service.http_helpers import connect, head, receive
from tests.service.running import process, wait_for_sample

JSON = {"Content-Type": "application/json"}


def test_sigterm_answers_what_was_accepted_and_refuses_what_was_not(tmp_path: Path) -> None:
    # Seconds of work: the steps of 256 units take milliseconds a review.
    busy_store = stores.publish(tmp_path / "store", stores.draft(hidden_size=256))
    body = json.dumps({"reviews": ["good " * 400] * 400}).encode()
    flags = ("--max-batch-tokens", "1", "--max-reviews-per-request", "400")
    environment = {"SENTIMENT_PROT": "1", "SENTIMENT_DEVICE": "cpu"}
    with (
        process(tmp_path, "--model-store", str(busy_store), *flags, environment=environment) as running,
        ThreadPoolExecutor(1) as threads,
    ):
        ready = running.wait_for("ready")
        url = running.url()
        assert ready["docs_url"] == f"{url}/docs"
        facts = {"model": "reviews", "model_version": 1, "device": "cpu", "lanes": 2, "lane_threads": 1}
        assert {name: ready[name] for name in facts} == facts
        assert ready["kernel"] == Store(busy_store).load("reviews", device="cpu").classifier.kernel
        unknown = running.wait_for("unknown_setting")
        assert (unknown["name"], unknown["nearest"]) == ("SENTIMENT_PROT", "SENTIMENT_PORT")
        with connect(url) as (late, answers), connect(url) as (_, nothing):
            late.sendall(head(20, "Expect: 100-continue"))
            assert answers.readline() == b"HTTP/1.1 100 Continue\r\n"  # now it waits for the body
            accepted = threads.submit(
                httpx.post, f"{url}/predict", content=body, headers=JSON, timeout=PATIENCE_SECONDS
            )
            wait_for_sample(url, "sentiment_batch_reviews_count", 1)
            running.send_signal(signal.SIGTERM)
            assert running.wait_for("draining")["num_requests"] == 2
            late.sendall(b'{"reviews":["good"]}')
            assert answers.readline() == b"\r\n"
            refusal = receive(answers)
            assert refusal.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nretry-after: 1\r\n" in refusal
            assert b'"code":"draining"' in refusal
            assert nothing.read() == b""  # an idle connection is closed
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{url}/readyz")
        answer = accepted.result(PATIENCE_SECONDS)
        assert answer.status_code == 200
        assert len(answer.json()["predictions"]) == 400
        assert running.wait() == 0
        assert running.errors() == ""
        assert running.log()[-1]["event"] == "stopped"


def test_a_port_in_use_is_one_line_and_status_1(tiny_store: Path, tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        flags = ("--model-store", str(tiny_store), "--port", str(port))
        with process(tmp_path, *flags) as running:
            assert running.wait() == 1
            assert running.errors() == (
                f"error: cannot listen on 127.0.0.1:{port}: address already in use; "
                "choose another with --port or SENTIMENT_PORT\n"
            )


def test_an_address_of_another_machine() -> None:
    with pytest.raises(CannotListen, match=r"^cannot listen on 192\.0\.2\.1:80: .*SENTIMENT_HOST$"):
        listen("192.0.2.1", 80)


def test_a_host_that_does_not_exist() -> None:
    with pytest.raises(CannotListen, match=r"^cannot listen on nowhere\.invalid:80: .*SENTIMENT_HOST$"):
        listen("nowhere.invalid", 80)


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_ipv6() -> None:
    with listen("::1", 0) as listener:
        assert listener.family == socket.AF_INET6


def test_a_client_that_never_finishes_cannot_delay_the_stop(tiny_store: Path, tmp_path: Path) -> None:
    flags = ("--model-store", str(tiny_store), "--drain-seconds", "1")
    with process(tmp_path, *flags) as running:
        running.wait_for("ready")
        with connect(running.url()) as (connection, answers):
            connection.sendall(head(1000) + b"{")
            wait_for_sample(running.url(), "sentiment_http_requests_in_flight", 2)
            running.send_signal(signal.SIGINT)
            refusal = receive(answers)
        assert refusal.startswith(b"HTTP/1.1 503 ")
        assert b'"code":"draining"' in refusal
        assert running.wait() == 0
        assert running.errors() == ""


def test_answers_are_sent_without_delay() -> None:
    async def accepted_option() -> int:
        accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            accepted.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = listen("127.0.0.1", 0)
        async with await asyncio.start_server(look, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            option = await accepted
            writer.close()
            await writer.wait_closed()
        return option

    assert asyncio.run(accepted_option()) == 1
