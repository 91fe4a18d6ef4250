"""POST /predict/stream: lines in, answers out, side by side on one connection."""

import json
import select
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.process import PATIENCE_SECONDS, ServiceProcess, wait_until
from model_store import Store
from model_store.promotion import Wish, promote
from tests.scale import scaled
from tests.service import faults, stores
from tests.service.http_helpers import connect, head, post, problem, receive
from tests.service.running import process, samples, series, service, wait_for_sample
from tests.service.streaming import LAST_CHUNK, Streaming, chunk, stream_head, streaming

pytestmark = pytest.mark.xdist_group("streams")

SMALL = b'{"reviews":["good"]}'
KEY = "a-key-that-is-long-enough"
LONG = "good " * 40


def ended(outcome: str) -> str:
    """Return the series that counts streams by how they ended."""
    return series("sentiment_streams_ended_total", outcome=outcome)


def whole(num_lines: int, *, errors: int = 0, empty: int = 0) -> dict[str, Any]:
    """Return the last line of a stream that is answered to its end."""
    predictions = num_lines - errors - empty
    return {"done": True, "lines": num_lines, "predictions": predictions, "errors": errors}


def ask(url: str, content: bytes, **headers: str) -> httpx.Response:
    """Send a whole stream at once."""
    kind = {"Content-Type": "application/x-ndjson"}
    return httpx.post(f"{url}/predict/stream", content=content, headers=kind | headers, timeout=60)


def lines_of(response: httpx.Response) -> list[dict[str, Any]]:
    """Return the lines of an answer."""
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


@pytest.fixture(scope="module")
def hasty(slow_store: Path) -> Iterator[str]:
    """Run a service that waits only four seconds for its clients, eight for one that does not read."""
    with service(slow_store, client_timeout_seconds=4, max_body_bytes=2048) as url:
        yield url


def test_each_line_has_its_answer_in_order(running: ServiceProcess, client: httpx.Client) -> None:
    reviews = [f"A good film, {'very ' * (number % 50)}good." for number in range(500)]
    body = b"".join(json.dumps({"review": each}).encode() + b"\n" for each in reviews)
    *answers, last = lines_of(ask(running.url(), body))
    assert [answer["line"] for answer in answers] == list(range(1, 501))
    assert last == whole(500)
    expected = [each for start in (0, 250) for each in post(client, *reviews[start : start + 250])]
    for answer, prediction in zip(answers, expected, strict=True):
        assert answer.keys() == {"line", "model", "prediction"}
        assert answer["model"] == {"name": "reviews", "version": 1}
        assert answer["prediction"].keys() == prediction.keys()
        assert answer["prediction"]["confidence"] == pytest.approx(prediction["confidence"], abs=1e-6)


@pytest.mark.parametrize("value", [1, "a", None, 1.5, {"a": [1, {}]}, [], 2**70, "\u00fc\u2028\n"])
def test_the_answer_has_the_id_of_its_line(running: ServiceProcess, value: object) -> None:
    answer, _ = lines_of(ask(running.url(), json.dumps({"review": "good", "id": value}).encode()))
    assert answer["id"] == value


@pytest.mark.parametrize(
    ("line", "status", "code", "location"),
    [
        (b"{", 400, "malformed_json", None),
        (b"\xff", 400, "malformed_json", None),
        (b'{"review": NaN}', 400, "malformed_json", None),
        (b"{}", 422, "invalid_request", "review"),
        (b"[]", 422, "invalid_request", "body"),
        (b"null", 422, "invalid_request", "body"),
        (b'{"review": 1}', 422, "invalid_request", "review"),
        (b'" "', 422, "invalid_request", "review"),
        (b'{"review": "good", "stars": 5}', 422, "invalid_request", "stars"),
        pytest.param(json.dumps("a" * 100_001).encode(), 422, "invalid_request", "review", id="long review"),
        pytest.param(b"a" * (2 * 1024 * 1024 + 1), 413, "body_too_large", None, id="long line"),
    ],
)
def test_a_bad_line_fails_alone(
    running: ServiceProcess, line: bytes, status: int, code: str, location: str | None
) -> None:
    first, bad, second, last = lines_of(ask(running.url(), b'"good"\n' + line + b'\n"good"\n'))
    assert first["prediction"] == second["prediction"]
    assert bad["line"] == 2
    assert (bad["error"]["status"], bad["error"]["code"]) == (status, code)
    assert bad["error"]["detail"].endswith(".") or "see errors" in bad["error"]["detail"]
    assert [each["location"] for each in bad["error"].get("errors", [])] == ([location] if location else [])
    assert last == whole(3, errors=1)


def test_a_bad_line_has_its_id_where_it_can_be_scored_but_is_not(tiny_store: Path) -> None:
    with service(tiny_store, load=faults.made_by(faults.Raising)) as url:
        body = b'{"review": "a b", "id": 1}\n{"review": "a b c", "id": 2}\n{"review": "a b", "id": 3}\n'
        good, bad, other, last = lines_of(ask(url, body))
    assert [good["id"], bad["id"], other["id"]] == [1, 2, 3]
    assert good["prediction"] == other["prediction"]
    assert bad["error"] == {
        "status": 500,
        "code": "inference_failed",
        "detail": "The model could not score this review.",
    }
    assert last == whole(3, errors=1)


@pytest.mark.parametrize(
    ("body", "numbers", "num_lines"),
    [
        (b"", [], 0),
        (b"\n \r\n\n", [], 3),
        (b'"good"', [1], 1),
        (b'"good"\r\n\r\n"bad"\r\n', [1, 3], 3),
        (b'\xef\xbb\xbf"good"\n\n"bad"', [1, 3], 3),
    ],
)
def test_lines_are_counted_as_an_editor_counts_them(
    running: ServiceProcess, body: bytes, numbers: list[int], num_lines: int
) -> None:
    *answers, last = lines_of(ask(running.url(), body))
    assert [answer["line"] for answer in answers] == numbers
    assert last == whole(num_lines, empty=num_lines - len(numbers))


def test_a_line_is_answered_before_the_next_one_comes(running: ServiceProcess) -> None:
    with streaming(running.url()) as stream:
        for number in range(1, 4):
            stream.send({"review": "good", "id": number})
            answer = stream.line()
            assert (answer["line"], answer["id"]) == (number, number)
        stream.send(b'{"review"')
        stream.send(b': "good"}\n')
        assert stream.line()["line"] == 4
        assert samples(running.url())["sentiment_streams"] == 1
        stream.finish()
        assert stream.rest() == [whole(4)]


def test_a_connection_goes_on_after_a_stream(running: ServiceProcess) -> None:
    with connect(running.url()) as (connection, answers):
        stream = Streaming(connection, answers)
        for _ in range(2):
            stream.begin()
            stream.send("good")
            connection.sendall(b"0\r\n\r\n" + head(len(SMALL)) + SMALL)  # the next request at once
            assert b"\r\nconnection: close" not in stream.head()
            assert stream.rest()[-1] == whole(1)
            assert b'"predictions"' in receive(answers)


def test_a_client_that_asks_first_is_told_to_continue(running: ServiceProcess) -> None:
    with connect(running.url()) as (connection, answers):
        stream = Streaming(connection, answers)
        stream.begin("Expect: 100-continue")
        assert stream.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert stream.head().startswith(b"HTTP/1.1 200 ")
        stream.send("good")
        stream.finish()
        assert stream.rest()[-1] == whole(1)


@pytest.mark.parametrize(
    ("headers", "query", "status", "code"),
    [
        ({"Content-Type": "application/json"}, "", 415, "unsupported_media_type"),
        ({"Content-Type": "application/x-ndjson; charset=latin-1"}, "", 415, "unsupported_media_type"),
        ({"X-Request-Timeout-Ms": "0"}, "", 422, "invalid_request"),
        ({}, "?version=2", 404, "not_found"),
        ({}, "?version=candidate", 404, "not_found"),
    ],
)
def test_a_stream_is_refused_as_a_whole_by_its_head(
    running: ServiceProcess, headers: dict[str, str], query: str, status: int, code: str
) -> None:
    kind = {"Content-Type": "application/x-ndjson"}
    address = f"{running.url()}/predict/stream{query}"
    problem(httpx.post(address, content=b'"good"', headers=kind | headers), status, code)


@pytest.mark.parametrize(
    "kind", ["application/ndjson", "application/jsonl", "application/x-jsonlines; charset=utf-8"]
)
def test_other_names_of_the_media_type_are_known(running: ServiceProcess, kind: str) -> None:
    assert lines_of(ask(running.url(), b'"good"', **{"Content-Type": kind}))[-1] == whole(1)


def test_http_1_0_has_no_streams(running: ServiceProcess) -> None:
    with connect(running.url()) as (connection, answers):
        connection.sendall(
            stream_head().replace(b"1.1", b"1.0").replace(b"Transfer-Encoding: chunked\r\n", b"")
        )
        assert b'"code":"bad_request"' in receive(answers)


def test_a_key_is_needed_where_there_are_keys(tiny_store: Path) -> None:
    with service(tiny_store, api_keys=KEY) as url:
        problem(ask(url, b'"good"'), 401, "unauthorized")
        assert lines_of(ask(url, b'"good"', Authorization=f"Bearer {KEY}"))[-1] == whole(1)


def test_a_line_that_is_late_has_an_error(tiny_store: Path) -> None:
    gate = faults.Gate()
    load = faults.made_by(lambda each: faults.Gated(each, gate))
    with service(tiny_store, load=load) as url, streaming(url, "X-Request-Timeout-Ms: 100") as stream:
        stream.send({"review": "good", "id": 7})
        late = stream.line()
        gate.open()
        assert (late["id"], late["error"]["status"], late["error"]["code"]) == (7, 504, "deadline_exceeded")
        stream.finish()
        assert stream.rest() == [whole(1, errors=1)]
        found = samples(url)
        assert found[series("sentiment_stream_lines_total", outcome="deadline_exceeded")] == 1


def test_a_client_that_leaves_takes_its_lines_back(tiny_store: Path) -> None:
    gate = faults.Gate()
    load = faults.made_by(lambda each: faults.Gated(each, gate))
    with service(tiny_store, load=load) as url:
        with streaming(url) as stream:
            stream.send(*[LONG] * 1000)
            gate.wait_until_reached()
        wait_for_sample(url, ended("client_left"), 1)
        gate.open()
        assert lines_of(ask(url, b'"good"'))[-1] == whole(1)
        assert samples(url)[series("sentiment_batch_reviews_sum")] < 200


def test_a_body_that_is_no_longer_http_ends_the_stream_without_a_last_line(running: ServiceProcess) -> None:
    before = samples(running.url())[ended("client_left")]
    with streaming(running.url()) as stream:
        stream.send("good")
        assert stream.line()["line"] == 1
        stream.connection.sendall(b"no chunk\r\n")
        assert stream.answers.read() == b""
    wait_for_sample(running.url(), ended("client_left"), before + 1)


def test_a_client_that_sends_nothing_is_told_so(hasty: str) -> None:
    with streaming(hasty) as stream:
        stream.send("good", b'"half a line')
        *_, last = stream.rest()
        assert last["reason"]["code"] == "request_timeout"
        assert "an empty line" in last["reason"]["detail"]
        assert (last["done"], last["lines"], last["next_line"]) == (False, 1, 2)
        assert stream.answers.read() == b""


def test_empty_lines_keep_a_stream_open(hasty: str) -> None:
    ends_at_seconds = time.monotonic() + 5
    num_lines = 0
    with streaming(hasty) as stream:
        while time.monotonic() < ends_at_seconds:
            stream.send(b"\n")
            num_lines += 1
            assert not select.select([stream.connection], [], [], 0.01)[0], "an answer"
        stream.finish()
        assert stream.rest() == [whole(num_lines, empty=num_lines)]


def send_until_blocked(stream: Streaming) -> bytes:
    """Send lines and read nothing until the service takes no more; returns what was begun and is not sent."""
    stream.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stream.connection.setblocking(False)
    left = b""
    while select.select([], [stream.connection], [], 0.5)[1]:
        left = left or chunk(*[LONG] * 100)
        left = left[stream.connection.send(left) :]
    stream.connection.settimeout(PATIENCE_SECONDS)
    return left


def read_on(stream: Streaming) -> list[dict[str, Any]]:
    """Read what is left, as fast as usual again."""
    stream.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**20)
    return stream.rest()


def test_a_client_that_does_not_read_is_told_so_when_it_does(hasty: str) -> None:
    with streaming(hasty) as stream:
        stream.connection.sendall(send_until_blocked(stream))  # after a while, what it sends is dropped
        for _ in range(100):
            stream.send(*[LONG] * 100)
        *answers, last = read_on(stream)
    assert last["reason"]["code"] == "answers_not_taken"
    assert [answer["line"] for answer in answers] == list(range(1, last["next_line"]))
    assert last["predictions"] == len(answers)


def test_a_client_that_never_reads_is_cut(hasty: str) -> None:
    cut = series("sentiment_connections_cut_total", reason="answer_not_taken")
    before = samples(hasty)
    with streaming(hasty) as stream:
        send_until_blocked(stream)
        wait_for_sample(hasty, cut, before[cut] + 1)
        wait_for_sample(hasty, ended("answers_not_taken"), before[ended("answers_not_taken")] + 1)


@pytest.mark.soak
def test_a_client_that_reads_slowly_is_served_and_costs_no_memory(slow_store: Path, tmp_path: Path) -> None:
    with process(tmp_path, "--model-store", str(slow_store)) as running, ExitStack() as stack:
        running.wait_for("ready")
        url = running.url()
        stream = stack.enter_context(streaming(url))
        left = send_until_blocked(stream)
        before = samples(url)["process_resident_memory_bytes"]
        with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
            for number in range(1, scaled(60) + 1):
                assert stream.line()["line"] == number
                ends_at_seconds = time.monotonic() + 1
                while time.monotonic() < ends_at_seconds:
                    post(client, "good")
        assert samples(url)["process_resident_memory_bytes"] - before < 4 * 2**20
        with ThreadPoolExecutor(1) as threads:  # side by side, as it has to be
            threads.submit(stream.connection.sendall, left + LAST_CHUNK)
            assert read_on(stream)[-1]["done"]


def test_streams_count_as_connections(tiny_store: Path) -> None:
    with service(tiny_store, max_connections=2) as url, ExitStack() as stack:
        streams = [stack.enter_context(streaming(url)) for _ in range(2)]
        with connect(url) as (_, answers):
            assert b'"code":"too_many_connections"' in answers.read()
        for stream in streams:
            stream.send("good")
            stream.finish()
            assert stream.rest()[-1] == whole(1)


def test_a_stream_goes_on_with_the_version_that_goes_live(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    for size in (10, 11):
        store.publish(stores.draft(hidden_size=size))
    store.set_alias("reviews", "production", 1)
    with service(store.root, follow_seconds=1) as url, ExitStack() as stack:
        free, bound = [stack.enter_context(streaming(url, query=query)) for query in ("", "?version=1")]
        for stream in (free, bound):
            stream.send("good")
            assert stream.line()["model"]["version"] == 1
        promote(store, "reviews@2", Wish())
        wait_until(lambda: httpx.get(f"{url}/readyz").json()["model"]["version"] == 2)
        for stream in (free, bound):
            stream.send("good")
        assert free.line()["model"]["version"] == 2
        free.finish()
        assert free.rest() == [whole(2)]
        last = bound.line()
        assert (last["reason"]["code"], last["lines"], last["next_line"]) == ("not_found", 1, 2)
        # No stream holds what went out of service: there is a place for the next version.
        promote(store, "reviews@1", Wish())
        wait_until(lambda: httpx.get(f"{url}/readyz").json()["model"]["version"] == 1)


def test_draining_says_where_to_go_on(slow_store: Path, tmp_path: Path) -> None:
    with process(tmp_path, "--model-store", str(slow_store)) as running:
        running.wait_for("ready")
        with streaming(running.url()) as stream, streaming(running.url()) as idle:
            stream.send(*[LONG] * 500)
            assert stream.line()["line"] == 1
            running.send_signal(signal.SIGTERM)
            answers = [1]
            while "line" in (answer := stream.line()):
                answers.append(answer["line"])
                if answer["line"] % 100 == 0:
                    stream.send(*[LONG] * 100)  # it sends on, and nothing is lost by that
            assert answer["reason"]["code"] == "draining"
            assert (answer["done"], answer["next_line"]) == (False, answers[-1] + 1)
            assert answers == list(range(1, len(answers) + 1))
            assert idle.rest()[0]["next_line"] == 1
        assert running.wait() == 0
        assert running.errors() == ""
        problem_lines = [line for line in running.log() if line.get("route") == "/predict/stream"]
        assert {line["outcome"] for line in problem_lines} == {"draining"}


@pytest.mark.soak
def test_a_million_lines(slow_store: Path, tmp_path: Path) -> None:
    num_lines = scaled(1_000_000)

    def lines() -> Iterator[bytes]:
        for number in range(num_lines):
            yield json.dumps({"review": f"good {'film ' * (number % 7)}", "id": number}).encode() + b"\n"

    with process(tmp_path, "--model-store", str(slow_store)) as running:
        running.wait_for("ready")
        url = running.url()
        with streaming(url) as stream:
            num_answers = 0
            unanswered = 0
            for line in lines():
                stream.connection.sendall(chunk(line))
                unanswered += 1
                while unanswered > 1000:
                    answer = stream.line()
                    assert (answer["line"], answer["id"]) == (num_answers + 1, num_answers)
                    num_answers, unanswered = num_answers + 1, unanswered - 1
            stream.finish()
            *answers, last = stream.rest()
        assert num_answers + len(answers) == num_lines
        assert last == whole(num_lines)
        assert samples(url)[series("sentiment_stream_lines_total", outcome="prediction")] == num_lines
