"""Real servers, and everything that goes wrong around them."""

import json
import random
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bench.process import PATIENCE_SECONDS, ServiceProcess
from tests.scale import scaled
from tests.service import faults
from tests.service.http_helpers import connect, head, post, problem, receive
from tests.service.running import process, samples, series, service, wait_for_sample

REJECTED = series("sentiment_requests_rejected_total", reason="overloaded")
GIVEN_UP = series("sentiment_requests_cancelled_total", stage="queue")
SMALL = b'{"reviews":["good"]}'


def wait_until(reached: Callable[[], bool]) -> None:
    """Return as soon as something is true."""
    ends_at_seconds = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < ends_at_seconds


def ask(url: str, *reviews: str, timeout_ms: int | None = None) -> httpx.Response:
    """Return the answer to a prediction."""
    headers = {} if timeout_ms is None else {"X-Request-Timeout-Ms": str(timeout_ms)}
    return httpx.post(f"{url}/predict", json={"reviews": reviews}, headers=headers, timeout=PATIENCE_SECONDS)


def test_a_burst_far_over_capacity_loses_nothing_that_was_accepted(slow_store: Path) -> None:
    gate = faults.Gate()
    limits = {"max_reviews_per_request": 1, "max_queue_tokens": 400}
    load = faults.made_by(lambda whole: faults.Gated(whole, gate))
    with (
        service(slow_store, load=load, **limits) as url,
        ThreadPoolExecutor(61) as threads,
    ):
        held = threads.submit(ask, url, "good")
        gate.wait_until_reached()
        burst = [threads.submit(ask, url, "good " * 20) for _ in range(60)]
        found = wait_for_sample(url, REJECTED, 60 - 400 // 20)
        assert 0 < found["sentiment_queue_tokens"] <= found["sentiment_queue_tokens_limit"] == 400
        gate.open()
        answers = [answer.result(PATIENCE_SECONDS) for answer in burst]
        assert held.result(PATIENCE_SECONDS).status_code == 200
        refused = [answer for answer in answers if answer.status_code != 200]
        for answer in refused:
            problem(answer, 429, "overloaded")
            assert int(answer.headers["retry-after"]) >= 1
        assert len(refused) < 60
        found = samples(url)
        assert found[REJECTED] == len(refused)
        assert found["sentiment_queue_tokens"] == 0
        assert found["sentiment_batch_reviews_sum"] == 61 - len(refused)


def test_a_late_request_is_answered_at_its_deadline_and_never_computed(slow_store: Path) -> None:
    gate = faults.Gate()
    load = faults.made_by(lambda whole: faults.Gated(whole, gate))
    with service(slow_store, load=load) as url, ThreadPoolExecutor(1) as threads:
        held = threads.submit(ask, url, "good")
        gate.wait_until_reached()
        late = ask(url, "good", "dull", timeout_ms=200)
        problem(late, 504, "deadline_exceeded")
        assert "connection" not in late.headers  # its body was read, so the connection stays usable
        assert samples(url)["sentiment_queue_tokens"] == 0
        assert samples(url)[GIVEN_UP] == 1
        gate.open()
        assert held.result(PATIENCE_SECONDS).status_code == 200
        assert samples(url)["sentiment_batch_reviews_sum"] == 1


@pytest.mark.parametrize("given", ["", "0", "-1", "1.5", "1e3", "3600001", "٣", "soon"])
def test_an_invalid_deadline(client: httpx.Client, given: str) -> None:
    headers = {b"X-Request-Timeout-Ms": given.encode()}
    content = problem(
        client.post("/predict", json={"reviews": ["good"]}, headers=headers), 422, "invalid_request"
    )
    assert content["errors"][0]["location"] == "header.X-Request-Timeout-Ms"


def test_a_lane_that_hangs_turns_health_off_until_it_continues(slow_store: Path) -> None:
    gate = faults.Gate()
    load = faults.made_by(lambda whole: faults.Gated(whole, gate))
    with (
        service(slow_store, load=load, lane_stall_seconds=1) as url,
        ThreadPoolExecutor(1) as threads,
        httpx.Client(base_url=url) as client,
    ):
        held = threads.submit(ask, url, "good")
        gate.wait_until_reached()
        wait_until(lambda: client.get("/healthz").status_code != 200)
        problem(client.get("/healthz"), 503, "unhealthy")
        assert samples(url)[series("sentiment_lanes", state="stalled")] == 1
        gate.open()
        assert held.result(PATIENCE_SECONDS).status_code == 200
        assert client.get("/healthz").status_code == 200


def test_a_lane_that_dies_turns_health_off_and_its_requests_are_answered(slow_store: Path) -> None:
    with service(slow_store, load=faults.made_by(faults.Deadly), lanes=2) as url:
        problem(ask(url, "a dull film"), 500, "inference_failed")
        assert ask(url, "good").status_code == 200
        problem(httpx.get(f"{url}/healthz"), 503, "unhealthy")


def test_an_exception_in_the_network_fails_one_request_and_leaks_nothing(slow_store: Path) -> None:
    with service(slow_store, load=faults.made_by(faults.Raising)) as url:
        failed = ask(url, "good", "a dull film", "good")
        assert [error["location"] for error in problem(failed, 500, "inference_failed")["errors"]] == [
            "reviews[1]"
        ]
        assert "secret" not in failed.text
        assert ask(url, "good").status_code == 200
        assert httpx.get(f"{url}/healthz").status_code == 200


def test_too_little_memory_only_makes_smaller_batches(slow_store: Path) -> None:
    with (
        service(slow_store, load=faults.made_by(faults.Cramped)) as url,
        httpx.Client(base_url=url) as client,
    ):
        assert len(post(client, *["good " * 30] * 16)) == 16
        assert client.get("/healthz").status_code == 200
        assert samples(url)[series("sentiment_batch_splits_total", reason="out_of_memory")] >= 3


def test_a_queue_too_small_for_the_largest_request_is_refused_at_the_start(
    slow_store: Path, tmp_path: Path
) -> None:
    flags = ("--model-store", str(slow_store), "--max-queue-tokens", "102399")
    with process(tmp_path, *flags) as running:
        assert running.wait() == 1
        assert running.errors() == (
            "error: SENTIMENT_MAX_QUEUE_TOKENS: must be at least 102400, not 102399: "
            "SENTIMENT_MAX_REVIEWS_PER_REQUEST is 256, and the model reads 400 tokens of each\n"
        )


def test_a_body_that_comes_a_byte_at_a_time(client: httpx.Client, running: ServiceProcess) -> None:
    with connect(running.url()) as (connection, answers):
        for byte in head(len(SMALL)) + SMALL:
            connection.sendall(bytes([byte]))
        assert len(post(client, "good")) == 1
        assert receive(answers).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_never_ends_is_given_up_at_its_deadline(running: ServiceProcess) -> None:
    with connect(running.url()) as (connection, answers):
        connection.sendall(head(1_000_000, "X-Request-Timeout-Ms: 300"))
        ends_at_seconds = time.monotonic() + PATIENCE_SECONDS
        while not select.select([connection], [], [], 0.01)[0]:
            assert time.monotonic() < ends_at_seconds
            connection.sendall(b" ")
        response = receive(answers)
        assert response.startswith(b"HTTP/1.1 504 ")
        assert b'"code":"deadline_exceeded"' in response
        assert b"\r\nconnection: close\r\n" in response.lower()


def test_a_client_that_reads_slowly_gets_all_and_holds_up_nobody(
    client: httpx.Client, running: ServiceProcess
) -> None:
    body = json.dumps({"reviews": ["good"] * 256}).encode()
    with connect(running.url()) as (connection, _):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(head(len(body), "Connection: close") + body)
        answer = b""
        while piece := connection.recv(256):
            answer += piece
            if len(answer) % 4096 == 0:
                assert len(post(client, "good")) == 1
    assert len(json.loads(answer.split(b"\r\n\r\n", 1)[1])["predictions"]) == 256


def reset(connection: socket.socket) -> None:
    """End a connection as a killed client does: at once, and what is on its way is dropped."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_a_client_killed_in_the_middle_of_its_body(running: ServiceProcess) -> None:
    name = series("sentiment_requests_cancelled_total", stage="read")
    before = samples(running.url())[name]
    with connect(running.url()) as (connection, _):
        connection.sendall(head(1000) + b"{")
        wait_for_sample(running.url(), "sentiment_http_requests_in_flight", 2)
        reset(connection)
    wait_for_sample(running.url(), name, before + 1)


def test_a_client_killed_while_it_waits_costs_no_compute(slow_store: Path) -> None:
    gate = faults.Gate()
    load = faults.made_by(lambda whole: faults.Gated(whole, gate))
    with service(slow_store, load=load) as url, ThreadPoolExecutor(1) as threads:
        held = threads.submit(ask, url, "good")
        gate.wait_until_reached()
        with connect(url) as (connection, _):
            connection.sendall(head(len(SMALL)) + SMALL)
            wait_for_sample(url, "sentiment_queue_tokens", 1)
            reset(connection)
        assert wait_for_sample(url, GIVEN_UP, 1)["sentiment_queue_tokens"] == 0
        gate.open()
        assert held.result(PATIENCE_SECONDS).status_code == 200
        assert samples(url)["sentiment_batch_reviews_sum"] == 1


@pytest.mark.soak
def test_threads_and_open_files_end_where_they_began(slow_store: Path, tmp_path: Path) -> None:
    body = json.dumps({"reviews": ["good " * 400] * 100}).encode()
    with process(tmp_path, "--model-store", str(slow_store)) as running:
        running.wait_for("ready")
        url = running.url()

        def usage() -> tuple[int, int]:
            found = running.usage()
            return found.num_threads, found.num_open_files

        def misbehave() -> None:
            for start in (head(len(body)) + body[:100], head(len(body)) + body, head(3) + b"{]}"):
                with connect(url) as (connection, _):
                    connection.sendall(start)
                    reset(connection)
            assert ask(url, "good", timeout_ms=1).status_code in (200, 429, 504)
            assert ask(url, "").status_code == 422
            assert ask(url, "good").status_code == 200

        misbehave()
        before = usage()
        for _ in range(scaled(1000)):
            misbehave()
        wait_until(lambda: all(now <= then for now, then in zip(usage(), before, strict=True)))
        found = samples(url)
        assert found["sentiment_queue_tokens"] == 0
        assert found["sentiment_http_requests_in_flight"] == 1
        assert running.errors() == ""


@pytest.mark.soak
@pytest.mark.parametrize("_attempt", range(scaled(100)))
def test_sigterm_in_the_middle_of_many_clients(slow_store: Path, tmp_path: Path, _attempt: int) -> None:
    def insist() -> int:
        num_answers = 0
        with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
            while True:
                try:
                    answer = client.post("/predict", json={"reviews": ["good " * 200] * 8})
                except httpx.TransportError:  # the server is gone, or closed the connection between requests
                    return num_answers
                if answer.status_code != 200:
                    problem(answer, 503, "draining")
                    return num_answers
                num_answers += 1

    with (
        process(tmp_path, "--model-store", str(slow_store)) as running,
        ThreadPoolExecutor(8) as threads,
    ):
        running.wait_for("ready")
        url = running.url()
        clients = [threads.submit(insist) for _ in range(8)]
        wait_for_sample(url, series("sentiment_batch_reviews_sum"), 100)
        running.send_signal(signal.SIGTERM)
        num_answers = sum(client.result(PATIENCE_SECONDS) for client in clients)
        assert running.wait() == 0
        assert running.errors() == ""
        statuses = [line["status"] for line in running.log() if line.get("route") == "/predict"]
        assert statuses.count(200) == num_answers > 0
        assert set(statuses) <= {200, 503}


def test_a_stuck_lane_cannot_delay_the_stop(slow_store: Path) -> None:
    gate = faults.Gate()
    load = faults.made_by(lambda whole: faults.Gated(whole, gate))
    with ThreadPoolExecutor(1) as threads:
        with service(slow_store, load=load, drain_seconds=1) as url:
            held = threads.submit(ask, url, "good")
            gate.wait_until_reached()
        problem(held.result(PATIENCE_SECONDS), 503, "draining")
    gate.open()


@pytest.mark.soak
def test_memory_stays_flat_over_requests_of_random_shapes(slow_store: Path, tmp_path: Path) -> None:
    generator = random.Random(3)

    def shape() -> list[str]:
        return ["good " * generator.randint(1, 400) for _ in range(generator.randint(1, 20))]

    def memory_after(num_requests: int) -> float:
        for _ in range(num_requests):
            assert client.post("/predict", json={"reviews": shape()}).status_code == 200
        return samples(url)["process_resident_memory_bytes"]

    with process(tmp_path, "--model-store", str(slow_store)) as running:
        running.wait_for("ready")
        url = running.url()
        with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
            before = memory_after(scaled(20_000))
            assert memory_after(scaled(20_000)) - before < 4 * 2**20
